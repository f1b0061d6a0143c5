import { pollUntil } from '../harness/poll'
import { aCaller, openRig, type Rig } from './rig'

let rig: Rig
afterEach(() => rig.close())

const ordered = { user_id: 'u', product_code: 'p' }
const inProcess = { worker: { in_process: true } }

test('without a collector the trace of the caller is handed on as it is, by the worker too', async () => {
  rig = await openRig({ withoutWorker: true, trace: {}, api: inProcess })
  const { traceId, headers } = aCaller()
  await rig.send('/orders', { json: ordered, headers: { ...headers, prefer: 'respond-async' } })
  const heard = () => rig.service.traceparents.filter((one) => one === headers.traceparent)
  await pollUntil(() => heard().length === 2, { what: 'call of both services' })
  await pollUntil(() => rig.lines().some((line) => line.trace_id === traceId), { what: 'line' })
  expect(await rig.metrics()).not.toContain('tillbook_trace_spans_total')
})

test('without a collector a request that brings no trace has one of its own, in the log and further on', async () => {
  rig = await openRig({ withoutWorker: true, trace: {} })
  const headers = { 'x-request-id': 'mine', traceparent: 'no trace at all' }
  expect((await rig.send('/orders', { json: ordered, headers })).status).toBe(201)
  const line = await pollUntil(() => rig.lines().find((one) => one.request_id === 'mine'), {
    what: 'line',
  })
  expect(line.trace_id).toMatch(/^[0-9a-f]{32}$/)
  const expected = expect.stringMatching(`^00-${String(line.trace_id)}-[0-9a-f]{16}-00$`) as string
  expect(rig.service.traceparents).toEqual([expected, expected])
})

test('a collector that is away costs spans, and nothing else', async () => {
  // Nothing listens on the port of discarded bytes.
  rig = await openRig({ withoutWorker: true, trace: { otlp_url: 'http://127.0.0.1:9' } })
  expect((await rig.send('/orders', { json: ordered })).status).toBe(201)
  const isLost = (text: string) => /tillbook_trace_spans_total\{outcome="lost"\} [1-9]/.test(text)
  await pollUntil(async () => isLost(await rig.metrics()), {
    what: 'lost spans',
    timeoutMs: 20_000,
  })
  const told = rig.lines().filter(({ msg }) => msg === 'spans cannot be sent')
  expect(told).toHaveLength(1)
})

test('with a ratio of 0 nothing is recorded, whatever the caller does', async () => {
  rig = await openRig({
    withoutWorker: true,
    trace: { otlp_url: 'http://127.0.0.1:9', sample_ratio: 0 },
  })
  const { traceId, headers } = aCaller()
  await rig.send('/orders', { json: ordered, headers })
  expect(rig.service.traceparents).toHaveLength(2)
  for (const one of rig.service.traceparents) expect(one).toMatch(`00-${traceId}-`)
  expect(rig.service.traceparents.every((one) => one!.endsWith('-00'))).toBe(true)
})
