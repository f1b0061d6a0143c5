import { startApi, type TestApi } from './api'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.close())

test('answers what was answered when it was created', async () => {
  const account = await api.anAccount()
  const created = await api.deposit(account, '12.5', {
    description: 'Pay\nday',
    metadata: { z: [1, { b: null, a: 0.1 }], a: 'ä' },
    effective_at: '2020-02-29T12:00:00.000001+01:00',
  })
  expect(created).toMatchObject({
    amount: '12.50',
    effective_at: '2020-02-29T11:00:00.000001Z',
    counterparty_id: 'world:EUR',
    reverses_id: null,
  })
  expect(await api.transaction(created.id)).toEqual(created)
})

test('sees a transfer from the account that it was posted to', async () => {
  const [from, to] = [await api.anAccount({ balance: '5.00' }), await api.anAccount()]
  const created = await api.deposit(from, '-5.00', { counterparty_id: to.id })
  const sides = { account_id: from.id, counterparty_id: to.id, amount: '-5.00' }
  expect(await api.transaction(created.id)).toMatchObject(sides)
})

test('takes the id in capitals, too', async () => {
  const created = await api.deposit(await api.anAccount(), '1.00')
  expect(await api.transaction(created.id.toUpperCase())).toEqual(created)
})

test('refuses a transaction that is not there', async () => {
  const path = '/transactions/0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e'
  await api.refuses({ path }, { status: 404, code: 'transaction.not_found' })
})

test.each(['1', 'x', '0197f3a05b6e7c419d2e3f1a2b4c5d6e', '%7B0197f3a0%7D', '%00'])(
  'refuses %s, which is no UUID',
  async (id) => {
    const refused = { status: 400, code: 'request.invalid', paths: ['id'] }
    await api.refuses({ path: `/transactions/${id}` }, refused)
  },
)
