import { pollUntil } from '../harness/poll'
import { openShop, type Shop } from './shop'

let shop: Shop
afterEach(() => shop.close())

/** Nothing remains at the service, and nothing was reserved twice on the way. */
function expectNothingHeld(): void {
  expect(shop.held()).toMatchObject({ pending: 0, live: [], doubled: { items: [], keys: [] } })
}

test('R3: a line that goes before anybody looked is released without a call', async () => {
  shop = await openShop()
  const lines = await shop.add()
  await shop.remove(lines)
  shop.startWorker()
  await shop.reaches(lines, 'released')
  expect(shop.simulator.state().services.reservation.calls).toBe(0)
})

test('R3: a line that goes while its call is under way: the call ends, then it is given back', async () => {
  shop = await openShop({ reserveDelayMs: 200 })
  const lines = await shop.add()
  shop.startWorker()
  await pollUntil(() => shop.held().pending === 1, { what: 'call under way' })
  await shop.remove(lines)
  await shop.reaches(lines, 'released')
  expect(shop.held()).toMatchObject({ made: 1, released: 1 })
  expect(shop.simulator.state().services.reservation).toMatchObject({ calls: 2, aborted: 0 })
  expectNothingHeld()
})

test('R3: a line that goes when it is reserved is given back, however often that fails', async () => {
  shop = await openShop()
  const lines = await shop.add()
  shop.startWorker({ reservation: { attempts_max: 3, backoff_ms_max: 10 } })
  await shop.reaches(lines, 'held')
  shop.simulator.setFaults({ reservation: { error: 1 } })
  await shop.remove(lines)
  await pollUntil(async () => (await shop.row(lines[0]!)).attempts > 4, { what: 'attempts' })
  expect(await shop.row(lines[0]!)).toMatchObject({ actual: 'releasing', desired: 'released' })
  shop.simulator.setFaults({})
  await shop.reaches(lines, 'released')
  expect(await shop.row(lines[0]!)).toMatchObject({ attempts: 0, next_at: null, last_error: null })
  expectNothingHeld()
})

test('R3: a line that goes when nobody knows whether it was reserved is found out about, and given back', async () => {
  shop = await openShop()
  const lines = await shop.add({ count: 20 })
  shop.simulator.setFaults({ reservation: { drop: 1 } })
  shop.startWorker({ reservation: { attempts_max: 1000 } })
  await pollUntil(
    async () =>
      (await shop.rows(lines)).every(
        ({ actual, attempts }) => actual === 'unknown' && attempts > 0,
      ),
    { what: 'unknown' },
  )
  await shop.remove(lines)
  expect(shop.held().live).toHaveLength(20)
  shop.simulator.setFaults({})
  await shop.reaches(lines, 'released')
  expect(shop.held()).toMatchObject({ made: 20, released: 20 })
  expectNothingHeld()
})

test('R3: a line that goes when its attempts are used up is found out about, too', async () => {
  shop = await openShop()
  const lines = await shop.add({ count: 5 })
  shop.simulator.setFaults({ reservation: { error_after: 1 } })
  shop.startWorker({ reservation: { attempts_max: 2, backoff_ms_max: 10 } })
  await shop.reaches(lines, 'failed')
  expect(shop.held().live).toHaveLength(5)
  shop.simulator.setFaults({})
  await shop.remove(lines)
  await shop.reaches(lines, 'released')
  expectNothingHeld()
})

test('R3: what was refused leaves nothing behind when its line goes', async () => {
  shop = await openShop()
  const lines = await shop.add({ item: 'sold-out' })
  shop.startWorker()
  await shop.reaches(lines, 'failed')
  await shop.remove(lines)
  await shop.reaches(lines, 'released')
  expectNothingHeld()
})

test('R3: a service that cannot be asked about keys is asked for the same one again, and gives it back', async () => {
  shop = await openShop({ reserveDelayMs: 20 })
  const lines = await shop.add({ count: 10 })
  shop.simulator.setFaults({ reservation: { drop: 1 } })
  shop.startWorker({ upstream: { finds_by_key: false }, reservation: { attempts_max: 1000 } })
  await pollUntil(async () => (await shop.rows(lines)).every(({ attempts }) => attempts > 0), {
    what: 'attempts',
  })
  const [gone, kept] = [lines.slice(5), lines.slice(0, 5)]
  await shop.remove(gone)
  shop.simulator.setFaults({})
  await Promise.all([shop.reaches(gone, 'released'), shop.reaches(kept, 'held')])
  expect(shop.held()).toMatchObject({ made: 10, released: 5, doubled: { keys: [] } })
})
