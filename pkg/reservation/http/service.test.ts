import { Fault, type FaultSpec } from '../../../internal/fault/fault'
import { upstreamFaults } from '../../../internal/upstream/fault'
import { newReservationService, newReserveMany, type Caller } from './service'

const never = { signal: new AbortController().signal, traceparent: null }
const request = { key: 'key', item: 'laptop' }

/** A service that answers this to whatever it is asked. */
function answering(status: number, body?: unknown, retryAfterMs?: number) {
  const asked: object[] = []
  const caller: Caller = {
    async call({ schema, signal: _, ...call }) {
      asked.push(call)
      const parsed = body === undefined ? undefined : schema.parse(body)
      return { status, body: parsed, ...(retryAfterMs !== undefined && { retryAfterMs }) }
    },
  }
  return { asked, service: newReservationService(caller, { canFind: true }), caller }
}

function failing(error: unknown) {
  const caller: Caller = { call: () => Promise.reject(error) }
  return newReservationService(caller, { canFind: true })
}

const fault = (spec: FaultSpec) => new Fault(spec, { detail: 'why', retryAfterSeconds: 2 })
const unanswered = (status: number) => ({
  kind: 'unanswered',
  reason: `The reservation service answered ${status}.`,
})

test('R2: reserves under a key, by one call that nobody repeats', async () => {
  const { service, asked } = answering(200, { reservation_id: 1234 })
  expect(await service.reserve(request, never)).toEqual({ kind: 'reserved', externalId: 1234n })
  expect(asked).toEqual([
    {
      ...{ method: 'POST', path: '/reserve', body: { item: 'laptop' }, withoutRetries: true },
      headers: { 'idempotency-key': 'key' },
    },
  ])
})

test.each([400, 404, 410, 422])('%i to a reservation is final', async (status) => {
  const outcome = await answering(status).service.reserve(request, never)
  expect(outcome).toEqual({
    kind: 'refused',
    reason: `The reservation service refuses it (${status}).`,
  })
})

test('409 to a reservation is final, unless another request under its key may be under way', async () => {
  const reason = 'The reservation service refuses it (409).'
  expect(await answering(409).service.reserve(request, never)).toEqual({ kind: 'conflict', reason })
  const { service } = answering(409, undefined, 2_000)
  const retryAfterMs = 2_000
  expect(await service.reserve(request, never)).toEqual({ kind: 'conflict', reason, retryAfterMs })
})

test('what is for now is so for as long as the service asks for', async () => {
  const { service } = answering(429, undefined, 3_000)
  const outcome = { ...unanswered(429), retryAfterMs: 3_000 }
  expect(await service.reserve(request, never)).toEqual(outcome)
  expect(await service.findByKey!('key', never)).toEqual(outcome)
  expect(await service.release(7n, never)).toEqual(outcome)
})

test.each([401, 403, 407, 408, 425, 429])('%i is for now', async (status) => {
  expect(await answering(status).service.reserve(request, never)).toEqual(unanswered(status))
})

test.each([
  [
    'reserved',
    200,
    { reservation_id: 7, status: 'reserved' },
    { kind: 'reserved', externalId: 7n },
  ],
  ['still being made', 202, { status: 'pending' }, { kind: 'under_way' }],
  ['given back', 200, { reservation_id: 7, status: 'released' }, { kind: 'given_back' }],
  ['unknown', 404, undefined, { kind: 'absent' }],
  ['not to be asked', 405, undefined, { kind: 'unsupported' }],
  ['for now', 429, undefined, unanswered(429)],
])('by its key it is %s', async (_, status, body, outcome) => {
  const { service, asked } = answering(status, body)
  expect(await service.findByKey!('a&b', never)).toEqual(outcome)
  expect(asked).toMatchObject([{ method: 'GET', path: '/reserve?key=a%26b' }])
})

test('a service that cannot tell is not asked', () => {
  const service = newReservationService(answering(200).caller, { canFind: false })
  expect(service.findByKey).toBeUndefined()
})

test.each([
  [204, { kind: 'given_back' }],
  [404, { kind: 'given_back' }],
  [410, { kind: 'given_back' }],
  [409, unanswered(409)],
])('giving back is answered with %i', async (status, outcome) => {
  const { service, asked } = answering(status)
  expect(await service.release(7n, never)).toEqual(outcome)
  expect(asked).toMatchObject([{ method: 'DELETE', path: '/reserve/7' }])
})

test('what is thrown on the way is no answer; a closed way is busy; what we cut ourselves is cut', async () => {
  const { busy, ...others } = upstreamFaults
  for (const spec of Object.values(others)) {
    const outcome = await failing(fault(spec)).reserve(request, never)
    expect(outcome).toEqual({ kind: 'unanswered', reason: 'why', retryAfterMs: 2_000 })
  }
  expect(await failing(fault(busy)).release(7n, never)).toEqual({ kind: 'busy', reason: 'why' })
  const gone = AbortSignal.abort()
  expect(
    await failing(new Error('aborted')).reserve(request, { signal: gone, traceparent: null }),
  ).toEqual({ kind: 'cut' })
})

test('a defect is no outcome', async () => {
  await expect(failing(new Error('defect')).reserve(request, never)).rejects.toThrow('defect')
})

test('R6: a batch answers each by its key, and leaves open what it gives no id for', async () => {
  const reservations = [
    { key: 'b', reservation_id: 2 },
    { key: 'a', error: 'sold out' },
  ]
  const { caller, asked } = answering(200, { reservations })
  const requests = ['a', 'b', 'c'].map((key) => ({ key, item: 'laptop' }))
  expect(await newReserveMany(caller)(requests, never)).toEqual([
    undefined,
    { kind: 'reserved', externalId: 2n },
    undefined,
  ])
  expect(asked).toMatchObject([{ path: '/reserve/batch', body: { items: requests } }])
  expect(await newReserveMany(answering(404).caller)(requests, never)).toEqual(
    requests.map(() => unanswered(404)),
  )
})
