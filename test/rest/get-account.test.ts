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

test('takes no query', async () => {
  const { id } = await api.anAccount()
  const refused = { status: 400, code: 'request.invalid', paths: ['limit'] }
  await api.refuses({ path: `/accounts/${id}?limit=1` }, refused)
})
