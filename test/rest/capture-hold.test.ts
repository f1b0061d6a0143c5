import { startApi, type Hold, type Refused, type Sent, type TestApi, type Transaction } from './api'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.close())

let keys = 0
const newKey = () => `capture-${++keys}`
const sent = ({ id }: { id: string }, json: unknown = {}, key?: string): Sent => ({
  method: 'POST',
  path: `/holds/${id}/capture`,
  json,
  ...(key !== undefined && { headers: { 'Idempotency-Key': key } }),
})
const notOpen: Refused = { status: 409, code: 'hold.not_open' }
const exceeded: Refused = { status: 422, code: 'hold.amount_exceeded' }

test('pays the outside world all that is left, and closes the hold', async () => {
  const account = await api.anAccount({ balance: '10.00' })
  const more = { description: 'Table 4', metadata: { table: 4 } }
  const hold = await api.openHold(account, '6.00', more)
  const answer = await api.send(sent(hold))
  expect(answer.status).toBe(201)
  const { hold: after, transaction } = answer.body as { hold: Hold; transaction: Transaction }
  expect(transaction).toMatchObject({
    ...{ account_id: account.id, counterparty_id: 'world:EUR', amount: '-6.00', ...more },
    ...{ balance_after: '4.00', hold_id: hold.id, reverses_id: null },
  })
  expect(answer.headers.location).toBe(`/transactions/${transaction.id}`)
  expect(await api.transaction(transaction.id)).toEqual(transaction)
  const closed = { captured: '6.00', remaining: '0.00', status: 'captured' }
  expect(after).toEqual({ ...hold, ...closed, closed_at: transaction.created_at })
  expect(await api.hold(hold.id)).toEqual(after)
  expect(await api.account(account.id)).toMatchObject({ balance: '4.00', available: '4.00' })
})

test('pays in parts, each a transaction of its own; the part that takes the rest closes it', async () => {
  const [account, shop] = [await api.anAccount({ balance: '10.00' }), await api.anAccount()]
  const hold = await api.openHold(account, '9.00', { counterparty_id: shop.id })
  const steps: [string | undefined, string, string, string][] = [
    ['2.50', '2.50', '6.50', 'open'],
    ['0.01', '2.51', '6.49', 'open'],
    ['6.49', '9.00', '0.00', 'captured'],
  ]
  for (const [amount, captured, remaining, status] of steps) {
    const { hold: after, transaction } = await api.capture(hold, amount)
    expect(after).toMatchObject({ captured, remaining, status })
    expect(transaction).toMatchObject({ amount: `-${amount}`, hold_id: hold.id })
    expect((await api.account(account.id)).available).toBe('1.00')
    expect((await api.account(shop.id)).balance).toBe(captured)
  }
  expect((await api.account(account.id)).balance).toBe('1.00')
  const { data } = await api.entries(shop.id)
  expect(data.map(({ amount, hold_id }) => [amount, hold_id])).toEqual(
    ['6.49', '0.01', '2.50'].map((amount) => [amount, hold.id]),
  )
  await api.refuses(sent(hold), notOpen)
})

test('can pay from a credit line, and whatever else the account may spend stays', async () => {
  const account = await api.anAccount({ min_balance: '-10.00' })
  const hold = await api.openHold(account, '10.00')
  const { transaction } = await api.capture(hold, '10.00')
  expect(transaction.balance_after).toBe('-10.00')
})

test('refuses more than is left, and says how much that is', async () => {
  const account = await api.anAccount({ balance: '100.00' })
  const hold = await api.openHold(account, '6.00')
  await api.capture(hold, '2.00')
  const problem = await api.refuses(sent(hold, { amount: '4.01' }), exceeded)
  expect(problem).toMatchObject({ amount: '4.01', remaining: '4.00' })
  await api.capture(hold, '4.00')
})

test.each<[string, unknown]>([
  ['zero', { amount: '0' }],
  ['less than zero', { amount: '-1' }],
  ['too many decimals', { amount: '0.001' }],
  ['a word', { amount: 'all' }],
  ['a list', { amount: ['1'] }],
])('refuses %s', async (_name, json) => {
  const hold = await api.openHold(await api.anAccount({ balance: '5.00' }), '5.00')
  await api.refuses(sent(hold, json), { status: 400, code: 'request.invalid', paths: ['amount'] })
})

test('refuses other fields, and a body that is no object', async () => {
  const hold = await api.openHold(await api.anAccount({ balance: '5.00' }), '5.00')
  const invalid = { status: 400, code: 'request.invalid' }
  await api.refuses(sent(hold, { counterparty_id: 'x' }), {
    ...invalid,
    paths: ['counterparty_id'],
  })
  await api.refuses(sent(hold, []), invalid)
  await api.refuses(sent(hold, null), invalid)
})

test('takes no body as all that is left', async () => {
  const hold = await api.openHold(await api.anAccount({ balance: '5.00' }), '5.00')
  const answer = await api.send({ method: 'POST', path: `/holds/${hold.id}/capture` })
  expect(answer).toMatchObject({ status: 201, body: { hold: { status: 'captured' } } })
})

test('takes null as all that is left, and an id in capitals', async () => {
  const hold = await api.openHold(await api.anAccount({ balance: '5.00' }), '5.00')
  await api.capture({ id: hold.id.toUpperCase() }, '1.00')
  const answer = await api.send(sent({ id: hold.id.toUpperCase() }, { amount: null }))
  expect(answer).toMatchObject({ status: 201, body: { hold: { id: hold.id, captured: '5.00' } } })
})

test('refuses a hold that is not there, released or expired, with nothing written', async () => {
  const account = await api.anAccount({ balance: '9.00' })
  const missing = { id: '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e' }
  await api.refuses(sent(missing), { status: 404, code: 'hold.not_found' })
  const released = await api.openHold(account, '1.00')
  await api.release(released)
  await api.refuses(sent(released), notOpen)
  const expired = await api.openHold(account, '1.00')
  await api.expire(expired)
  await api.refuses(sent(expired, { amount: '0.01' }), notOpen)
  await api.refuses(sent(expired), notOpen)
})

test('refuses to pay an account that was closed meanwhile; the money can be released', async () => {
  const [account, shop] = [await api.anAccount({ balance: '9.00' }), await api.anAccount()]
  const hold = await api.openHold(account, '9.00', { counterparty_id: shop.id })
  await api.closeAccount(shop.id)
  await api.refuses(sent(hold), { status: 422, code: 'account.closed' })
  expect((await api.release(hold)).status).toBe('released')
  expect((await api.account(account.id)).available).toBe('9.00')
})

test('refuses to bring the counterparty out of its range', async () => {
  const [account, full] = [
    await api.anAccount({ balance: '1.00' }),
    await api.anAccount({ balance: '90071992547409.91' }),
  ]
  const hold = await api.openHold(account, '1.00', { counterparty_id: full.id })
  await api.refuses(sent(hold), { status: 422, code: 'account.balance_out_of_range' })
})

describe('a key', () => {
  test('gives the first answer again, to the byte, although the hold changed since', async () => {
    const account = await api.anAccount({ balance: '10.00' })
    const hold = await api.openHold(account, '10.00', { metadata: { b: 1, aa: 2 } })
    const request = sent(hold, { amount: '3.00' }, newKey())
    const first = await api.send(request)
    expect(first.status).toBe(201)
    await api.replays(request, first)
    await api.capture(hold, '2.00')
    await api.release(hold)
    await api.restart()
    await api.replays({ ...request, json: { amount: 3 } }, first)
    expect((await api.account(account.id)).balance).toBe('5.00')
  })

  test('remembers a refusal, even when the cause is gone', async () => {
    const account = await api.anAccount({ balance: '10.00' })
    const shop = await api.anAccount({ balance: '90071992547409.91' })
    const hold = await api.openHold(account, '1.00', { counterparty_id: shop.id })
    const request = sent(hold, {}, newKey())
    const refused = { status: 422, code: 'account.balance_out_of_range' }
    const first = await api.refuses(request, { ...refused, remembered: true })
    await api.create({ account_id: shop.id, amount: '-5.00' })
    const again = await api.refuses(request, refused)
    expect({ ...again, instance: '' }).toEqual({ ...first, instance: '' })
    expect((await api.capture(hold)).hold.status).toBe('captured')
  })

  test('is refused with another amount, another hold, or another thing to do', async () => {
    const account = await api.anAccount({ balance: '10.00' })
    const [hold, other] = [await api.openHold(account, '5.00'), await api.openHold(account, '5.00')]
    const key = newKey()
    expect((await api.send(sent(hold, { amount: '5.00' }, key))).status).toBe(201)
    const refused = { status: 422, code: 'idempotency.key_reused' }
    await api.refuses(sent(hold, { amount: '5.01' }, key), refused)
    // What is left was as much at that time, and yet it is another request.
    await api.refuses(sent(hold, {}, key), refused)
    await api.refuses(sent(other, { amount: '5.00' }, key), refused)
    const headers = { 'Idempotency-Key': key }
    await api.refuses({ method: 'POST', path: `/holds/${other.id}/release`, headers }, refused)
  })
})

test('two captures of more than half at once: one of them is refused, whichever it is', async () => {
  for (let round = 0; round < 10; round++) {
    const account = await api.anAccount({ balance: '10.00' })
    const hold = await api.openHold(account, '10.00')
    const answers = await Promise.all([1, 2].map(() => api.send(sent(hold, { amount: '5.01' }))))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 422])
    expect(await api.hold(hold.id)).toMatchObject({ captured: '5.01', remaining: '4.99' })
  }
})

test('of 30 captures at once no more are paid than the hold has', async () => {
  const account = await api.anAccount({ balance: '100.00' })
  const hold = await api.openHold(account, '10.00')
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => api.send(sent(hold, { amount: '1.00' }))),
  )
  const statuses = answers.map(({ status }) => status)
  expect(statuses.filter((status) => status === 201)).toHaveLength(10)
  expect(statuses.filter((status) => status === 409)).toHaveLength(20)
  expect(await api.hold(hold.id)).toMatchObject({ status: 'captured', captured: '10.00' })
  expect(await api.account(account.id)).toMatchObject({ balance: '90.00', available: '90.00' })
})
