import { transactionDto } from '../../pkg/transaction/dto/transaction'
import { startApi, type TestApi } from './api'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.close())

test('answers a user without accounts: no totals', async () => {
  const user = await api.aUser()
  expect(await api.user(user.id)).toEqual({ ...user, totals: {}, accounts: [] })
})

test('sums the balances exactly, by currency, each in its own scale', async () => {
  const { id: user_id } = await api.aUser()
  await api.anAccount({ user_id, currency: 'EUR', balance: '1234.50' })
  await api.anAccount({ user_id, currency: 'EUR', balance: '0.01' })
  await api.anAccount({ user_id, currency: 'KWD', balance: '1.250' })
  await api.anAccount({ user_id, currency: 'JPY', balance: '1250' })
  await api.anAccount({ user_id, currency: 'USD' })
  const owing = await api.anAccount({ user_id, currency: 'KWD', min_balance: '-5' })
  await api.deposit(owing, '-4.001')
  const { totals, accounts } = await api.user(user_id)
  expect(totals).toEqual({ EUR: '1234.51', JPY: '1250', KWD: '-2.751', USD: '0.00' })
  expect(Object.keys(totals)).toEqual(['EUR', 'JPY', 'KWD', 'USD'])
  const ids = accounts.map(({ id }) => id)
  expect(ids).toEqual([...ids].sort())
  for (const account of accounts) expect(await api.account(account.id)).toEqual(account)
})

test('keeps totals exact far beyond what a double holds', async () => {
  const { id: user_id } = await api.aUser()
  const balance = '90071992547409.91'
  for (let i = 0; i < 3; i++) await api.anAccount({ user_id, balance })
  expect((await api.user(user_id)).totals).toEqual({ EUR: '270215977642229.73' })
})

test('counts nobody else’s accounts', async () => {
  const mine = await api.anAccount({ balance: '1.00' })
  await api.anAccount({ balance: '2.00' })
  const { totals, accounts } = await api.user(mine.user_id)
  expect(totals).toEqual({ EUR: '1.00' })
  expect(accounts).toEqual([mine])
})

test('is one snapshot: money on its way between two accounts is never seen twice or not at all', async () => {
  const { id: user_id } = await api.aUser()
  const [a, b] = [
    await api.anAccount({ user_id, balance: '500.00' }),
    await api.anAccount({ user_id, balance: '500.00' }),
  ]
  let isReading = true
  let transfers = 0
  const transfer = async (account_id: string, counterparty_id: string) => {
    while (isReading) {
      const json = { account_id, amount: '-1.00', counterparty_id }
      await api.post('/transactions', json, transactionDto)
      transfers += 1
      // Back again, so that neither account runs dry.
      ;[account_id, counterparty_id] = [counterparty_id, account_id]
    }
  }
  const writers = [transfer(a.id, b.id), transfer(b.id, a.id), transfer(a.id, b.id)]
  const seen = new Set<string>()
  try {
    for (let i = 0; i < 200; i++) {
      const { totals, accounts } = await api.user(user_id)
      expect(totals).toEqual({ EUR: '1000.00' })
      seen.add(accounts.map(({ balance }) => balance).join())
    }
  } finally {
    isReading = false
    await Promise.all(writers)
  }
  // Without transfers in between, the reads above would prove nothing.
  expect(transfers).toBeGreaterThan(20)
  expect(seen.size).toBeGreaterThan(1)
})

test('refuses a user that is not there', async () => {
  await api.refuses({ path: '/users/nobody' }, { status: 404, code: 'user.not_found' })
})

test('takes no query', async () => {
  const { id } = await api.aUser()
  await api.refuses(
    { path: `/users/${id}?at=2026-01-01T00:00:00Z` },
    { status: 400, code: 'request.invalid', paths: ['at'] },
  )
})
