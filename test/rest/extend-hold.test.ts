import { startApi, type Refused, type Sent, type TestApi } from './api'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.close())

const [near, far] = ['9000-01-01T00:00:00.000000Z', '9999-12-31T23:59:59.999999Z']
const sent = ({ id }: { id: string }, json: unknown, key?: string): Sent => ({
  method: 'POST',
  path: `/holds/${id}/extend`,
  json,
  ...(key !== undefined && { headers: { 'Idempotency-Key': key } }),
})
const notOpen: Refused = { status: 409, code: 'hold.not_open' }
const invalid: Refused = { status: 400, code: 'request.invalid', paths: ['expires_at'] }

test('sets a later end, an earlier one, and none', async () => {
  const account = await api.anAccount({ balance: '10.00' })
  const hold = await api.openHold(account, '6.00', { expires_at: near })
  for (const expires_at of [far, near, null, near]) {
    const extended = await api.extend({ id: hold.id.toUpperCase() }, expires_at)
    expect(extended).toEqual({ ...hold, expires_at })
    expect(await api.hold(hold.id)).toEqual(extended)
  }
  expect(await api.account(account.id)).toMatchObject({ balance: '10.00', available: '4.00' })
})

test('the end that counts is the last one that was set', async () => {
  const account = await api.anAccount({ balance: '10.00' })
  const hold = await api.openHold(account, '6.00')
  await api.extend(hold, near)
  await api.expire(hold)
  expect((await api.account(account.id)).available).toBe('10.00')
  await api.refuses(sent(hold, { expires_at: far }), notOpen)
})

test.each(['0001-01-01T00:00:00Z', '2020-01-01T00:00:00+14:00'])(
  'refuses an end that is over: %s',
  async (expires_at) => {
    const hold = await api.openHold(await api.anAccount({ balance: '1.00' }), '1.00')
    await api.refuses(sent(hold, { expires_at }), invalid)
  },
)

test.each<unknown>([{}, { expires_at: 'never' }, { expires_at: 1 }, { expires_at: 'infinity' }])(
  'refuses %j: no end has to be said',
  async (json) => {
    const hold = await api.openHold(await api.anAccount({ balance: '1.00' }), '1.00')
    await api.refuses(sent(hold, json), invalid)
  },
)

test('refuses a hold that is not there, captured, released or expired', async () => {
  const account = await api.anAccount({ balance: '10.00' })
  const missing = { id: '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e' }
  const json = { expires_at: far }
  await api.refuses(sent(missing, json), { status: 404, code: 'hold.not_found' })
  const [captured, released, expired] = [
    await api.openHold(account, '1.00'),
    await api.openHold(account, '1.00'),
    await api.openHold(account, '1.00'),
  ]
  await api.capture(captured)
  await api.release(released)
  await api.expire(expired)
  for (const hold of [captured, released, expired]) await api.refuses(sent(hold, json), notOpen)
})

test('a key gives the first answer again, to the byte, although the end is another by now', async () => {
  const hold = await api.openHold(await api.anAccount({ balance: '10.00' }), '6.00')
  const request = sent(hold, { expires_at: far }, 'extend-1')
  const first = await api.send(request)
  expect(first.status).toBe(200)
  await api.replays(request, first)
  await api.capture(hold, '1.00')
  await api.extend(hold, near)
  await api.release(hold)
  await api.restart()
  await api.replays(request, first)
  const refused = sent(hold, { expires_at: far }, 'extend-2')
  const problem = await api.refuses(refused, { ...notOpen, remembered: true })
  expect(await api.refuses(refused, notOpen)).toEqual({
    ...problem,
    instance: expect.any(String) as string,
  })
  const reused = { status: 422, code: 'idempotency.key_reused' }
  await api.refuses(sent(hold, { expires_at: near }, 'extend-1'), reused)
  await api.refuses(sent(hold, { expires_at: null }, 'extend-1'), reused)
})
