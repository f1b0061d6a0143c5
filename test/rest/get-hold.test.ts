import { startApi, type TestApi } from './api'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.close())

test('shows a hold as it is now, from opening to its end', async () => {
  const [account, shop] = [await api.anAccount({ balance: '10.00' }), await api.anAccount()]
  const opened = await api.openHold(account, '6.00', { counterparty_id: shop.id })
  expect(await api.hold(opened.id)).toEqual(opened)
  expect(opened).toMatchObject({ counterparty_id: shop.id, status: 'open', closed_at: null })
  const { hold: half } = await api.capture(opened, '2.00')
  expect(half).toEqual({ ...opened, captured: '2.00', remaining: '4.00' })
  expect(await api.hold(opened.id)).toEqual(half)
  const released = await api.release(opened)
  expect(await api.hold(opened.id)).toEqual(released)
  expect(released).toMatchObject({ captured: '2.00', remaining: '0.00', status: 'released' })
})

test('shows it expired before anything was written, and with the same moment afterwards', async () => {
  const account = await api.anAccount({ balance: '10.00' })
  const hold = await api.openHold(account, '6.00', { expires_at: '9999-01-01T00:00:00Z' })
  await api.capture(hold, '1.00')
  await api.expire(hold)
  const before = await api.hold(hold.id)
  const shown = { status: 'expired', captured: '1.00', remaining: '0.00' }
  expect(before).toMatchObject({ ...shown, closed_at: before.expires_at })
  await api.deposit(account, '1.00')
  expect(await api.sql('select closed_as from hold where id = $1', [hold.id])).toEqual([
    { closed_as: 'expired' },
  ])
  expect(await api.hold(hold.id)).toEqual(before)
})

test('refuses a hold that is not there, also under the id of a transaction', async () => {
  const { id } = await api.deposit(await api.anAccount(), '1.00')
  const refused = { status: 404, code: 'hold.not_found' }
  await api.refuses({ path: `/holds/${id}` }, refused)
  await api.refuses({ path: '/holds/0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e' }, refused)
})

test.each(['x', '0197f3a0', '%00', '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6g', 'null', '%F0%9F%98%80'])(
  'refuses the id %s in every path',
  async (id) => {
    const refused = { status: 400, code: 'request.invalid', paths: ['id'] }
    await api.refuses({ path: `/holds/${id}` }, refused)
    await api.refuses({ method: 'POST', path: `/holds/${id}/capture`, json: {} }, refused)
    await api.refuses({ method: 'POST', path: `/holds/${id}/release` }, refused)
    const json = { expires_at: null }
    await api.refuses({ method: 'POST', path: `/holds/${id}/extend`, json }, refused)
  },
)

test('finds it however its id is written', async () => {
  const hold = await api.openHold(await api.anAccount({ balance: '1.00' }), '1.00')
  expect((await api.hold(hold.id.toUpperCase())).id).toBe(hold.id)
})
