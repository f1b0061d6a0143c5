import { pollUntil } from '../harness/poll'
import { startApi, type Refused, type Sent, type TestApi } from './api'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.close())

let keys = 0
const sent = (json: object, key?: string): Sent => ({
  method: 'POST',
  path: '/holds',
  json,
  ...(key !== undefined && { headers: { 'Idempotency-Key': key } }),
})
const newKey = () => `open-${++keys}`
const invalid = { status: 400, code: 'request.invalid' }
const noFunds = { status: 422, code: 'account.insufficient_funds' }

test('sets money aside: available falls, the balance does not, and no transaction is made', async () => {
  const account = await api.anAccount({ balance: '100.00' })
  const json = {
    account_id: account.id,
    amount: 40,
    description: 'Table 4',
    metadata: { b: 1, a: 2 },
  }
  const answer = await api.send(sent(json))
  expect(answer).toMatchObject({
    status: 201,
    body: {
      ...{ account_id: account.id, counterparty_id: 'world:EUR', currency: 'EUR' },
      ...{ amount: '40.00', captured: '0.00', remaining: '40.00', status: 'open' },
      ...{ expires_at: null, closed_at: null, description: 'Table 4', metadata: { a: 2, b: 1 } },
    },
  })
  const { id } = answer.body as { id: string }
  expect(answer.headers.location).toBe(`/holds/${id}`)
  expect(await api.hold(id)).toEqual(answer.body)
  const after = { ...account, available: '60.00' }
  expect(await api.account(account.id)).toEqual(after)
  expect((await api.user(account.user_id)).accounts).toEqual([after])
  expect((await api.user(account.user_id)).totals).toEqual({ EUR: '100.00' })
  expect((await api.entries(account.id)).data).toHaveLength(1)
})

test('what is held is not there for posts, transfers and other holds, and the refusal says so', async () => {
  const [account, other] = [await api.anAccount({ balance: '10.00' }), await api.anAccount()]
  await api.openHold(account, '4.00')
  const shown = { account_id: account.id, balance: '10.00', available: '6.00', min_balance: '0.00' }
  const post = (json: object): Sent => ({ method: 'POST', path: '/transactions', json })
  const expense = { account_id: account.id, amount: '-6.01' }
  expect(await api.refuses(post(expense), noFunds)).toMatchObject({ ...shown, amount: '-6.01' })
  await api.refuses(post({ ...expense, counterparty_id: other.id }), noFunds)
  const taken = { account_id: other.id, counterparty_id: account.id, amount: '6.01' }
  await api.refuses(post(taken), noFunds)
  const hold = sent({ account_id: account.id, amount: '6.01' })
  expect(await api.refuses(hold, noFunds)).toMatchObject({ ...shown, amount: '-6.01' })
  await api.openHold(account, '6.00')
  expect(await api.account(account.id)).toMatchObject({ balance: '10.00', available: '0.00' })
})

test('holds down to exactly the end of a credit line', async () => {
  const account = await api.anAccount({ min_balance: '-5.00', balance: '1.00' })
  await api.openHold(account, '6.00')
  expect((await api.account(account.id)).available).toBe('-5.00')
  await api.refuses(sent({ account_id: account.id, amount: '0.01' }), noFunds)
})

test.each([
  ['JPY', '9007199254740991', '-9007199254740991', '1'],
  ['EUR', '90071992547409.91', '-90071992547409.91', '0.01'],
])('holds no more in %s than an amount can say', async (currency, most, min_balance, more) => {
  const account = await api.anAccount({ currency, min_balance, balance: most })
  await api.openHold(account, most)
  const refused = { status: 422, code: 'account.balance_out_of_range' }
  await api.refuses(sent({ account_id: account.id, amount: more }), refused)
})

test.each<[string, object, string[]]>([
  ['an amount of zero', { amount: '0' }, ['amount']],
  ['an amount below zero', { amount: '-1.00' }, ['amount']],
  ['too many decimals', { amount: '1.001' }, ['amount']],
  ['an amount that is none', { amount: '1e2' }, ['amount']],
  ['no amount', { amount: undefined }, ['amount']],
  ['no account', { account_id: undefined }, ['account_id']],
  ['the outside world', { account_id: 'world:EUR' }, ['account_id']],
  ['the outside world by name', { counterparty_id: 'world:EUR' }, ['counterparty_id']],
  ['a time that is none', { expires_at: 'tomorrow' }, ['expires_at']],
  ['an unknown field', { expires: null }, ['expires']],
  ['what only the ledger says', { status: 'captured', captured: '1.00' }, ['captured', 'status']],
  ['metadata that is a list', { metadata: [] }, ['metadata']],
  ['a description beyond its length', { description: 'x'.repeat(501) }, ['description']],
])('refuses %s', async (_name, change, paths) => {
  const { id } = await api.anAccount({ balance: '5.00' })
  await api.refuses(sent({ account_id: id, amount: '1.00', ...change }), { ...invalid, paths })
})

test('refuses the account itself as counterparty', async () => {
  const { id } = await api.anAccount({ balance: '5.00' })
  const json = { account_id: id, counterparty_id: id, amount: '1.00' }
  await api.refuses(sent(json), { ...invalid, paths: ['counterparty_id'] })
})

test('refuses accounts that are missing, closed or in another currency, on either side', async () => {
  const account = await api.anAccount({ balance: '5.00' })
  const [closed, yen] = [await api.anAccount(), await api.anAccount({ currency: 'JPY' })]
  await api.closeAccount(closed.id)
  const refuse = (change: object, status: number, code: string) =>
    api.refuses(sent({ account_id: account.id, amount: '1', ...change }), { status, code })
  await refuse({ account_id: 'nothing' }, 404, 'account.not_found')
  await refuse({ counterparty_id: 'nothing' }, 404, 'account.not_found')
  await refuse({ account_id: closed.id }, 422, 'account.closed')
  await refuse({ counterparty_id: closed.id }, 422, 'account.closed')
  await refuse({ counterparty_id: yen.id }, 422, 'transaction.currency_mismatch')
})

test.each(['0001-01-01T00:00:00Z', '2020-01-31T10:30:00+01:00'])(
  'refuses an end that is over: %s',
  async (expires_at) => {
    const { id } = await api.anAccount({ balance: '5.00' })
    const json = { account_id: id, amount: '1.00', expires_at }
    await api.refuses(sent(json), { ...invalid, paths: ['expires_at'] })
  },
)

test('its money is free again as soon as its time is over, everywhere, with nothing written', async () => {
  const account = await api.anAccount({ balance: '10.00' })
  const hold = await api.openHold(account, '10.00', { expires_at: '9999-12-31T23:59:59.999999Z' })
  expect((await api.account(account.id)).available).toBe('0.00')
  await api.expire(hold)
  expect((await api.account(account.id)).available).toBe('10.00')
  expect((await api.user(account.user_id)).accounts[0]!.available).toBe('10.00')
  const [row] = await api.sql('select closed_at, closed_as from hold where id = $1', [hold.id])
  expect(row).toEqual({ closed_at: null, closed_as: null })
  const second = await api.openHold(account, '10.00')
  await api.expire(second)
  expect((await api.create({ account_id: account.id, amount: '-10.00' })).balance_after).toBe(
    '0.00',
  )
  // What closed the holds then: whoever used their money.
  const closed = await api.sql(
    `select closed_as, closed_at = expires_at as on_time from hold where account_id = $1`,
    [account.id],
  )
  expect(closed).toEqual(Array(2).fill({ closed_as: 'expired', on_time: true }))
})

test('by the clock alone: a hold of a moment ends by itself', async () => {
  const account = await api.anAccount({ balance: '1.00' })
  const [row] = await api.sql<{ soon: string }>(
    `select to_char(clock_timestamp() at time zone 'UTC' + interval '2 s', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as soon`,
  )
  const hold = await api.openHold(account, '1.00', { expires_at: row!.soon })
  expect(hold).toMatchObject({ status: 'open', expires_at: row!.soon })
  await pollUntil(async () => (await api.account(account.id)).available === '1.00', { what: 'end' })
  expect(await api.hold(hold.id)).toMatchObject({
    ...{ status: 'expired', remaining: '0.00', captured: '0.00', closed_at: row!.soon },
  })
})

describe('a key', () => {
  test('gives the hold as it was opened again, to the byte, whatever became of it', async () => {
    const account = await api.anAccount({ balance: '10.00' })
    const metadata = { z: [1.5, { b: null, a: 'é' }], 10: 1, 9: 2 }
    const json = { account_id: account.id, amount: '10.00', metadata, description: 'a\n"b"' }
    const request = sent(json, newKey())
    const first = await api.send(request)
    expect(first.status).toBe(201)
    await api.replays(request, first)
    const { id } = first.body as { id: string }
    await api.capture({ id }, '4.00')
    await api.extend({ id }, '9999-01-01T00:00:00Z')
    await api.release({ id })
    await api.restart()
    await api.replays(request, first)
    const otherwise = { ...json, amount: 10, counterparty_id: null, expires_at: null }
    await api.replays({ ...request, json: otherwise }, first)
    expect(await api.account(account.id)).toMatchObject({ balance: '6.00', available: '6.00' })
  })

  test('opens one hold however often it arrives at the same time', async () => {
    const account = await api.anAccount({ balance: '10.00' })
    const request = sent({ account_id: account.id, amount: '1.00' }, newKey())
    const answers = await Promise.all(Array.from({ length: 20 }, () => api.send(request)))
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    expect((await api.account(account.id)).available).toBe('9.00')
  })

  test.each<[string, object, Refused]>([
    ['too little money', { amount: '10.01' }, noFunds],
    ['a missing account', { account_id: 'nothing' }, { status: 404, code: 'account.not_found' }],
    ['an end that is over', { expires_at: '2020-01-01T00:00:00Z' }, invalid],
    ['too many decimals', { amount: '0.001' }, invalid],
  ])('remembers the refusal for %s', async (_name, change, refused) => {
    const account = await api.anAccount({ balance: '10.00' })
    const request = sent({ account_id: account.id, amount: '1.00', ...change }, newKey())
    const first = await api.refuses(request, { ...refused, remembered: true })
    await api.deposit(account, '1000.00')
    const again = await api.refuses(request, refused)
    expect({ ...again, instance: '' }).toEqual({ ...first, instance: '' })
    expect((await api.send(request)).headers['idempotency-replayed']).toBe('true')
  })

  test('is refused with another hold, and with a transaction', async () => {
    const account = await api.anAccount({ balance: '10.00' })
    const key = newKey()
    const json = { account_id: account.id, amount: '1.00' }
    expect((await api.send(sent(json, key))).status).toBe(201)
    const refused = { status: 422, code: 'idempotency.key_reused' }
    for (const change of [{ amount: '1.01' }, { expires_at: '9999-01-01T00:00:00Z' }]) {
      await api.refuses(sent({ ...json, ...change }, key), refused)
    }
    await api.refuses({ ...sent(json, key), path: '/transactions' }, refused)
  })
})

test('of 50 holds and posts at once exactly those are accepted that fit', async () => {
  const account = await api.anAccount({ balance: '20.00' })
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      i % 2
        ? api.send(sent({ account_id: account.id, amount: '1.00' }))
        : api.send({
            ...{ method: 'POST', path: '/transactions' },
            json: { account_id: account.id, amount: '-1.00' },
          }),
    ),
  )
  const accepted = answers.flatMap(({ status }, i) => (status === 201 ? [i] : []))
  expect(accepted).toHaveLength(20)
  expect(answers.filter(({ status }) => status === 422)).toHaveLength(30)
  const balance = 20 - accepted.filter((i) => i % 2 === 0).length
  const after = { balance: `${balance}.00`, available: '0.00' }
  expect(await api.account(account.id)).toMatchObject(after)
})
