import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'
import { pollUntil } from '../../test/harness/poll'
import { newSeed } from '../../test/harness/random'
import { getProduct, startWorld, type World } from './fixture'
import { newUpstream, type Upstream } from './upstream'

const seed = newSeed()

let world: World
afterEach(() => world?.simulator.close())

const calls = () => world.simulator.state().services.product.calls
const outcomes = () =>
  world.events.flatMap((event) => (event.kind === 'call' ? [event.outcome] : []))
const retries = () => world.events.filter(({ kind }) => kind === 'retry').length
const circuit = () =>
  world.events.flatMap((event) => (event.kind === 'breaker' ? [event.state] : []))

async function codeOf(asking: Promise<unknown>): Promise<string> {
  return asking.then(
    () => 'ok',
    (error: { code: string }) => error.code,
  )
}

describe('retries', () => {
  test('make up for a user service that fails every other time (O4, case 4)', async () => {
    world = await startWorld()
    const schema = z.object({ firstName: z.string() })
    const path = '/users/e6f24d7d1c7e'
    const { status, body } = await world
      .upstream({ name: 'user', retries: 1 })
      .call({ method: 'GET', path, schema })
    expect([status, body?.firstName]).toEqual([200, 'Grace'])
    expect(world.simulator.state().services.user.calls).toBe(2)
    expect(retries()).toBe(1)
  })

  test.each([
    ['a POST without a key', 'POST', {}, 1],
    ['a POST with a key', 'POST', { 'Idempotency-Key': 'a' }, 3],
    ['a DELETE', 'DELETE', {}, 3],
  ] as const)('%s: %s %o is tried %i times', async (_what, method, headers, tries) => {
    world = await startWorld({ delayScale: 0 })
    world.simulator.setFaults({ reservation: { error: 1 } })
    const path = method === 'POST' ? '/reserve' : '/reserve/1'
    const request = { method, path, headers, body: { item: 'laptop' }, schema: z.unknown() }
    const upstream = world.upstream({ retries: 2 })
    expect(await codeOf(upstream.call(request))).toBe('upstream.failed')
    expect(world.simulator.state().services.reservation.calls).toBe(tries)
    await codeOf(upstream.call({ ...request, withoutRetries: true }))
    expect(world.simulator.state().services.reservation.calls).toBe(tries + 1)
  })

  test.each(['html', 'redirect', 'long_name'])('are not made for %s', async (fault) => {
    world = await startWorld({ delayScale: 0 })
    world.fail({ [fault]: 1 })
    await codeOf(getProduct(world.upstream({ retries: 2 })))
    expect(calls()).toBe(1)
  })

  test('ask a service that fails for everybody hardly more often than there are callers', async () => {
    world = await startWorld({ delayScale: 0 })
    world.fail({ error: 1 })
    const breaker = { callsMin: 1000 }
    const upstream = world.upstream({ retries: 2, retryTokensMax: 20, breaker, now: () => 0 })
    for (let i = 0; i < 100; i++) {
      expect(await codeOf(getProduct(upstream))).toBe('upstream.failed')
    }
    // Half of the tokens: each failure takes one, the first tries' as well.
    expect(calls()).toBeLessThanOrEqual(100 + 10)
    expect(retries()).toBe(calls() - 100)
    expect(retries()).toBeGreaterThan(0)
  })

  test('come back when the service has answered for a while', async () => {
    world = await startWorld({ delayScale: 0 })
    const upstream = world.upstream({ retries: 1, retryTokensMax: 4, now: () => 0 })
    world.fail({ error: 1 })
    for (let i = 0; i < 4; i++) await codeOf(getProduct(upstream))
    const before = retries()
    await codeOf(getProduct(upstream))
    expect(retries()).toBe(before)
    world.fail({})
    for (let i = 0; i < 40; i++) await getProduct(upstream)
    world.fail({ error: 1 })
    await codeOf(getProduct(upstream))
    expect(retries()).toBe(before + 1)
  })

  test(`leave a mixed bag of faults with few failures (SEED=${seed})`, async () => {
    world = await startWorld({ delayScale: 0, seed })
    world.fail({ error: 0.03, drop: 0.03 })
    const upstream = world.upstream({ retries: 2, now: () => 0 })
    const codes = []
    for (let i = 0; i < 200; i++) codes.push(await codeOf(getProduct(upstream)))
    expect(codes.filter((code) => code !== 'ok').length).toBeLessThan(10)
    expect(calls()).toBeLessThanOrEqual(200 + retries())
  })
})

describe('Retry-After', () => {
  let server: Server
  afterEach(() => new Promise((resolve) => server.close(resolve)))

  async function serve(status: number, retryAfter: string) {
    let asked = 0
    server = createServer((_req, res) => {
      asked += 1
      if (asked === 1) res.writeHead(status, { 'retry-after': retryAfter }).end()
      else res.end('{}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  function ask(baseUrl: string, budgetMs: number) {
    const limits = {
      timeoutMs: 1000,
      inFlightMax: 1,
      queueMax: 0,
      backoff: { baseMs: 1, capMs: 1 },
    }
    const upstream = newUpstream({ name: 'busy', baseUrl, retries: 1, budgetMs, ...limits })
    return upstream.call({ method: 'GET', path: '/', schema: z.object({}) })
  }

  test.each([503, 429])('of a %i is waited for when there is time', async (status) => {
    const begin = performance.now()
    expect((await ask(await serve(status, '1'), 5000)).status).toBe(200)
    expect(performance.now() - begin).toBeGreaterThan(990)
  })

  test('of a 503 beyond the budget is told with the fault, at once', async () => {
    const asking = ask(await serve(503, '60'), 5000)
    await expect(asking).rejects.toMatchObject({ code: 'upstream.failed', retryAfterSeconds: 60 })
  })

  test('of a 429 beyond the budget is told with the answer, at once', async () => {
    const answer = await ask(await serve(429, '60'), 5000)
    expect(answer).toEqual({ status: 429, body: undefined, retryAfterMs: 60_000 })
  })
})

describe('the circuit', () => {
  const breaker = { callsMin: 20, failureShare: 0.5, openMs: 50 }

  async function breakIt(upstream: Upstream) {
    world.fail({ error: 1 })
    for (let i = 0; i < 20; i++) await codeOf(getProduct(upstream))
    expect(upstream.state().breaker).toBe('open')
  }

  /** Asks until the circuit lets one call through. */
  function probe(upstream: Upstream) {
    return pollUntil(
      async () => {
        const code = await codeOf(getProduct(upstream))
        return code !== 'upstream.busy' && code
      },
      { what: 'probe' },
    )
  }

  test('stays closed before the twentieth call, and opens at it', async () => {
    world = await startWorld({ delayScale: 0 })
    const upstream = world.upstream({ breaker })
    world.fail({ error: 1 })
    for (let i = 0; i < 19; i++) await codeOf(getProduct(upstream))
    expect(upstream.state().breaker).toBe('closed')
    await codeOf(getProduct(upstream))
    expect(upstream.state().breaker).toBe('open')
  })

  test('refuses at once while it is open, asks one at a time, and closes when that goes well', async () => {
    world = await startWorld({ delayScale: 0 })
    const upstream = world.upstream({ breaker })
    await breakIt(upstream)
    expect(await codeOf(getProduct(upstream))).toBe('upstream.busy')
    expect(calls()).toBe(20)
    expect(await probe(upstream)).toBe('upstream.failed')
    expect(upstream.state().breaker).toBe('open')
    world.fail({})
    expect(await probe(upstream)).toBe('ok')
    expect(upstream.state().breaker).toBe('closed')
    expect(circuit()).toEqual(['open', 'half_open', 'open', 'half_open', 'closed'])
  })

  test('keeps nobody waiting for the call that tries the service', async () => {
    world = await startWorld({ delayScale: 0 })
    const upstream = world.upstream({ breaker, timeoutMs: 1000 })
    await breakIt(upstream)
    world.fail({ hang: 1 })
    const probing = probe(upstream)
    await pollUntil(() => upstream.state().breaker === 'half_open', { what: 'probe' })
    expect(await codeOf(getProduct(upstream))).toBe('upstream.busy')
    expect(upstream.state().breaker).toBe('half_open')
    expect(await probing).toBe('upstream.timeout')
  })

  test('stays open when the caller of the one call gives up', async () => {
    world = await startWorld({ delayScale: 0 })
    const upstream = world.upstream({ breaker })
    await breakIt(upstream)
    world.fail({ hang: 1 })
    const gone = new AbortController()
    const probing = pollUntil(
      () =>
        upstream
          .call({ method: 'GET', path: '/products/x', schema: z.any(), signal: gone.signal })
          .catch((error: { code?: string }) => error.code !== 'upstream.busy' && error),
      { what: 'probe' },
    )
    await pollUntil(() => upstream.state().breaker === 'half_open', { what: 'probe' })
    gone.abort(new Error('gone'))
    expect(await probing).toEqual(new Error('gone'))
    expect(upstream.state().breaker).toBe('open')
  })

  test('does not count refusals, answers that cannot be used, and callers that give up', async () => {
    world = await startWorld({ delayScale: 0 })
    const upstream = world.upstream({ breaker })
    for (let i = 0; i < 30; i++) expect((await getProduct(upstream, 'none')).status).toBe(404)
    world.fail({ html: 1 })
    for (let i = 0; i < 60; i++) await codeOf(getProduct(upstream))
    world.fail({ hang: 1 })
    for (let i = 0; i < 60; i++) {
      const signal = AbortSignal.timeout(1)
      const request = { method: 'GET', path: '/products/x', schema: z.any(), signal } as const
      await codeOf(upstream.call(request))
    }
    expect(upstream.state().breaker).toBe('closed')
  })
})

describe('the bulkhead', () => {
  test('bounds what is under way, and how many wait for how long', async () => {
    world = await startWorld({ delayScale: 1 })
    const upstream = world.upstream({ inFlightMax: 4, queueMax: 3, queueWaitMsMax: 50 })
    const asking = Array.from({ length: 10 }, () => codeOf(getProduct(upstream)))
    expect(upstream.state()).toMatchObject({ inFlight: 4, queued: 3 })
    const codes = await Promise.all(asking)
    expect(codes.sort()).toEqual([...Array(4).fill('ok'), ...Array(6).fill('upstream.busy')])
    expect(world.simulator.state().services.product.in_flight_max).toBe(4)
    expect(outcomes().slice(0, 6)).toEqual(Array(6).fill('busy'))
  })

  test('keeps a minute-long product from taking the places of the others', async () => {
    world = await startWorld({ delayScale: 0.02 })
    const patient = world.upstream({ inFlightMax: 2, timeoutMs: 60_000, queueWaitMsMax: 1 })
    const quick = world.upstream({ inFlightMax: 2 })
    const slow = Array.from({ length: 8 }, () => codeOf(getProduct(patient, 'family-box')))
    await pollUntil(() => patient.state().inFlight === 2, { what: 'slow calls' })
    expect(await codeOf(getProduct(quick))).toBe('ok')
    expect(patient.state().inFlight).toBe(2)
    expect((await Promise.all(slow)).filter((code) => code === 'ok')).toHaveLength(2)
  })
})
