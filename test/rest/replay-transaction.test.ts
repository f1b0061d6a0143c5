import type { Problem } from './answer'
import { startApi, type Refused, type Sent, type TestApi } from './api'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.close())

let keys = 0
const newKey = () => `key-${++keys}`

const sent = (key: string, json: object): Sent => ({
  method: 'POST',
  path: '/transactions',
  json,
  headers: { 'Idempotency-Key': key },
})

test('gives the first answer again, byte for byte, and posts once', async () => {
  const account = await api.anAccount()
  const key = newKey()
  const json = { account_id: account.id, amount: 12.5, metadata: { b: { y: 2, x: 1 }, a: [1.5] } }
  const first = await api.send(sent(key, json))
  expect(first.status).toBe(201)
  const same = {
    amount: '12.50',
    metadata: { a: [1.5], b: { x: 1, y: 2 } },
    account_id: account.id,
  }
  const otherwise = { ...same, counterparty_id: null, description: null, effective_at: null }
  for (const again of [json, same, otherwise]) {
    const answer = await api.send(sent(key, again))
    expect(answer).toMatchObject({ status: 201, text: first.text })
    expect(answer.headers).toMatchObject({
      'idempotency-replayed': 'true',
      location: first.headers.location,
    })
  }
  expect((await api.account(account.id)).balance).toBe('12.50')
})

test('gives it again after later transactions and after a restart, byte for byte', async () => {
  const [account, other] = [await api.anAccount({ balance: '5.00' }), await api.anAccount()]
  const request = sent(newKey(), {
    account_id: account.id,
    counterparty_id: other.id,
    amount: '-1',
    description: 'née "quoted\\"\n😀',
    metadata: { 10: 'ten', 9: 'nine', a: { '': null }, ключ: [true, -0.000001, 'é'] },
    effective_at: '2020-01-31T10:30:00+01:00',
  })
  const first = await api.send(request)
  expect(first.status).toBe(201)
  await api.deposit(account, '50.00')
  expect((await api.send(request)).text).toBe(first.text)
  await api.restart()
  const answer = await api.send(request)
  expect(answer.text).toBe(first.text)
  expect(answer.headers['idempotency-replayed']).toBe('true')
  expect((await api.account(account.id)).balance).toBe('54.00')
})

test('gives a refusal again, byte for byte apart from its instance, even when it would be accepted by now', async () => {
  const account = await api.anAccount({ balance: '1.00' })
  const request = sent(newKey(), { account_id: account.id, amount: '-2.00' })
  const refused = { status: 422, code: 'account.insufficient_funds' }
  const first = await api.refuses(request, { ...refused, remembered: true })
  await api.deposit(account, '100.00')
  const anonymous = (text: string, { instance }: { instance: string }) =>
    text.replace(instance, '/requests/…')
  for (const before of [async () => {}, api.restart]) {
    await before()
    const again = await api.refuses(request, refused)
    const { text, body } = await api.send(request)
    expect({ ...again, instance: '' }).toEqual({ ...first, instance: '' })
    expect(anonymous(text, body as Problem)).toBe(anonymous(JSON.stringify(first), first))
  }
})

test.each<[string, object, Refused]>([
  ['a missing account', { account_id: 'nothing' }, { status: 404, code: 'account.not_found' }],
  ['a missing counterparty', { counterparty_id: 'no' }, { status: 404, code: 'account.not_found' }],
  ['too many decimals', { amount: '0.001' }, { status: 400, code: 'request.invalid' }],
])('remembers the refusal for %s', async (_name, change, refused) => {
  const account = await api.anAccount({ balance: '1.00' })
  const request = sent(newKey(), { account_id: account.id, amount: '1.00', ...change })
  const first = await api.refuses(request, { ...refused, remembered: true })
  const again = await api.refuses(request, refused)
  expect({ ...again, instance: '' }).toEqual({ ...first, instance: '' })
})

test('does not remember what is refused before it reaches the ledger', async () => {
  const account = await api.anAccount()
  const key = newKey()
  const refused = { status: 400, code: 'request.invalid', paths: ['amount'] }
  await api.refuses(sent(key, { account_id: account.id, amount: '0' }), refused)
  expect((await api.send(sent(key, { account_id: account.id, amount: '1' }))).status).toBe(201)
})

test.each<[string, object]>([
  ['another amount', { amount: '1.01' }],
  ['a description', { description: '' }],
  ['other metadata', { metadata: { a: 1, b: null } }],
  ['no metadata', { metadata: null }],
  ['another time', { effective_at: '2026-01-31T09:30:00.000001Z' }],
])('refuses a key that comes back with %s', async (_name, change) => {
  const account = await api.anAccount()
  const key = newKey()
  const json = {
    account_id: account.id,
    amount: '1.00',
    metadata: { a: 1 },
    effective_at: '2026-01-31T09:30:00Z',
  }
  expect((await api.send(sent(key, json))).status).toBe(201)
  const refused = { status: 422, code: 'idempotency.key_reused' }
  await api.refuses(sent(key, { ...json, ...change }), refused)
  // The first answer stands.
  expect((await api.send(sent(key, json))).headers['idempotency-replayed']).toBe('true')
})

test('refuses a key that comes back for another account, or the other side', async () => {
  const [a, b] = [
    await api.anAccount({ balance: '5.00' }),
    await api.anAccount({ balance: '5.00' }),
  ]
  const key = newKey()
  const json = { account_id: a.id, amount: '-1.00', counterparty_id: b.id }
  expect((await api.send(sent(key, json))).status).toBe(201)
  const refused = { status: 422, code: 'idempotency.key_reused' }
  await api.refuses(sent(key, { ...json, account_id: b.id, counterparty_id: a.id }), refused)
  await api.refuses(sent(key, { account_id: b.id, amount: '-1.00' }), refused)
})

test('treats keys that differ in case as different', async () => {
  const account = await api.anAccount()
  const json = { account_id: account.id, amount: '1.00' }
  await api.send(sent('Case', json))
  const answer = await api.send(sent('case', json))
  expect(answer.headers).not.toHaveProperty('idempotency-replayed')
  expect((await api.account(account.id)).balance).toBe('2.00')
})

test('takes a key of 255 visible characters', async () => {
  const account = await api.anAccount()
  const key = '!"#\'{}\\~'.padEnd(255, 'x')
  const request = sent(key, { account_id: account.id, amount: '1.00' })
  const first = await api.send(request)
  expect(first.status).toBe(201)
  expect((await api.send(request)).text).toBe(first.text)
})

test('posts once however often the same key arrives at the same time', async () => {
  const account = await api.anAccount()
  const request = sent(newKey(), { account_id: account.id, amount: '1.00' })
  const answers = await Promise.all(Array.from({ length: 20 }, () => api.send(request)))
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
  const replayed = answers.filter(({ headers }) => headers['idempotency-replayed'] === 'true')
  expect(replayed).toHaveLength(19)
  expect((await api.account(account.id)).balance).toBe('1.00')
})

test('answers 409 while another process carries the same key out, and then its answer', async () => {
  const account = await api.anAccount()
  const key = newKey()
  const request = sent(key, { account_id: account.id, amount: '1.00' })
  await api.db.withClient(async (client) => {
    await client.query({ text: 'begin', values: [] })
    await client.query({
      text: `insert into idempotency (key, fingerprint, refusal, created_at)
             values ($1, sha256('other'), '{}', now())`,
      values: [key],
    })
    const answer = await api.send(request)
    await client.query({ text: 'rollback', values: [] })
    expect(answer).toMatchObject({ status: 409, body: { code: 'idempotency.in_progress' } })
    expect(answer.headers['retry-after']).toBe('1')
  })
  expect((await api.account(account.id)).balance).toBe('0.00')
  expect((await api.send(request)).status).toBe(201)
})
