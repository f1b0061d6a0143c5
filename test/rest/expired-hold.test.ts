import { holdDto } from '../../pkg/hold/dto/hold'
import { pollUntil } from '../harness/poll'
import { startApi, type Account, type TestApi } from './api'

let api: TestApi

beforeAll(async () => {
  api = await startApi()
})

afterAll(async () => {
  await api?.close()
})

/** An account with 10.00 on it, of which 4.00 were set aside until a moment ago. */
async function anAccountWithAnExpiredHold(): Promise<Account> {
  const account = await api.anAccount({ balance: '10.00' })
  const expires_at = new Date(Date.now() + 250).toISOString()
  await api.post('/holds', { account_id: account.id, amount: '4.00', expires_at }, holdDto)
  const isOver = async () => (await api.account(account.id)).available === '10.00'
  await pollUntil(isOver, { what: 'end of the hold' })
  return account
}

test('what an expired hold had set aside stays available when the limit is changed', async () => {
  const { id } = await anAccountWithAnExpiredHold()
  const changed = await api.send({
    ...{ method: 'PATCH', path: `/accounts/${id}` },
    json: { min_balance: '-1.00' },
  })
  expect(changed).toMatchObject({ status: 200, body: { available: '10.00', min_balance: '-1.00' } })
  expect(await api.account(id)).toMatchObject({ available: '10.00' })
  await api.create({ account_id: id, amount: '-11.00' })
})

test('an expired hold keeps no empty account from being closed', async () => {
  const account = await api.anAccount({ min_balance: '-4.00' })
  const expires_at = new Date(Date.now() + 250).toISOString()
  await api.post('/holds', { account_id: account.id, amount: '4.00', expires_at }, holdDto)
  const path = `/accounts/${account.id}/close`
  const close = async () => (await api.send({ method: 'POST', path })).status === 200
  await pollUntil(close, { what: 'account that can be closed' })
  expect(await api.account(account.id)).toMatchObject({ available: '0.00' })
})
