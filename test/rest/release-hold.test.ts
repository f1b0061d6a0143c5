import { startApi, type Refused, type Sent, type TestApi } from './api'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.close())

const sent = ({ id }: { id: string }, key?: string): Sent => ({
  method: 'POST',
  path: `/holds/${id}/release`,
  ...(key !== undefined && { headers: { 'Idempotency-Key': key } }),
})
const notOpen: Refused = { status: 409, code: 'hold.not_open' }

test('gives back all of it, and moves nothing', async () => {
  const account = await api.anAccount({ balance: '10.00' })
  const hold = await api.openHold(account, '6.00')
  const answer = await api.send(sent(hold))
  const closed_at = expect.any(String) as string
  const released = { ...hold, status: 'released', remaining: '0.00', closed_at }
  expect(answer).toMatchObject({ status: 200, body: released })
  expect(await api.hold(hold.id)).toEqual(answer.body)
  expect(await api.account(account.id)).toMatchObject({ balance: '10.00', available: '10.00' })
  expect((await api.entries(account.id)).data).toHaveLength(1)
})

test('gives back what captures have left of it', async () => {
  const account = await api.anAccount({ balance: '10.00' })
  const hold = await api.openHold(account, '6.00')
  await api.capture(hold, '4.00')
  const shown = { status: 'released', captured: '4.00', remaining: '0.00' }
  expect(await api.release({ id: hold.id.toUpperCase() })).toMatchObject(shown)
  expect(await api.account(account.id)).toMatchObject({ balance: '6.00', available: '6.00' })
})

test('refuses a hold that is not there, captured, released or expired', async () => {
  const account = await api.anAccount({ balance: '10.00' })
  const missing = { id: '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e' }
  await api.refuses(sent(missing), { status: 404, code: 'hold.not_found' })
  const [captured, released, expired] = [
    await api.openHold(account, '1.00'),
    await api.openHold(account, '1.00'),
    await api.openHold(account, '1.00'),
  ]
  await api.capture(captured)
  await api.release(released)
  await api.expire(expired)
  for (const hold of [captured, released, expired]) await api.refuses(sent(hold), notOpen)
})

test('a key gives the first answer again, to the byte, a refusal included', async () => {
  const account = await api.anAccount({ balance: '10.00' })
  const hold = await api.openHold(account, '6.00', { metadata: { b: 1, aa: 2 } })
  const request = sent(hold, 'release-1')
  const first = await api.send(request)
  expect(first.status).toBe(200)
  await api.replays(request, first)
  await api.restart()
  await api.replays(request, first)
  const refused = await api.refuses(sent(hold, 'release-2'), { ...notOpen, remembered: true })
  const again = await api.refuses(sent(hold, 'release-2'), notOpen)
  expect({ ...again, instance: '' }).toEqual({ ...refused, instance: '' })
  const other = await api.openHold(account, '1.00')
  await api.refuses(sent(other, 'release-1'), { status: 422, code: 'idempotency.key_reused' })
  const capture = { ...sent(hold, 'release-1'), path: `/holds/${hold.id}/capture`, json: {} }
  await api.refuses(capture, { status: 422, code: 'idempotency.key_reused' })
})

test('released and captured at once: one of them wins, and the money is there once', async () => {
  for (let round = 0; round < 10; round++) {
    const account = await api.anAccount({ balance: '10.00' })
    const hold = await api.openHold(account, '10.00')
    const [released, captured] = await Promise.all([
      api.send(sent(hold)),
      api.send({ method: 'POST', path: `/holds/${hold.id}/capture`, json: {} }),
    ])
    const balance = captured.status === 201 ? '0.00' : '10.00'
    expect([released.status, captured.status].sort()).toEqual([
      captured.status === 201 ? 201 : 200,
      409,
    ])
    expect(await api.account(account.id)).toMatchObject({ balance, available: balance })
  }
})
