import { gzipSync } from 'node:zlib'
import { startApi, type Account, type Refused, type Sent, type TestApi } from './api'

let api: TestApi
let account: Account
beforeAll(async () => {
  api = await startApi()
  account = await api.anAccount({ id: 'victim', balance: '100.00' })
})
afterAll(() => api.close())

const invalid = { status: 400, code: 'request.invalid' }
const notJson = { status: 400, code: 'request.invalid_json' }
const unsupported = { status: 415, code: 'request.unsupported_media_type' }
const tooLarge = { status: 413, code: 'request.too_large' }

const post = (sent: Omit<Sent, 'method' | 'path'>): Sent => ({
  method: 'POST',
  path: '/transactions',
  ...sent,
})
/** A good transaction, changed. */
const transaction = (change: object) =>
  post({ json: { account_id: 'victim', amount: '1', ...change } })
/** The same, with a value that JSON.stringify would not write. */
const written = (field: string, json: string) =>
  post({ raw: `{"account_id":"victim","amount":"1","${field}":${json}}` })

const bodyPaths = ['/transactions', '/users', '/users/ada-1/accounts']

describe.each(bodyPaths)('a body to %s', (path) => {
  test.each<[string, Omit<Sent, 'path'>, Refused]>([
    ['that is missing', { headers: { 'Content-Type': 'application/json' } }, notJson],
    ['that is empty', { raw: '' }, notJson],
    ['of spaces', { raw: '  \n' }, notJson],
    ['that is no JSON', { raw: 'amount=1' }, notJson],
    ['that ends too early', { raw: '{"amount":"1"' }, notJson],
    ['with a trailing comma', { raw: '{"amount":"1",}' }, notJson],
    ['with NaN', { raw: '{"amount":NaN}' }, notJson],
    ['with Infinity', { raw: '{"amount":-Infinity}' }, notJson],
    ['with a hexadecimal number', { raw: '{"amount":0x10}' }, notJson],
    ['that is not UTF-8', { raw: Buffer.from('{"name":"\xff\xfe"}', 'latin1') }, notJson],
    ['in overlong UTF-8', { raw: Buffer.from('{"name":"\xc0\x80"}', 'latin1') }, notJson],
    ['in UTF-16', { raw: Buffer.from('{"name":"a"}', 'utf16le') }, notJson],
    ['that is an array', { raw: '[]' }, { ...invalid, paths: [''] }],
    ['that is a string', { raw: '"x"' }, { ...invalid, paths: [''] }],
    ['that is a number', { raw: '1' }, { ...invalid, paths: [''] }],
    ['that is true', { raw: 'true' }, { ...invalid, paths: [''] }],
    ['that is null', { raw: 'null' }, { ...invalid, paths: [''] }],
    ['of 30,000 levels', { raw: '['.repeat(30_000) + ']'.repeat(30_000) }, invalid],
  ])('%s is refused', async (_name, sent, refused) => {
    await api.refuses({ method: 'POST', path, ...sent }, refused)
  })

  test.each<[string, Record<string, string>, Refused]>([
    ['no content type', { 'Content-Type': '' }, unsupported],
    ['text/plain', { 'Content-Type': 'text/plain' }, unsupported],
    ['a form', { 'Content-Type': 'application/x-www-form-urlencoded' }, unsupported],
    ['another charset', { 'Content-Type': 'application/json; charset=latin1' }, unsupported],
    ['gzip', { 'Content-Encoding': 'gzip' }, unsupported],
    ['an encoding nobody knows', { 'Content-Encoding': 'x' }, unsupported],
  ])('sent as %s is refused', async (_name, headers, refused) => {
    const json = JSON.stringify({ account_id: 'victim', amount: '1' })
    const raw = headers['Content-Encoding'] === 'gzip' ? gzipSync(json) : json
    await api.refuses({ method: 'POST', path, raw, headers }, refused)
  })

  test('over 64 kB is refused as too large, one of 64 kB is read', async () => {
    const padded = (bytes: number) => `{"x":"${'x'.repeat(bytes - 8)}"}`
    expect(padded(65_536)).toHaveLength(65_536)
    await api.refuses({ method: 'POST', path, raw: padded(65_537) }, tooLarge)
    await api.refuses({ method: 'POST', path, raw: padded(65_536) }, invalid)
    await api.refuses({ method: 'POST', path, raw: ' '.repeat(5_000_000) }, tooLarge)
  })

  test('with unknown fields is refused, and each is named', async () => {
    const raw = '{"__proto__":{"admin":true},"constructor":1,"x\\u0000":2}'
    const problem = await api.refuses({ method: 'POST', path, raw }, invalid)
    const paths = problem.errors!.map(({ path }) => path)
    expect(paths).toEqual(expect.arrayContaining(['__proto__', 'constructor', 'x\u0000']))
  })
})

describe('an amount', () => {
  test.each(['0', 0, '0.00', '-0', -0, '-0.00'])('of zero is refused: %j', async (amount) => {
    await api.refuses(transaction({ amount }), { ...invalid, paths: ['amount'] })
  })

  test.each(['0e0', '-0', '0.0', '1e999', '-1e999', '1e-999', '1e300', '1e21'])(
    'written as the number %s is refused',
    async (json) => {
      await api.refuses(written('amount', json), { ...invalid, paths: ['amount'] })
    },
  )

  test.each([
    ['EUR', '12.345'],
    ['EUR', 12.345],
    ['EUR', '0.001'],
    ['JPY', 1.5],
    ['JPY', '0.1'],
    ['KWD', '1.2345'],
    ['EUR', '90071992547409.92'],
    ['EUR', '-90071992547409.92'],
    ['JPY', '9007199254740992'],
    ['KWD', '-9007199254740.992'],
    ['EUR', '99999999999999999999'],
  ])('in %s that does not fit it is refused: %j', async (currency, amount) => {
    const { id } = await api.anAccount({ currency })
    const refused = { ...invalid, paths: ['amount'] }
    await api.refuses(transaction({ account_id: id, amount }), refused)
  })

  test.each([
    ...['', ' ', '1 ', ' 1', '+1', '1,5', '1.', '.5', '01', '1e2', '0x1', 'NaN', 'Infinity', '١'],
    ...['1_000', '1'.repeat(21), '1'.repeat(60_000), '0.0000000000001', '\u0000', '\ud800', '--1'],
    ...[1234567890123456, 0.1 + 0.2, 9007199254740993, true, null, [], ['1'], {}, undefined],
  ])('that is no decimal is refused: %p', async (amount) => {
    await api.refuses(transaction({ amount }), { ...invalid, paths: ['amount'] })
  })
})

const badIds = [
  ...[
    '',
    ' ',
    'a b',
    ' ada',
    'ada ',
    'a/b',
    'ädä',
    '李',
    '😀',
    '-ada',
    '.',
    '..',
    '_a',
    'a\n',
    'a%20',
  ],
  ...[
    '\u0000',
    'a\u0000b',
    '\ud800',
    'x'.repeat(65),
    'x'.repeat(300),
    "a'b",
    'a"b',
    'a;b',
    '\u202e',
  ],
  ...[1, true, [], {}, ['ada']],
]

test.each(badIds)('the id %j is refused wherever an id is sent', async (id) => {
  const names = { first_name: 'A', last_name: 'B' }
  await api.refuses(transaction({ account_id: id }), { ...invalid, paths: ['account_id'] })
  await api.refuses(transaction({ counterparty_id: id }), {
    ...invalid,
    paths: ['counterparty_id'],
  })
  const user: Sent = { method: 'POST', path: '/users', json: { id, ...names } }
  await api.refuses(user, { ...invalid, paths: ['id'] })
  const json = { id, name: 'A', currency: 'EUR' }
  const opened: Sent = { method: 'POST', path: `/users/${account.user_id}/accounts`, json }
  await api.refuses(opened, { ...invalid, paths: ['id'] })
})

test('the outside world and the account itself are refused as sides of a transaction', async () => {
  const refuse = (change: object, path: string) =>
    api.refuses(transaction(change), { ...invalid, paths: [path] })
  await refuse({ account_id: 'world:EUR' }, 'account_id')
  await refuse({ account_id: 'world:' }, 'account_id')
  await refuse({ counterparty_id: 'world:EUR' }, 'counterparty_id')
  await refuse({ counterparty_id: 'victim' }, 'counterparty_id')
})

const nul = '"a\\u0000b"'
const loneHigh = '"a\\ud83d"'
const loneLow = '"\\ude00b"'

test.each([nul, loneHigh, loneLow])('the text %s is refused in every field', async (text) => {
  const at = (paths: string[]): Refused => ({ ...invalid, paths })
  await api.refuses(written('description', text), at(['description']))
  await api.refuses(written('metadata', `{"a":${text}}`), at(['metadata']))
  await api.refuses(written('metadata', `{${text}:1}`), at(['metadata']))
  await api.refuses(written('metadata', `{"a":[{"b":{${text}:1}}]}`), at(['metadata']))
  const user = { method: 'POST', path: '/users' } as const
  await api.refuses({ ...user, raw: `{"first_name":${text},"last_name":"B"}` }, at(['first_name']))
  await api.refuses({ ...user, raw: `{"first_name":"A","last_name":${text}}` }, at(['last_name']))
  const opened = { method: 'POST', path: `/users/${account.user_id}/accounts` } as const
  await api.refuses({ ...opened, raw: `{"name":${text},"currency":"EUR"}` }, at(['name']))
  await api.refuses({ ...opened, raw: `{"name":"A","currency":${text}}` }, at(['currency']))
})

test.each<[string, unknown]>([
  ['of 501 characters', 'x'.repeat(501)],
  ['of 501 emojis', '😀'.repeat(501)],
  ['that is a number', 1],
  ['that is a list', ['x']],
])('a description %s is refused', async (_name, description) => {
  await api.refuses(transaction({ description }), { ...invalid, paths: ['description'] })
})

test('a description of 500 emojis is kept', async () => {
  const description = '😀'.repeat(500)
  expect((await api.deposit(account, '1', { description })).description).toBe(description)
})

test.each([
  ...[
    '0000-01-01T00:00:00Z',
    '300000-01-01T00:00:00Z',
    '+300000-01-01T00:00:00Z',
    '-0001-01-01T00:00:00Z',
  ],
  ...[
    '2026-02-30T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '2026-01-31T09:30:00.123456789Z',
    '2026-01-31',
  ],
  ...[
    '2026-01-31T24:00:00Z',
    '2026-12-31T23:59:60Z',
    '2026-01-31T09:30:00',
    '2026-01-31 09:30:00Z',
  ],
  ...[
    'now',
    'infinity',
    '-infinity',
    '',
    '\u0000',
    '9999-12-31T23:59:59-01:00',
    1769851800,
    {},
    true,
  ],
])('the time %j is refused', async (effective_at) => {
  await api.refuses(transaction({ effective_at }), { ...invalid, paths: ['effective_at'] })
})

test.each([
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000000Z'],
  ['9999-12-31T23:59:59.999999Z', '9999-12-31T23:59:59.999999Z'],
])('the time %s, the last that there is, is kept', async (effective_at, kept) => {
  const { id } = await api.deposit(account, '1', { effective_at })
  expect((await api.transaction(id)).effective_at).toBe(kept)
})
