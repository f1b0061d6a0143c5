import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pollUntil } from '../harness/poll'
import { spawnProgram, type SpawnedProgram } from '../harness/program'
import { openShop, workConfig, type Shop, type WorkerChanges } from './shop'

let shop: Shop
const folder = mkdtempSync(join(tmpdir(), 'tillbook-worker-'))
afterEach(() => shop.close())
afterAll(() => rmSync(folder, { recursive: true }))

/** bin/tillbook-worker as a process of its own. */
async function spawnWorker(
  changes: WorkerChanges = {},
  shutdownTimeoutMs = 8000,
): Promise<{ program: SpawnedProgram; url: string }> {
  const file = join(folder, 'worker.json')
  const { url: service } = shop.simulator
  const { upstreams, worker } = workConfig(service, changes)
  const config = {
    environment: 'local',
    database: { url: shop.database.url },
    http: { port: 0, shutdown_timeout_ms: shutdownTimeoutMs },
    upstreams: { ...upstreams, user: { url: service }, product: { url: service } },
    worker,
    log: { level: 'info' },
  }
  writeFileSync(file, JSON.stringify(config))
  const program = spawnProgram('worker', [file])
  const [, url] = await program.ready(/on (http:\S+)/)
  return { program, url: url! }
}

const callsUnderWay = (count: number) =>
  pollUntil(() => shop.held().pending >= count, { what: `${count} calls under way` })

test('R3 R4: a worker that is killed in the middle of its calls is replaced, and each line is reserved once', async () => {
  shop = await openShop({ reserveDelayMs: 400 })
  const lines = await shop.add({ count: 20 })
  const { program } = await spawnWorker()
  await callsUnderWay(20)
  program.kill('SIGKILL')
  await program.exited
  expect(new Set((await shop.rows(lines)).map(({ actual }) => actual))).toEqual(
    new Set(['requesting']),
  )
  const begin = performance.now()
  shop.startWorker()
  await shop.reaches(lines, 'held')
  // Within the lease of 900 ms and the service's own 400 ms, and much for a machine that is busy.
  expect(performance.now() - begin).toBeLessThan(20_000)
  expect(shop.held()).toMatchObject({ made: 20, doubled: { keys: [] } })
  expect(shop.held().live).toHaveLength(20)
})

test('R4: SIGTERM hands back what is under way at once; the next worker loses and doubles nothing', async () => {
  shop = await openShop({ reserveDelayMs: 1_000 })
  const lines = await shop.add({ count: 20 })
  const { program } = await spawnWorker({ worker: { grace_ms: 50, lease_ms: 60_000 } })
  await callsUnderWay(20)
  program.kill('SIGTERM')
  expect(await program.exited).toMatchObject({ code: 0 })
  // Not by the end of the leases, which would last a minute.
  const rows = await shop.rows(lines)
  expect(
    rows.map(({ actual, lease_token, attempts }) => ({ actual, lease_token, attempts })),
  ).toEqual(lines.map(() => ({ actual: 'unknown', lease_token: null, attempts: 0 })))
  shop.startWorker()
  await shop.reaches(lines, 'held')
  expect(shop.held()).toMatchObject({ made: 20, doubled: { keys: [] } })
})

test('R4: SIGTERM gives orders and reservations the same grace, not one after the other', async () => {
  shop = await openShop({ reserveDelayMs: 600_000 })
  const lines = await shop.add()
  await shop.sql(pendingOrderSql)
  const leases = () =>
    shop.sql<{ lease_token: string | null }>('select lease_token from shop_order')
  // Twice the grace would not fit.
  const worker = { grace_ms: 2_000, lease_ms: 60_000 }
  const { program } = await spawnWorker({ worker, upstream: { timeout_ms: 50_000 } }, 3_000)
  await callsUnderWay(1)
  await pollUntil(async () => (await leases())[0]!.lease_token, { what: 'the order is claimed' })
  program.kill('SIGTERM')
  expect(await program.exited).toMatchObject({ code: 0 })
  const left = [...(await leases()), ...(await shop.rows(lines))]
  expect(left.map(({ lease_token }) => lease_token)).toEqual([null, null])
})

// The product service takes a minute for it.
const pendingOrderSql = `
  insert into shop_order (
    id, owner_id, user_id, status, product_code, currency, next_at, created_at, updated_at
  ) values (gen_random_uuid(), 'ada', '7c11e1ce2741', 'pending', 'family-box', 'EUR', now(), now(), now())`

test('R4: SIGTERM lets calls finish that end in time', async () => {
  shop = await openShop({ reserveDelayMs: 300 })
  const lines = await shop.add({ count: 5 })
  const { program } = await spawnWorker({ worker: { grace_ms: 5_000 } })
  await callsUnderWay(5)
  program.kill('SIGTERM')
  expect(await program.exited).toMatchObject({ code: 0 })
  expect((await shop.rows(lines)).map(({ actual }) => actual)).toEqual(lines.map(() => 'held'))
  expect(shop.simulator.state().services.reservation).toMatchObject({ calls: 5, aborted: 0 })
})

test('the worker tells that it is well, that it can work, and what there is to do', async () => {
  shop = await openShop({ reserveDelayMs: 600_000 })
  await shop.add({ count: 3 })
  const { program, url } = await spawnWorker()
  await callsUnderWay(3)
  for (const path of ['/healthz', '/readyz']) {
    expect(await (await fetch(url + path)).json()).toEqual({ status: 'ok' })
  }
  const text = await (await fetch(`${url}/metrics`)).text()
  expect(text).toMatch(/^tillbook_reservations_in_flight 3$/m)
  expect(text).toMatch(/^tillbook_reservation_oldest_due_seconds [\d.e-]+$/m)
  expect(text).toMatch(/^tillbook_reservations_reserved_total 0$/m)
  program.kill('SIGTERM')
  program.kill('SIGTERM')
  expect([0, 130]).toContain((await program.exited).code)
})
