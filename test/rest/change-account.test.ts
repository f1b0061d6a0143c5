import { startApi, type Refused, type Sent, type TestApi } from './api'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.close())

const sent = (id: string, json: unknown): Sent => ({
  method: 'PATCH',
  path: `/accounts/${id}`,
  json,
})
const limit = (id: string, min_balance: unknown) => sent(id, { min_balance })
const notMet: Refused = { status: 422, code: 'account.limit_not_met' }
const noFunds: Refused = { status: 422, code: 'account.insufficient_funds' }
const expense = (id: string, amount: string): Sent => ({
  ...{ method: 'POST', path: '/transactions', json: { account_id: id, amount: `-${amount}` } },
})

test('gives a credit line that counts for the next post, and takes it back', async () => {
  const account = await api.anAccount({ balance: '1.00' })
  await api.refuses(expense(account.id, '2.00'), noFunds)
  const answer = await api.send(limit(account.id, '-1.00'))
  const changed = { ...account, min_balance: '-1.00' }
  expect(answer).toMatchObject({ status: 200, body: changed })
  expect(await api.account(account.id)).toEqual(changed)
  await api.create({ account_id: account.id, amount: '-2.00' })
  await api.deposit(account, '1.00')
  expect((await api.send(limit(account.id, 0))).body).toMatchObject({ min_balance: '0.00' })
  await api.refuses(expense(account.id, '0.01'), noFunds)
})

test('asks for no more than is available: a debt or a hold has to be covered', async () => {
  const account = await api.anAccount({ min_balance: '-10.00' })
  await api.create({ account_id: account.id, amount: '-3.00' })
  const hold = await api.openHold(account, '2.00')
  const problem = await api.refuses(limit(account.id, '-4.99'), notMet)
  expect(problem.detail).toContain('-5.00 EUR')
  expect((await api.send(limit(account.id, '-5.00'))).status).toBe(200)
  await api.expire(hold)
  await api.refuses(limit(account.id, '-2.99'), notMet)
  expect((await api.send(limit(account.id, '-3.00'))).body).toMatchObject({ available: '-3.00' })
  expect((await api.hold(hold.id)).status).toBe('expired')
})

test('a hold that is over is free money after a change, too', async () => {
  const account = await api.anAccount({ balance: '10.00' })
  await api.expire(await api.openHold(account, '10.00'))
  const answer = await api.send(limit(account.id, '-1.00'))
  expect(answer.body).toMatchObject({ available: '10.00' })
  await api.create({ account_id: account.id, amount: '-11.00' })
})

test.each<[string, unknown]>([
  ['above zero', '0.01'],
  ['of too many decimals', '-0.001'],
  ['below the range', '-90071992547409.92'],
  ['that is a word', 'none'],
  ['that is null', null],
  ['that is no number', true],
  ['with an exponent', '-1e2'],
])('refuses a limit %s', async (_name, min_balance) => {
  const { id } = await api.anAccount({ balance: '5.00' })
  const invalid = { status: 400, code: 'request.invalid', paths: ['min_balance'] }
  await api.refuses(limit(id, min_balance), invalid)
})

test('takes the limit in the currency’s own scale', async () => {
  const yen = await api.anAccount({ currency: 'JPY' })
  const invalid = { status: 400, code: 'request.invalid', paths: ['min_balance'] }
  await api.refuses(limit(yen.id, '-0.1'), invalid)
  expect((await api.send(limit(yen.id, '-9007199254740991'))).body).toMatchObject({
    min_balance: '-9007199254740991',
  })
})

test('refuses other fields, nothing at all, and what is not there', async () => {
  const { id } = await api.anAccount()
  const refuse = (json: unknown, paths: string[]) =>
    api.refuses(sent(id, json), { status: 400, code: 'request.invalid', paths })
  await refuse({}, ['min_balance'])
  await refuse({ min_balance: '0', balance: '5' }, ['balance'])
  await refuse({ min_balance: '0', closed_at: null }, ['closed_at'])
  await refuse([], [''])
  await api.refuses(limit('nothing', '0'), { status: 404, code: 'account.not_found' })
  await api.refuses(limit('%00', '0'), { status: 400, code: 'request.invalid', paths: ['id'] })
})

test('refuses a closed account', async () => {
  const { id } = await api.anAccount()
  await api.closeAccount(id)
  await api.refuses(limit(id, '-1.00'), { status: 422, code: 'account.closed' })
})

test('changed while posts run, no balance is ever below the limit in force', async () => {
  const { id } = await api.anAccount({ min_balance: '-20.00' })
  await api.create({ account_id: id, amount: '-17.00' })
  let isDone = false
  const posts = async () => {
    while (!isDone) {
      await Promise.all([
        ...Array.from({ length: 8 }, () => api.send(expense(id, '1.00'))),
        ...Array.from({ length: 6 }, () => api.deposit({ id }, '1.00')),
      ])
    }
  }
  const running = posts()
  const statuses: number[] = []
  for (let round = 0; round < 40; round++) {
    const { status, body } = await api.send(limit(id, round % 2 ? '-20.00' : '-10.00'))
    statuses.push(status)
    // The answer is the account at that very moment.
    const { balance, min_balance } = body as { balance: string; min_balance: string }
    if (status === 200) expect(Number(balance)).toBeGreaterThanOrEqual(Number(min_balance))
  }
  isDone = true
  await running
  expect(new Set(statuses)).toEqual(new Set([200, 422]))
  // In force since the last change, for every post from then on.
  const { min_balance } = await api.account(id)
  await Promise.all(Array.from({ length: 50 }, () => api.send(expense(id, '1.00'))))
  expect((await api.account(id)).available).toBe(min_balance)
})
