import { startApi, type Refused, type Sent, type TestApi } from './api'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.close())

const sent = (id: string): Sent => ({ method: 'POST', path: `/accounts/${id}/close` })
const notEmpty: Refused = { status: 409, code: 'account.not_empty' }
const closed: Refused = { status: 422, code: 'account.closed' }

test('closes an empty account; once more is answered alike', async () => {
  const account = await api.anAccount({ min_balance: '-5.00', balance: '1.00' })
  await api.create({ account_id: account.id, amount: '-1.00' })
  const first = await api.send(sent(account.id))
  const closed_at = expect.stringMatching(/Z$/) as string
  const shown = { ...account, balance: '0.00', available: '0.00', closed_at }
  expect(first).toMatchObject({ status: 200, body: shown })
  expect(await api.account(account.id)).toEqual(first.body)
  expect((await api.user(account.user_id)).accounts).toEqual([first.body])
  const again = await api.send(sent(account.id))
  expect([again.status, again.text]).toEqual([200, first.text])
})

test('refuses while there is money on it, or a debt, and says how much', async () => {
  const rich = await api.anAccount({ balance: '0.01' })
  expect((await api.refuses(sent(rich.id), notEmpty)).detail).toContain('0.01 EUR')
  const poor = await api.anAccount({ min_balance: '-5.00' })
  await api.create({ account_id: poor.id, amount: '-0.01' })
  expect((await api.refuses(sent(poor.id), notEmpty)).detail).toContain('-0.01 EUR')
})

test('refuses while something is held, also of a credit line; not for a hold that is over', async () => {
  const account = await api.anAccount({ min_balance: '-5.00' })
  const hold = await api.openHold(account, '5.00')
  expect((await api.refuses(sent(account.id), notEmpty)).detail).toContain('5.00')
  await api.expire(hold)
  expect(await api.closeAccount(account.id)).toMatchObject({ balance: '0.00', available: '0.00' })
  expect((await api.hold(hold.id)).status).toBe('expired')
})

test('a closed account takes no posts, holds or captures, on either side', async () => {
  const [account, open] = [await api.anAccount(), await api.anAccount({ balance: '9.00' })]
  const hold = await api.openHold(open, '1.00', { counterparty_id: account.id })
  await api.closeAccount(account.id)
  const refuse = (path: string, json: object) => api.refuses({ method: 'POST', path, json }, closed)
  await refuse('/transactions', { account_id: account.id, amount: '1.00' })
  const to = { account_id: open.id, counterparty_id: account.id }
  await refuse('/transactions', { ...to, amount: '-1.00' })
  await refuse('/holds', { account_id: account.id, amount: '1.00' })
  await refuse('/holds', { ...to, amount: '1.00' })
  await refuse(`/holds/${hold.id}/capture`, {})
  await api.refuses(
    { method: 'PATCH', path: `/accounts/${account.id}`, json: { min_balance: '-1.00' } },
    closed,
  )
  const json = { transactions: [{ ...to, amount: '-1.00' }] }
  const bulk = await api.send({ method: 'POST', path: '/transactions/bulk', json })
  expect(bulk.body).toMatchObject({ data: [{ status: 'refused', problem: { code: closed.code } }] })
})

test('what was answered to a key before is answered again', async () => {
  const account = await api.anAccount()
  const request = (amount: string, key: string): Sent => ({
    ...{ method: 'POST', path: '/transactions', json: { account_id: account.id, amount } },
    headers: { 'Idempotency-Key': key },
  })
  const first = await api.send(request('1.00', 'close-1'))
  await api.send(request('-1.00', 'close-2'))
  await api.closeAccount(account.id)
  await api.replays(request('1.00', 'close-1'), first)
})

test('refuses an account that is not there, and ids that are none', async () => {
  await api.refuses(sent('nothing'), { status: 404, code: 'account.not_found' })
  const invalid = { status: 400, code: 'request.invalid', paths: ['id'] }
  for (const id of ['%00', 'a%20b', 'x'.repeat(65), '%C3%A4']) await api.refuses(sent(id), invalid)
  // The outside world is no account.
  await api.refuses(sent('world:EUR'), { status: 404, code: 'account.not_found' })
})

test('closing and posting at once: whichever comes first, no money is on a closed account', async () => {
  for (let round = 0; round < 15; round++) {
    const { id } = await api.anAccount()
    const json = { account_id: id, amount: '1.00' }
    const post = () => api.send({ method: 'POST', path: '/transactions', json })
    const shutFirst = round % 2 === 0 ? api.send(sent(id)) : undefined
    const [posted, shut] = await Promise.all([post(), shutFirst ?? api.send(sent(id))])
    const after = await api.account(id)
    const isClosed = after.closed_at !== null
    expect([posted.status, shut.status]).toEqual(isClosed ? [422, 200] : [201, 409])
    expect(after.balance).toBe(isClosed ? '0.00' : '1.00')
  }
})
