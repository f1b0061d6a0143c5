import { newSeed, newRandom } from '../harness/random'
import { pollUntil } from '../harness/poll'
import { newLogRecorder, openShop, type Shop } from './shop'

let shop: Shop
afterEach(() => shop.close())

test('R3 R4: a database that goes away in the middle of calls is told of once; nothing is lost or doubled', async () => {
  shop = await openShop({ reserveDelayMs: 800, withProxy: true })
  const lines = await shop.add({ count: 30 })
  const { log, lines: logged } = newLogRecorder()
  shop.startWorker({ log })
  await pollUntil(() => shop.held().pending >= 20, { what: 'calls under way' })
  shop.proxy!.mode = 'closed'
  await pollUntil(() => shop.held().live.length === 30, { what: 'calls ended' })
  await new Promise((resolve) => setTimeout(resolve, 500))
  shop.proxy!.mode = 'open'
  await shop.reaches(lines, 'held')
  expect(shop.held()).toMatchObject({ made: 30, doubled: { keys: [] } })
  const said = (message: string) => logged.filter(({ msg }) => msg === message).length
  expect(said('reservations cannot be claimed')).toBe(1)
  expect(said('no more: reservations cannot be claimed')).toBe(1)
  expect(said('reservations cannot be handled; their leases run out')).toBe(1)
})

const seed = newSeed()

test(`R3 R4: workers, service and lines come and go in any order; in the end all is as wished (seed ${seed})`, async () => {
  const random = newRandom(seed)
  shop = await openShop({ reserveDelayMs: 30, seed })
  const lines = await shop.add({ count: 60 })
  const kept = new Set(lines)
  const change = { upstream: { timeout_ms: 200 }, reservation: { attempts_max: 1000 } }
  shop.simulator.setFaults({ seed, reservation: { drop: 0.2, error: 0.2, hang: 0.02 } })
  let workers = [shop.startWorker(change), shop.startWorker(change)]
  for (let round = 0; round < 5; round++) {
    const leaving = lines.filter((line) => kept.has(line) && random.between(0, 9) === 0)
    for (const line of leaving) kept.delete(line)
    await shop.remove(leaving)
    const [first, second] = workers
    // The next one is there before the other has left, as when a new version is rolled out.
    workers = [second!, shop.startWorker(change)]
    await first!.close()
  }
  shop.simulator.setFaults({})
  const gone = lines.filter((line) => !kept.has(line))
  await Promise.all([shop.reaches([...kept], 'held'), shop.reaches(gone, 'released')])
  const held = shop.held()
  expect(held.doubled.keys).toEqual([])
  expect(held.live).toHaveLength(kept.size)
  expect(held.pending).toBe(0)
})
