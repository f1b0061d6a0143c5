import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'
import { pollUntil } from '../../test/harness/poll'
import type { FaultName } from '../simulator/fault'
import { classicBox, getProduct, productSchema, startWorld, type World } from './fixture'
import { upstreamFaults } from './fault'
import { newUpstream, type Upstream } from './upstream'

let world: World
afterEach(() => world?.simulator.close())

describe('answers', () => {
  test('2xx with its body', async () => {
    world = await startWorld()
    const answer = await getProduct(world.upstream())
    expect(answer).toEqual({ status: 200, body: classicBox })
    expect(world.events).toEqual([{ kind: 'call', outcome: 'ok', seconds: expect.any(Number) }])
  })

  test('2xx without a body, to a schema that allows it', async () => {
    world = await startWorld()
    const upstream = world.upstream()
    const request = { method: 'DELETE', path: '/reserve/7' } as const
    const answer = await upstream.call({ ...request, schema: z.undefined() })
    expect(answer).toEqual({ status: 204, body: undefined })
    const refused = upstream.call({ ...request, schema: z.object({}) })
    await expect(refused).rejects.toMatchObject({ code: 'upstream.invalid' })
  })

  test('4xx without a body, in one try', async () => {
    world = await startWorld()
    const answer = await getProduct(world.upstream({ retries: 2 }), 'nothing')
    expect(answer).toEqual({ status: 404, body: undefined })
    expect(world.simulator.state().services.product.calls).toBe(1)
    expect(world.events).toMatchObject([{ outcome: 'refused' }])
  })

  test('404 to a name that no URL can have, without asking', async () => {
    world = await startWorld()
    for (const code of ['..', '.', '%2e%2E', 'x/../../users']) {
      expect(await getProduct(world.upstream(), code)).toEqual({ status: 404, body: undefined })
    }
    expect(world.simulator.state().services.product.calls).toBe(0)
  })

  test('the same key once, and the headers that it is given', async () => {
    world = await startWorld({ delayScale: 0 })
    const reserve = () =>
      world.upstream().call({
        ...{ method: 'POST', path: '/reserve', body: { item: 'laptop' } },
        headers: { 'idempotency-key': 'a' },
        schema: z.object({ reservation_id: z.int() }),
      })
    const [first, second] = [await reserve(), await reserve()]
    expect(second).toEqual(first)
    expect(world.simulator.state().reservations).toMatchObject({ made: 1, repeated: 1 })
  })
})

describe('each fault of the outside world is told as what it is', () => {
  test.each([
    ['error', 'failed'],
    ['error_after', 'failed'],
    ['drop', 'unreachable'],
    ['hang', 'timeout'],
    ['slow_body', 'timeout'],
    ['html', 'invalid'],
    ['half_json', 'invalid'],
    ['wrong_shape', 'invalid'],
    ['redirect', 'invalid'],
    ['endless', 'invalid'],
    ['long_name', 'invalid'],
  ] satisfies [FaultName, keyof typeof upstreamFaults][])('%s: %s', async (fault, name) => {
    world = await startWorld({ delayScale: 0 })
    world.fail({ [fault]: 1 })
    // Short where it is waited for only.
    const upstream = world.upstream({ timeoutMs: name === 'timeout' ? 150 : 5000 })
    await expect(getProduct(upstream)).rejects.toMatchObject({
      spec: upstreamFaults[name],
      detail: expect.stringMatching(/^The product service [a-z ]+\.$/),
      members: { upstream: 'product' },
    })
    expect(world.events).toMatchObject([{ outcome: name }])
    expect(upstream.state()).toEqual({ breaker: 'closed', inFlight: 0, queued: 0 })
    await pollUntil(() => world.simulator.state().services.product.in_flight === 0, {
      what: 'closed connection',
    })
  })

  test('a name of 1 MB within the cap is for the schema to refuse', async () => {
    world = await startWorld({ delayScale: 0 })
    world.fail({ long_name: 1 })
    const asking = getProduct(world.upstream({ bodyBytesMax: 4 * 1024 ** 2 }))
    await expect(asking).rejects.toMatchObject({ code: 'upstream.invalid' })
  })

  test('nobody there, and no such host', async () => {
    world = await startWorld()
    await world.simulator.close()
    const refused = { code: 'upstream.unreachable' }
    await expect(getProduct(world.upstream())).rejects.toMatchObject(refused)
    const nowhere = world.upstream({ baseUrl: 'http://nowhere.invalid' })
    await expect(getProduct(nowhere)).rejects.toMatchObject(refused)
  })
})

describe('what is taken in', () => {
  test('of 10 GB is little more than the cap', async () => {
    world = await startWorld({ delayScale: 0 })
    world.fail({ endless: 1 })
    const before = process.memoryUsage().rss
    await expect(getProduct(world.upstream())).rejects.toMatchObject({ code: 'upstream.invalid' })
    const sent = await pollUntil(() => sentWhenClosed(), { what: 'closed connection' })
    // What the sockets of both sides buffer is sent, and never read.
    expect(sent).toBeLessThan(16 * 1024 ** 2)
    expect(process.memoryUsage().rss - before).toBeLessThan(256 * 1024 ** 2)
  })

  test('of a slow stream without end ends with the time-out', async () => {
    world = await startWorld({ delayScale: 0 })
    world.fail({ endless: 1 })
    const endless = world.upstream({ timeoutMs: 100, bodyBytesMax: Infinity })
    await expect(getProduct(endless)).rejects.toMatchObject({ code: 'upstream.timeout' })
    await pollUntil(() => sentWhenClosed(), { what: 'closed connection' })
  })

  function sentWhenClosed(): number | false {
    const { in_flight, bytes_sent } = world.simulator.state().services.product
    return in_flight === 0 && bytes_sent
  }
})

describe('a caller that gives up', () => {
  const reason = new Error('the client went away')

  test('is told its own reason, and the service sees the connection close', async () => {
    world = await startWorld({ delayScale: 1 })
    const gone = new AbortController()
    const asking = callWith(world.upstream({ timeoutMs: 60_000 }), gone.signal)
    const { simulator } = world
    await pollUntil(() => simulator.state().services.product.in_flight === 1, { what: 'call' })
    gone.abort(reason)
    await expect(asking).rejects.toBe(reason)
    await pollUntil(() => simulator.state().services.product.aborted === 1, { what: 'abort' })
    expect(world.events).toMatchObject([{ outcome: 'aborted' }])
  })

  test('before the call is not asked for', async () => {
    world = await startWorld()
    const asking = callWith(world.upstream(), AbortSignal.abort(reason))
    await expect(asking).rejects.toBe(reason)
    expect(world.simulator.state().services.product.calls).toBe(0)
  })

  test('between two tries has no other', async () => {
    world = await startWorld({ delayScale: 0 })
    world.fail({ error: 1 })
    const gone = new AbortController()
    const backoff = { baseMs: 60_000, capMs: 60_000 }
    const asking = callWith(world.upstream({ retries: 1, backoff, random: () => 0.9 }), gone.signal)
    const { simulator } = world
    await pollUntil(() => simulator.state().services.product.calls === 1, { what: 'call' })
    await pollUntil(() => simulator.state().services.product.in_flight === 0, { what: 'answer' })
    gone.abort(reason)
    await expect(asking).rejects.toBe(reason)
    expect(simulator.state().services.product.calls).toBe(1)
  })

  test('leaves nothing on a signal that lives long', async () => {
    world = await startWorld({ delayScale: 0 })
    const { signal } = new AbortController()
    const add = jest.spyOn(signal, 'addEventListener')
    const remove = jest.spyOn(signal, 'removeEventListener')
    const upstream = world.upstream({ inFlightMax: 1 })
    await Promise.all([callWith(upstream, signal), callWith(upstream, signal)])
    expect(add.mock.calls.length).toBe(remove.mock.calls.length)
  })

  function callWith(upstream: Upstream, signal: AbortSignal) {
    const path = '/products/family-box'
    return upstream.call({ method: 'GET', path, schema: productSchema, signal })
  }
})

describe('the time-out of a call', () => {
  test('takes the place of the usual one, for those who can wait', async () => {
    world = await startWorld({ delayScale: 0.005 })
    const upstream = world.upstream({ timeoutMs: 50, budgetMs: 60 })
    const request = { method: 'GET', path: '/products/family-box', schema: productSchema } as const
    await expect(upstream.call(request)).rejects.toMatchObject({ code: 'upstream.timeout' })
    expect((await upstream.call({ ...request, timeoutMs: 5000 })).body?.name).toBe('Family Box')
  })

  test('is bounded by the budget for all tries', async () => {
    world = await startWorld({ delayScale: 0 })
    world.fail({ hang: 1 })
    const upstream = world.upstream({ timeoutMs: 100, retries: 500, budgetMs: 250 })
    const begin = performance.now()
    await expect(getProduct(upstream)).rejects.toMatchObject({ code: 'upstream.timeout' })
    expect(performance.now() - begin).toBeLessThan(20_000)
    expect(world.simulator.state().services.product.calls).toBeLessThanOrEqual(3)
    const patient = world.upstream({ timeoutMs: 60_000, budgetMs: 50 })
    await expect(getProduct(patient)).rejects.toMatchObject({ code: 'upstream.timeout' })
  })
})

describe('a server of its own kind', () => {
  let server: Server
  afterEach(() => new Promise((resolve) => server.close(resolve)))

  async function serve(listener: RequestListener) {
    server = createServer(listener)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`
    const limits = { timeoutMs: 1000, retries: 0, inFlightMax: 1, queueMax: 0 }
    return newUpstream({ name: 'odd', baseUrl, ...limits })
  }

  const ask = (upstream: Upstream) =>
    upstream.call({ method: 'GET', path: '/a?b=c', schema: z.unknown() })

  test('is asked below the base URL, uncompressed, with the given headers', async () => {
    let seen: unknown
    const upstream = await serve((req, res) => {
      const { traceparent, 'accept-encoding': encoding } = req.headers
      seen = { url: req.url, traceparent, encoding }
      res.end('{}')
    })
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const request = { method: 'GET', path: '/a?b=c', schema: z.unknown() } as const
    await upstream.call({ ...request, headers: { traceparent } })
    expect(seen).toEqual({ url: '/api/a?b=c', traceparent, encoding: 'identity' })
  })

  test.each<[string, RequestListener]>([
    ['headers without end', (_req, res) => void res.setHeader('x', 'y'.repeat(100_000)).end()],
    ['what is no UTF-8', (_req, res) => void res.end(Buffer.from([0x22, 0xff, 0x22]))],
    ['what is no HTTP', (req) => void req.socket.end('SSH-2.0-x\r\n')],
    ['a length above the cap', (_req, res) => void res.setHeader('content-length', 1e9).write('1')],
    ['nesting without end', (_req, res) => void res.end('['.repeat(60_000))],
    ['something that was not modified', (_req, res) => void res.writeHead(304).end()],
  ])('is refused %s', async (_what, listener) => {
    const upstream = await serve(listener)
    await expect(ask(upstream)).rejects.toMatchObject({ code: 'upstream.invalid' })
  })

  test('is unreachable when it ends in the middle of an answer', async () => {
    const upstream = await serve((req, res) => {
      res.writeHead(200, { 'content-length': 100 }).write('{"half":')
      setImmediate(() => req.socket.destroy())
    })
    await expect(ask(upstream)).rejects.toMatchObject({ code: 'upstream.unreachable' })
  })

  test('keeps its connection from call to call, refusals included', async () => {
    const sockets = new Set()
    const upstream = await serve((req, res) => {
      sockets.add(req.socket)
      const body = '{"error":"not found"}'
      res.writeHead(404, { 'content-length': body.length }).end(body)
    })
    for (let i = 0; i < 20; i++) expect((await ask(upstream)).status).toBe(404)
    // The second call comes before fetch has put the first one's connection back.
    expect(sockets.size).toBeLessThanOrEqual(2)
  })
})
