import { accountAtDto } from '../../pkg/account/dto/account'
import { startApi, type TestApi } from './api'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.close())

test('answers the account with its balance as the last transaction left it', async () => {
  const account = await api.anAccount({ name: 'Savings', min_balance: '-10' })
  await api.deposit(account, '12.34')
  await api.deposit(account, '-20.00')
  expect(await api.account(account.id)).toEqual({
    ...account,
    balance: '-7.66',
    available: '-7.66',
  })
})

test('says when an account was closed', async () => {
  const { id } = await api.anAccount()
  await api.sql(`update account set closed_at = '2026-01-31 09:30:00.000001Z' where id = $1`, [id])
  expect((await api.account(id)).closed_at).toBe('2026-01-31T09:30:00.000001Z')
})

test('refuses an account that is not there, the outside world among them', async () => {
  const refused = { status: 404, code: 'account.not_found' }
  await api.refuses({ path: '/accounts/nothing' }, refused)
  await api.refuses({ path: '/accounts/world:EUR' }, refused)
  await api.refuses({ path: '/accounts/world%3AEUR' }, refused)
})

test('takes no other query', async () => {
  const { id } = await api.anAccount()
  const refused = { status: 400, code: 'request.invalid', paths: ['limit'] }
  await api.refuses({ path: `/accounts/${id}?limit=1` }, refused)
})

test('answers the balance at a time, by when transactions count, that time included', async () => {
  const account = await api.anAccount()
  await api.deposit(account, '10.00', { effective_at: '2026-01-10T00:00:00.000001Z' })
  await api.deposit(account, '-4.00', { effective_at: '2026-01-20T00:00:00Z' })
  await api.deposit(account, '1.00', { effective_at: '2999-01-01T00:00:00Z' })
  const at = (time: string) => api.get(`/accounts/${account.id}?at=${time}`, accountAtDto)
  const { id, user_id, name, currency } = account
  expect(await at('2026-01-10T01:00:00.000001%2B01:00')).toEqual({
    ...{ id, user_id, name, currency },
    balance: '10.00',
    at: '2026-01-10T00:00:00.000001Z',
  })
  expect((await at('2026-01-10T00:00:00Z')).balance).toBe('0.00')
  expect((await at('2026-01-31T00:00:00Z')).balance).toBe('6.00')
  expect((await at('9999-12-31T23:59:59.999999Z')).balance).toBe('7.00')
  // A backdated one shows up, at the time when it counts.
  await api.deposit(account, '0.50', { effective_at: '2026-01-01T00:00:00Z' })
  expect((await at('2026-01-10T00:00:00Z')).balance).toBe('0.50')
})

test('refuses a time that is none, and an account that is not there at any time', async () => {
  const { id } = await api.anAccount()
  const wrong = { status: 400, code: 'request.invalid', paths: ['at'] }
  await api.refuses({ path: `/accounts/${id}?at=2026-01-10` }, wrong)
  await api.refuses({ path: `/accounts/${id}?at=` }, wrong)
  const missing = { status: 404, code: 'account.not_found' }
  await api.refuses({ path: '/accounts/nothing?at=2026-01-10T00:00:00Z' }, missing)
})
