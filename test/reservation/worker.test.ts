import { newSeed } from '../harness/random'
import { pollUntil } from '../harness/poll'
import { newReservationApp } from '../../pkg/reservation/app/reservation'
import { newReservationStore } from '../../pkg/reservation/sql/store'
import { newLogRecorder, openShop, type Shop } from './shop'

let shop: Shop
afterEach(() => shop.close())

test('R2 R3: 1,000 lines are all reserved by a slow service, with a bounded number of calls in flight', async () => {
  shop = await openShop({ reserveDelayMs: 100 })
  const lines = await shop.add({ count: 1000 })
  shop.startWorker({ upstream: { timeout_ms: 20_000 }, reservation: { in_flight_max: 100 } })
  const rows = await shop.reaches(lines, 'held')
  const { reservation } = shop.simulator.state().services
  expect(reservation.in_flight_max).toBeLessThanOrEqual(100)
  expect(reservation.in_flight_max).toBeGreaterThan(20)
  expect(shop.held()).toMatchObject({ made: 1000, pending: 0, doubled: { keys: [] } })
  expect(new Set(rows.map((row) => row.external_id)).size).toBe(1000)
  expect(rows.every((row) => row.next_at === null && row.lease_token === null)).toBe(true)
})

test('R6: batches carry many at once, and what a batch leaves open is asked for by itself', async () => {
  shop = await openShop({ reserveDelayMs: 50, batch: true })
  const lines = await shop.add({ count: 200 })
  const refused = await shop.add({ item: 'sold-out' })
  shop.startWorker({ upstream: { batch_max: 50 } })
  await shop.reaches(lines, 'held')
  const [row] = await shop.reaches(refused, 'failed')
  expect(row).toMatchObject({ attempts: 0, next_at: null })
  expect(row!.last_error).toMatch(/refuses/)
  expect(shop.simulator.state().services.reservation.calls).toBeLessThan(20)
  expect(shop.held()).toMatchObject({ made: 200, doubled: { items: expect.anything(), keys: [] } })
})

const seed = newSeed()

test(`R3: drops, errors, junk and hangs after acting: nothing is reserved twice or lost (seed ${seed})`, async () => {
  shop = await openShop({ reserveDelayMs: 10, seed })
  const lines = await shop.add({ count: 60 })
  shop.simulator.setFaults({
    seed,
    // Not so many in a row that the circuit opens, which ends in a wait.
    reservation: {
      drop: 0.1,
      error: 0.05,
      error_after: 0.05,
      half_json: 0.1,
      html: 0.1,
      hang: 0.05,
    },
  })
  shop.startWorker({
    upstream: { timeout_ms: 300 },
    reservation: { attempts_max: 1000, backoff_ms_max: 30 },
  })
  // Some 110 on the average until all are there; with much luck it takes few more than 60.
  await pollUntil(() => shop.simulator.state().services.reservation.calls > 70, {
    what: 'calls',
    timeoutMs: 30_000,
  })
  shop.simulator.setFaults({})
  await shop.reaches(lines, 'held')
  expect(shop.held()).toMatchObject({ made: 60, doubled: { keys: [] } })
  expect(shop.held().live).toHaveLength(60)
})

test('R3: what fails eight times has failed, says why, and is reserved when it is asked for again', async () => {
  shop = await openShop()
  shop.simulator.setFaults({ reservation: { error: 1 } })
  const [line] = await shop.add()
  const { log, lines } = newLogRecorder()
  const parts = shop.startWorker({ log, reservation: { backoff_base_ms: 1, backoff_ms_max: 4 } })
  const [row] = await shop.reaches([line!], 'failed')
  expect(row).toMatchObject({ attempts: 8, next_at: null })
  expect(row!.last_error).toMatch(/reservation service/)
  expect(shop.simulator.state().services.reservation.calls).toBe(8)
  expect(lines.map(({ msg }) => msg)).toContain('a reservation failed')
  shop.simulator.setFaults({})
  const app = newReservationApp({
    reservations: newReservationStore(shop.db),
    nudge: parts.nudgeReservations,
  })
  const of = { lineId: line!, userId: 'ada' }
  const told = await app.retry(of)
  expect(told).toMatchObject({ actual: 'unknown', attempts: 0, externalId: null })
  await shop.reaches([line!], 'held')
  await expect(app.retry(of)).rejects.toMatchObject({ code: 'reservation.not_failed' })
})

test('R3: a refusal is final at once, and says why', async () => {
  shop = await openShop()
  const lines = await shop.add({ item: 'sold-out' })
  shop.startWorker()
  const [row] = await shop.reaches(lines, 'failed')
  expect(row).toMatchObject({ attempts: 0, next_at: null, external_id: null })
  expect(row!.last_error).toBe('The reservation service refuses it (409).')
  expect(shop.simulator.state().services.reservation.calls).toBe(1)
})

test('R3: a service that is away burns no attempts once its circuit is open', async () => {
  shop = await openShop()
  const { url } = shop.simulator
  await shop.simulator.close()
  const lines = await shop.add({ count: 200 })
  shop.startWorker({
    upstream: { url, circuit_open_ms: 60_000 },
    reservation: { attempts_max: 8, busy_ms: 50 },
  })
  await pollUntil(async () => (await shop.rows(lines)).some(({ attempts }) => attempts > 0), {
    what: 'attempts',
  })
  await new Promise((resolve) => setTimeout(resolve, 500))
  const rows = await shop.rows(lines)
  expect(rows.filter(({ actual }) => actual === 'failed')).toEqual([])
})
