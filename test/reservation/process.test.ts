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
): Promise<{ program: SpawnedProgram; url: string }> {
  const file = join(folder, 'worker.json')
  const config = {
    environment: 'local',
    database: { url: shop.database.url },
    http: { port: 0 },
    ...workConfig(shop.simulator.url, changes),
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
