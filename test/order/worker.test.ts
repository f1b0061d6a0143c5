import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startOrders } from '../../cmd/worker/wiring/orders'
import { newMetrics } from '../../internal/metrics/metrics'
import { silentLog } from '../harness/log'
import { pollUntil } from '../harness/poll'
import { spawnProgram } from '../harness/program'
import { ada, openShop, orderOf, patient, shopConfig, type Shop } from './shop'
import { never, startService, type Service } from './service'

// O3, O4: what goes on with pending orders, whatever becomes of the processes that do it.

const later = { headers: { prefer: 'respond-async' } }
const wellUser = { id: ada, firstName: 'Ada', lastName: 'Lovelace' }

let service: Service
let shop: Shop

beforeEach(async () => {
  service = await startService({ [`/users/${ada}`]: wellUser })
})

afterEach(async () => {
  await shop.close()
  await service.close()
})

/** A worker more, as another process would be. */
function anotherWorker(work: Record<string, number> = {}) {
  const config = shopConfig(service.url, shop.databaseUrl, { work })
  return startOrders(config, { pool: shop.db, log: silentLog(), metrics: newMetrics() })
}

test('O4 an order whose worker is killed in mid-wait is taken over: created once, one message', async () => {
  service.answers['/products/p'] = never
  shop = await openShop({ ...patient, url: service.url, withoutWorker: true })
  const { id } = orderOf(await shop.place(ada, 'p', later))
  const file = join(mkdtempSync(join(tmpdir(), 'tillbook-')), 'worker.json')
  writeFileSync(
    file,
    JSON.stringify({
      environment: 'test',
      database: { url: shop.databaseUrl },
      http: { port: 0 },
      upstreams: { user: { url: service.url }, product: { url: service.url } },
      worker: { lease_ms: 1000, renew_interval_ms: 250, poll_interval_ms: 50 },
    }),
  )
  const killed = spawnProgram('worker', [file])
  await pollUntil(() => service.asked.has('/products/p'), { what: 'look-up' })
  expect(await shop.get(id)).toMatchObject({ status: 'pending', next_attempt_at: null })
  killed.kill('SIGKILL')
  await killed.exited

  service.answers['/products/p'] = { code: 'p', name: 'Product', price: 1 }
  const other = spawnProgram('worker', [file])
  expect(await shop.settled(id)).toMatchObject({ status: 'created', attempts: 0 })
  expect(await shop.messagesOf(id)).toHaveLength(1)
  expect((await other.close()).code).toBe(0)
})

test('O4 a worker that is closed hands its orders back as they were, at once', async () => {
  service.answers['/products/p'] = never
  shop = await openShop({ ...patient, url: service.url, work: { timeout_ms: 60_000 } })
  const { id } = orderOf(await shop.place(ada, 'p', later))
  await pollUntil(() => service.asked.has('/products/p'), { what: 'look-up' })
  await shop.worker!.close()
  const order = await shop.get(id)
  expect(order).toMatchObject({ status: 'pending', attempts: 0, customer_fullname: 'Ada Lovelace' })
  expect(order.next_attempt_at).not.toBeNull()

  service.answers['/products/p'] = { code: 'p', name: 'Product', price: 1 }
  const other = anotherWorker()
  expect((await shop.settled(id)).status).toBe('created')
  await other.close()
})

test('O3 a worker that has lost an order writes nothing any more', async () => {
  service.answers['/products/p'] = never
  shop = await openShop({ ...patient, url: service.url, work: { timeout_ms: 60_000 } })
  const { id } = orderOf(await shop.place(ada, 'p', later))
  await pollUntil(() => service.asked.has('/products/p'), { what: 'look-up' })
  // As when its lease ran out while it stood still, and another one has taken the order.
  await shop.sql(
    `update shop_order set lease_token = gen_random_uuid(), lease_until = now() + interval '1 hour',
      next_at = now() + interval '1 hour' where id = $1`,
    [id],
  )
  await pollUntil(() => shop.worker!.inFlight() === 0, { what: 'end of the handler' })
  const [row] = await shop.sql<{ leased: boolean }>(
    `select lease_until > now() + interval '50 minutes' as leased from shop_order where id = $1`,
    [id],
  )
  expect(row).toEqual({ leased: true })
  expect(await shop.messagesOf(id)).toEqual([])
})

test('O4 two workers share what there is: every order is looked up by one of them', async () => {
  shop = await openShop({ ...patient, url: service.url, withoutWorker: true })
  const placed = await Promise.all(
    Array.from({ length: 20 }, async () => orderOf(await shop.place(ada, 'p', later))),
  )
  const workers = [anotherWorker({ timeout_ms: 20_000 }), anotherWorker({ timeout_ms: 20_000 })]
  for (const { id } of placed) expect((await shop.settled(id)).status).toBe('created')
  expect(service.asked.get('/products/p')).toBe(20)
  expect((await shop.counts()).messages).toBe(20)
  await Promise.all(workers.map((worker) => worker.close()))
})

test('O4 what is known is not asked for again', async () => {
  service.answers['/products/p'] = 500
  shop = await openShop({ ...patient, url: service.url, work: { attempts_max: 3 } })
  const { id } = orderOf(await shop.place(ada, 'p'))
  const asked = service.asked.get(`/users/${ada}`)
  expect(await shop.settled(id)).toMatchObject({
    status: 'failed',
    attempts: 3,
    failure: 'The product service failed. It was tried 3 times.',
    customer_fullname: 'Ada Lovelace',
  })
  expect(service.asked.get(`/users/${ada}`)).toBe(asked)
  expect(await shop.messagesOf(id)).toEqual([])
})

test('O4 a product that turns out not to exist fails the order at once, and says so', async () => {
  shop = await openShop({ ...patient, url: service.url })
  const { id } = orderOf(await shop.place(ada, 'nothing', later))
  expect(await shop.settled(id)).toMatchObject({
    status: 'failed',
    attempts: 0,
    failure: 'The product service knows no product "nothing".',
  })
})

const circuit = { ...patient.upstreams.user, circuit_open_ms: 1000 }

test('O4 an open circuit burns no attempt, and the order is created when it closes', async () => {
  for (const name of ['u', ada]) service.answers[`/users/${name}`] = 500
  shop = await openShop({
    ...patient,
    upstreams: { user: circuit, product: circuit },
    url: service.url,
    work: { attempts_max: 1000, backoff_ms_max: 20, timeout_ms: 20_000 },
  })
  const orders = Array.from({ length: 4 }, async () => orderOf(await shop.place(ada, 'p', later)))
  const [{ id } = { id: '' }] = await Promise.all(orders)
  const asked = () => service.asked.get(`/users/${ada}`) ?? 0
  await pollUntil(() => asked() >= 20, { what: 'failures enough to open the circuit' })
  const [before, askedBefore] = [await attemptsOf(id), asked()]
  // Several rounds of looking in vain. On a slow machine they may last until the circuit tries the service again.
  const looks = await countLooks(id, 5)
  const burnt = (await attemptsOf(id)) - before
  expect(looks).toBeGreaterThanOrEqual(5)
  expect(burnt).toBeLessThanOrEqual(asked() - askedBefore)
  expect(burnt).toBeLessThan(looks)

  service.answers[`/users/${ada}`] = wellUser
  expect((await shop.settled(id)).status).toBe('created')
})

async function attemptsOf(id: string): Promise<number> {
  return (await shop.get(id)).attempts
}

/** Waits until a worker has put the order off so many times. */
async function countLooks(id: string, wanted: number): Promise<number> {
  const seen = new Set<string>()
  await pollUntil(
    async () => {
      seen.add((await shop.get(id)).updated_at)
      return seen.size > wanted
    },
    { what: `${wanted} looks at an order` },
  )
  return seen.size - 1
}

test('O4 without services the orders wait', async () => {
  const nowhere = { user: { url: undefined }, product: { url: undefined } }
  shop = await openShop({ url: service.url, upstreams: nowhere })
  const answer = await shop.place(ada, 'p')
  expect([answer.status, orderOf(answer).status]).toEqual([202, 'pending'])
})
