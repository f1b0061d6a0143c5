import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pollUntil } from '../harness/poll'
import { openShop, type Shop } from './shop'

// R2, R3: a service that answers 409 as the IETF's draft of the Idempotency-Key header has it: to a key whose
// first request is still under way.

let shop: Shop
let service: Awaited<ReturnType<typeof startService>>
beforeEach(async () => {
  service = await startService()
  shop = await openShop()
})
afterEach(async () => {
  await shop.close()
  await service.close()
})

/** Is at each reservation until it is told to go on, whoever waits; cannot be asked about keys. */
async function startService() {
  const made = new Map<string, number>()
  const underWay = new Set<string>()
  const live = new Set<number>()
  const state = { isSlow: true, isElsewhere: false, conflicts: 0, retryAfter: false }

  function finish(key: string): number {
    const id = made.get(key) ?? made.size + 1
    if (!made.has(key)) live.add(id)
    made.set(key, id)
    return id
  }

  function reserve(key: string, res: ServerResponse): void {
    if (underWay.has(key) || state.isElsewhere) {
      state.conflicts += 1
      const headers = state.retryAfter ? { 'retry-after': '0' } : {}
      return void res.writeHead(409, headers).end()
    }
    if (state.isSlow) return void underWay.add(key)
    const reservation_id = finish(key)
    res.writeHead(200, { 'content-type': 'application/json' })
    res.end(JSON.stringify({ reservation_id }))
  }

  const server = createServer((req: IncomingMessage, res) => {
    req.resume()
    const [, , id] = (req.url ?? '').split('/')
    if (req.method === 'POST') return reserve(String(req.headers['idempotency-key']), res)
    if (req.method !== 'DELETE') return void res.writeHead(405).end()
    live.delete(Number(id))
    res.writeHead(204).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    ...{ state, live, underWay },
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** What was under way comes to its end, though nobody has waited for it. */
    goOn() {
      state.isSlow = false
      for (const key of underWay) finish(key)
      underWay.clear()
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Gives a call up long before the service has an answer. */
const work = () =>
  shop.startWorker({
    upstream: { url: service.url, timeout_ms: 50 },
    reservation: { attempts_max: 1000 },
  })

test.each([false, true])(
  'R3: a line whose reservation is under way is reserved in the end (Retry-After: %s)',
  async (retryAfter) => {
    service.state.retryAfter = retryAfter
    const lines = await shop.add({ count: 3 })
    work()
    await pollUntil(() => service.state.conflicts >= 6, { what: 'conflicts' })
    expect((await shop.rows(lines)).filter(({ actual }) => actual === 'failed')).toEqual([])
    service.goOn()
    await shop.reaches(lines, 'held')
    expect(service.live.size).toBe(3)
  },
)

test('R3: a first 409 is a no, unless it asks to come again', async () => {
  Object.assign(service.state, { isElsewhere: true, retryAfter: true })
  const again = await shop.add({ count: 2 })
  work()
  await pollUntil(() => service.state.conflicts >= 6, { what: 'conflicts' })
  expect((await shop.rows(again)).filter(({ actual }) => actual === 'failed')).toEqual([])
  service.state.retryAfter = false
  const refused = await shop.add({ count: 2 })
  const rows = await shop.reaches(refused, 'failed')
  expect(rows.map(({ attempts }) => attempts)).toEqual([0, 0])
})

test('R3: a line that goes while its reservation is under way is given back in the end', async () => {
  const lines = await shop.add({ count: 3 })
  work()
  await pollUntil(() => service.state.conflicts >= 3, { what: 'conflicts' })
  await shop.remove(lines)
  const before = service.state.conflicts
  await pollUntil(() => service.state.conflicts >= before + 6, { what: 'more conflicts' })
  service.goOn()
  await shop.reaches(lines, 'released')
  expect([...service.live]).toEqual([])
})
