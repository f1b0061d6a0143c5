import { metadataLimits } from '../../internal/wire/metadata'
import { startApi, type Account, type Sent, type TestApi } from './api'

let api: TestApi
let account: Account
beforeAll(async () => {
  api = await startApi()
  account = await api.anAccount({ id: 'victim', balance: '100.00' })
})
afterAll(() => api.close())

/** A good transaction with this metadata, as it is written. */
const written = (metadata: string): Sent => ({
  method: 'POST',
  path: '/transactions',
  raw: `{"account_id":"victim","amount":"1","metadata":${metadata}}`,
})

const refused = { status: 400, code: 'request.invalid', paths: ['metadata'] }

const nested = (levels: number) => '{"a":'.repeat(levels - 1) + '{}' + '}'.repeat(levels - 1)
const lists = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`
/** Metadata that takes exactly so many bytes as JSON. */
const sized = (bytes: number) => `{"a":"${'x'.repeat(bytes - 8)}"}`

test.each(['[]', '"x"', '1', 'true', '[{}]'])(
  'refuses %s, which is no object',
  async (metadata) => {
    await api.refuses(written(metadata), refused)
  },
)

test('takes as many levels as it says and refuses one more, or a hundred, or thousands', async () => {
  const { levelsMax } = metadataLimits
  for (const make of [nested, lists]) {
    expect((await api.send(written(make(levelsMax)))).status).toBe(201)
    await api.refuses(written(make(levelsMax + 1)), refused)
    await api.refuses(written(make(100)), refused)
    await api.refuses(written(make(9_000)), refused)
  }
})

test('takes as many bytes as it says and refuses one more; 5 MB are too large a body', async () => {
  const { bytesMax } = metadataLimits
  const answer = await api.send(written(sized(bytesMax)))
  expect(answer.status).toBe(201)
  await api.refuses(written(sized(bytesMax + 1)), refused)
  // Bytes, not characters.
  await api.refuses(written(`{"a":"${'ä'.repeat(bytesMax / 2)}"}`), refused)
  const tooLarge = { status: 413, code: 'request.too_large' }
  await api.refuses(written(sized(5_000_000)), tooLarge)
})

test.each(['1e999', '-1e999', '12345678901234567890', '9007199254740993', '1e300'])(
  'refuses the number %s, which JSON readers do not keep',
  async (number) => {
    await api.refuses(written(`{"a":[${number}]}`), refused)
  },
)

test.each([
  '{"__proto__":{"admin":true}}',
  '{"__proto__":1}',
  '{"a":{"__proto__":[],"constructor":{"prototype":{"polluted":1}}}}',
  '{"":{"":[]},"a.b":1,"toString":null,"hasOwnProperty":false}',
  '{"$where":"1","\\u202e":"\\u0001\\u007f\\u2028","\'; drop table transaction; --":"{}\\\\\\""}',
  '{"a":[0.1,-1.5e-7,1e15,-0.000001,9007199254740991,true,null,"😀"]}',
])('keeps %s as the data that it is', async (metadata) => {
  const created = await api.send(written(metadata))
  expect(created.status).toBe(201)
  const shown = canonical(JSON.parse(metadata))
  expect(created.text).toContain(`"metadata":${shown},`)
  const { id } = created.body as { id: string }
  expect((await api.send({ path: `/transactions/${id}` })).text).toContain(`"metadata":${shown},`)
  expect({}).not.toHaveProperty('admin')
  expect({}).not.toHaveProperty('polluted')
})

test('gives the keys back in one order, wherever they are read', async () => {
  const { text, body } = await api.send(written('{"b":1,"a":{"d":[{"z":1,"y":2}],"c":3}}'))
  expect(text).toContain('"metadata":{"a":{"c":3,"d":[{"y":2,"z":1}]},"b":1}')
  const [newest] = (await api.entries(account.id, 'limit=1')).data
  expect(JSON.stringify(newest)).toBe(JSON.stringify(body))
})

test('the last of two equal keys counts', async () => {
  const { body } = await api.send(written('{"a":1,"a":2}'))
  expect(body).toMatchObject({ metadata: { a: 2 } })
})

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const pairs = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${pairs.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join()}}`
}
