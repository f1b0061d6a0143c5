import { startApi, type Sent, type TestApi, type Transaction } from './api'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.close())

let keys = 0
const newKey = () => `reverse-${++keys}`
const sent = ({ id }: { id: string }, key?: string): Sent => ({
  method: 'POST',
  path: `/transactions/${id}/reversal`,
  ...(key !== undefined && { headers: { 'Idempotency-Key': key } }),
})
const already = { status: 409, code: 'transaction.already_reversed' }
const noFunds = { status: 422, code: 'account.insufficient_funds' }

async function reverse(transaction: { id: string }): Promise<Transaction> {
  const answer = await api.send(sent(transaction))
  expect(answer.status).toBe(201)
  return answer.body as Transaction
}

test('posts the opposite against the outside world, linked, and leaves the first as it was', async () => {
  const account = await api.anAccount({ balance: '10.00' })
  const more = { description: 'Sale 7', metadata: { a: 1 }, effective_at: '2026-01-01T00:00:00Z' }
  const original = await api.create({ account_id: account.id, amount: '-4.00', ...more })
  const answer = await api.send(sent({ id: original.id.toUpperCase() }))
  expect(answer).toMatchObject({
    status: 201,
    body: {
      ...{ account_id: account.id, counterparty_id: 'world:EUR', amount: '4.00' },
      ...{ balance_after: '10.00', reverses_id: original.id, hold_id: null },
      ...{ description: 'Sale 7', metadata: null },
    },
  })
  const reversal = answer.body as Transaction
  expect(reversal.effective_at).toBe(reversal.created_at)
  expect(answer.headers.location).toBe(`/transactions/${reversal.id}`)
  expect(await api.transaction(reversal.id)).toEqual(reversal)
  expect(await api.transaction(original.id)).toEqual(original)
  expect((await api.account(account.id)).balance).toBe('10.00')
})

test('moves a transfer back between the same accounts, on both sides', async () => {
  const [from, to] = [await api.anAccount({ balance: '10.00' }), await api.anAccount()]
  const transfer = { account_id: from.id, counterparty_id: to.id, amount: '-7.00' }
  const reversal = await reverse(await api.create(transfer))
  expect(reversal).toMatchObject({ ...transfer, amount: '7.00', balance_after: '10.00' })
  const [seen] = (await api.entries(to.id)).data
  expect(seen).toMatchObject({
    ...{ id: reversal.id, account_id: to.id, counterparty_id: from.id },
    ...{ amount: '-7.00', balance_after: '0.00', reverses_id: reversal.reverses_id },
  })
  expect((await api.account(to.id)).balance).toBe('0.00')
})

test('reverses once only, and says so for ever', async () => {
  const account = await api.anAccount({ balance: '10.00' })
  const original = await api.create({ account_id: account.id, amount: '-4.00' })
  await reverse(original)
  await api.refuses(sent(original), already)
  await api.restart()
  await api.refuses(sent(original), already)
})

test('of twenty reversals at once one wins', async () => {
  const account = await api.anAccount({ balance: '10.00' })
  const original = await api.create({ account_id: account.id, amount: '-4.00' })
  const answers = await Promise.all(Array.from({ length: 20 }, () => api.send(sent(original))))
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
  for (const { status, body } of answers.filter((answer) => answer.status !== 201)) {
    expect([status, (body as { code: string }).code]).toEqual([409, already.code])
  }
  expect((await api.account(account.id)).balance).toBe('10.00')
})

test('refuses when the money is gone, on either side, and can be done once it is back', async () => {
  const [from, to] = [await api.anAccount({ balance: '10.00' }), await api.anAccount()]
  const deposit = await api.deposit(to, '3.00')
  const transfer = await api.create({
    ...{ account_id: from.id, counterparty_id: to.id, amount: '-7.00' },
  })
  await api.create({ account_id: to.id, amount: '-8.00' })
  const problem = await api.refuses(sent(transfer), noFunds)
  expect(problem).toMatchObject({ account_id: to.id, balance: '2.00', amount: '-7.00' })
  await api.refuses(sent(deposit), noFunds)
  await api.deposit(to, '5.00')
  await api.openHold(to, '0.01')
  await api.refuses(sent(transfer), noFunds)
  await api.deposit(to, '0.01')
  expect((await reverse(transfer)).balance_after).toBe('10.00')
})

test('reverses a reversal, which does it again; the first stays reversed', async () => {
  const account = await api.anAccount({ balance: '10.00' })
  const original = await api.create({ account_id: account.id, amount: '-4.00' })
  const reversal = await reverse(original)
  const again = await reverse(reversal)
  expect(again).toMatchObject({ amount: '-4.00', reverses_id: reversal.id, balance_after: '6.00' })
  await api.refuses(sent(original), already)
  await api.refuses(sent(reversal), already)
})

test('reverses a capture: the money comes back, the hold stays what it was', async () => {
  const [account, shop] = [await api.anAccount({ balance: '10.00' }), await api.anAccount()]
  const hold = await api.openHold(account, '6.00', { counterparty_id: shop.id })
  const { transaction, hold: after } = await api.capture(hold, '4.00')
  const reversal = await reverse(transaction)
  expect(reversal).toMatchObject({ amount: '4.00', balance_after: '10.00', hold_id: null })
  expect(await api.hold(hold.id)).toEqual(after)
  expect(await api.account(account.id)).toMatchObject({ balance: '10.00', available: '8.00' })
})

test('refuses what is not there, and what is closed', async () => {
  const [account, other] = [await api.anAccount({ balance: '1.00' }), await api.anAccount()]
  const missing = { id: '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e' }
  await api.refuses(sent(missing), { status: 404, code: 'transaction.not_found' })
  await api.refuses(sent(missing, newKey()), { status: 404, code: 'transaction.not_found' })
  const transfer = await api.create({
    ...{ account_id: account.id, counterparty_id: other.id, amount: '-1.00' },
  })
  await api.closeAccount(account.id)
  await api.refuses(sent(transfer), { status: 422, code: 'account.closed' })
})

test.each(['x', '%00', '0197f3a0-5b6e-7c41-9d2e', 'null', '%F0%9F%98%80', 'bulk'])(
  'refuses the id %s',
  async (id) => {
    await api.refuses(sent({ id }), { status: 400, code: 'request.invalid', paths: ['id'] })
  },
)

describe('a key', () => {
  test('gives the first answer again, to the byte, also after a restart', async () => {
    const account = await api.anAccount({ balance: '10.00' })
    const original = await api.create({ account_id: account.id, amount: '-4.00' })
    const request = sent(original, newKey())
    const first = await api.send(request)
    expect(first.status).toBe(201)
    await api.replays(request, first)
    await api.deposit(account, '5.00')
    await api.restart()
    await api.replays(request, first)
    await api.refuses(sent(original, newKey()), { ...already, remembered: true })
  })

  test('remembers a refusal, even when the cause is gone', async () => {
    const account = await api.anAccount()
    const deposit = await api.deposit(account, '5.00')
    await api.create({ account_id: account.id, amount: '-5.00' })
    const request = sent(deposit, newKey())
    const first = await api.refuses(request, { ...noFunds, remembered: true })
    await api.deposit(account, '100.00')
    const again = await api.refuses(request, noFunds)
    expect({ ...again, instance: '' }).toEqual({ ...first, instance: '' })
    expect((await reverse(deposit)).amount).toBe('-5.00')
  })

  test('is refused for another transaction, and for one that only looks like the reversal', async () => {
    const account = await api.anAccount({ balance: '10.00' })
    const [one, two] = [
      await api.create({ account_id: account.id, amount: '-4.00' }),
      await api.create({ account_id: account.id, amount: '-4.00' }),
    ]
    const key = newKey()
    expect((await api.send(sent(one, key))).status).toBe(201)
    const reused = { status: 422, code: 'idempotency.key_reused' }
    await api.refuses(sent(two, key), reused)
    const json = { account_id: account.id, amount: '4.00' }
    const headers = { 'Idempotency-Key': key }
    await api.refuses({ method: 'POST', path: '/transactions', json, headers }, reused)
  })
})
