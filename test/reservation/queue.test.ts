import { randomUUID } from 'node:crypto'
import { startLeaseLoop } from '../../internal/lease/lease'
import { firstStep, type Next, type Taken } from '../../pkg/reservation/drive'
import { newReservationQueue } from '../../pkg/reservation/sql/queue'
import { newReservationStore } from '../../pkg/reservation/sql/store'
import { actuals } from '../../pkg/reservation/reservation'
import { silentLog } from '../harness/log'
import { pollUntil } from '../harness/poll'
import { openShop, type Shop } from './shop'

let shop: Shop
beforeEach(async () => (shop = await openShop()))
afterEach(() => shop.close())

const held: Next = { actual: 'held', externalId: 7n, attempts: 0, lastError: null, inMs: null }

/** Of every lease and every pause. */
const letMinutesPass = (minutes: number) =>
  shop.sql(
    `update reservation
     set lease_until = lease_until - $1 * interval '1 minute', next_at = next_at - $1 * interval '1 minute'`,
    [minutes],
  )

test('two loops never hold the same row, and between them they leave none', async () => {
  const lines = await shop.add({ count: 300 })
  const queue = newReservationQueue(shop.db, 5_000)
  const holding = new Set<string>()
  const twice: string[] = []
  const loops = [1, 2, 3].map(() =>
    startLeaseLoop<Taken>({
      ...{ name: 'reservations', inFlightMax: 20, renewMs: 1_000, pollMs: 5, log: silentLog() },
      ...{ claim: queue.claim, renew: queue.renew },
      async handle(taken, { token }) {
        if (holding.has(taken.id)) twice.push(taken.id)
        holding.add(taken.id)
        await new Promise((resolve) => setTimeout(resolve, 1))
        // Let go before it is written down: from then on it may be somebody else's.
        holding.delete(taken.id)
        await queue.settle(taken, token, held)
      },
    }),
  )
  await shop.reaches(lines, 'held')
  await Promise.all(loops.map((loop) => loop.close()))
  expect(twice).toEqual([])
})

test('a row whose worker is gone is taken over when its lease ends, and not before', async () => {
  const [line] = await shop.add()
  const queue = newReservationQueue(shop.db, 600_000)
  const [first, second] = [randomUUID(), randomUUID()]
  expect(await queue.claim(first, 10)).toHaveLength(1)
  await letMinutesPass(5)
  expect(await queue.claim(second, 10)).toEqual([])
  await letMinutesPass(5)
  const [taken] = await queue.claim(second, 10)
  expect(taken).toMatchObject({ actual: 'requesting', desired: 'held' })
  expect((await shop.row(line!)).lease_token).toBe(second)
})

test('a lease that is renewed in time is taken over by nobody', async () => {
  await shop.add()
  const queue = newReservationQueue(shop.db, 600_000)
  const token = randomUUID()
  const [taken] = await queue.claim(token, 10)
  for (let i = 0; i < 5; i++) {
    await letMinutesPass(5)
    expect(await queue.renew(token, [taken!.id])).toEqual([taken!.id])
    expect(await queue.claim(randomUUID(), 10)).toEqual([])
  }
})

test('who lost the lease writes nothing and renews nothing', async () => {
  const [line] = await shop.add()
  const queue = newReservationQueue(shop.db, 1)
  const [late, now] = [randomUUID(), randomUUID()]
  const [taken] = await queue.claim(late, 10)
  await pollUntil(async () => (await queue.claim(now, 10)).length > 0, { what: 'row' })
  const before = await shop.row(line!)
  expect(await queue.settle(taken!, late, held)).toBe('lost')
  expect(await queue.renew(late, [taken!.id])).toEqual([])
  expect(await shop.row(line!)).toEqual(before)
  expect(await queue.settle(taken!, now, held)).toBe('written')
  expect(await queue.settle(taken!, now, held)).toBe('lost')
})

test('a wish that changed under way is due again at once, whatever is written down', async () => {
  const [line] = await shop.add()
  const queue = newReservationQueue(shop.db, 60_000)
  const token = randomUUID()
  const [taken] = await queue.claim(token, 10)
  await shop.remove([line!])
  // It is leased, so that nobody else takes it up meanwhile.
  expect(await queue.claim(randomUUID(), 10)).toEqual([])
  expect(await queue.settle(taken!, token, { ...held, attempts: 3 })).toBe('changed')
  const [again] = await queue.claim(randomUUID(), 10)
  expect(again).toMatchObject({ desired: 'released', actual: 'held', externalId: 7n, attempts: 0 })
})

test('a renewal does not wait for somebody who changes the row', async () => {
  const lines = await shop.add({ count: 2 })
  const queue = newReservationQueue(shop.db, 60_000)
  const token = randomUUID()
  const ids = (await queue.claim(token, 10)).map(({ id }) => id)
  await shop.db.withClient(async (client) => {
    await client.query({ text: 'begin', values: [] })
    const text = 'select from reservation where line_id = $1 for update'
    await client.query({ text, values: [lines[0]] })
    expect([...(await queue.renew(token, ids))].sort()).toEqual([...ids].sort())
    await client.query({ text: 'rollback', values: [] })
  })
})

test('the claim says before a call what the first step is about to do, and tells what was before', async () => {
  const states = (['held', 'released'] as const)
    .flatMap((desired) => actuals.map((actual) => ({ desired, actual })))
    // The database has none that was given back and is still wanted.
    .filter(({ desired, actual }) => desired === 'released' || actual !== 'released')
  const lines = await shop.add({ count: states.length })
  for (const [i, line] of lines.entries()) {
    const { desired, actual } = states[i]!
    const external = actual === 'held' || actual === 'releasing' ? 7 : null
    await shop.sql(
      'update reservation set actual = $2, desired = $3, external_id = $4 where line_id = $1',
      [line, actual, desired, external],
    )
  }
  const before = await shop.rows(lines)
  const queue = newReservationQueue(shop.db, 60_000)
  const taken = new Map((await queue.claim(randomUUID(), 100)).map((one) => [one.id, one]))
  const after = await shop.rows(lines)
  for (const [i, row] of before.entries()) {
    const { actual, desired } = taken.get(row.id)!
    expect({ actual, desired }).toEqual({ actual: row.actual, desired: row.desired })
    const step = firstStep(taken.get(row.id)!).do
    // What may make the service act is written down first; what only asks leaves it as it was.
    const written = { reserve: ['requesting'], release: ['releasing'] }[step as string]
    expect(written ?? [row.actual]).toContain(after[i]!.actual)
  }
})

test('counts and lists tell what is due, under way, failed and leaked', async () => {
  const store = newReservationStore(shop.db)
  const lines = await shop.add({ count: 6 })
  const set = (line: number, assignment: string) =>
    shop.sql(`update reservation set ${assignment} where line_id = $1`, [lines[line]])
  await set(0, `next_at = now() - interval '5 s'`)
  await set(2, `next_at = now() + interval '1 min', attempts = 1`)
  await set(3, `actual = 'failed', next_at = null, attempts = 8, last_error = 'why'`)
  await set(4, `actual = 'releasing', external_id = 7, desired = 'released', attempts = 1`)
  await set(5, `lease_token = gen_random_uuid(), lease_until = now() + interval '1 min'`)
  const { oldestDueSeconds, ...counts } = await store.count()
  expect(counts).toEqual({ due: 3, waiting: 1, leased: 1, failed: 1, leaked: 1 })
  expect(oldestDueSeconds).toBeGreaterThanOrEqual(5)
  const list = async (trouble: 'failed' | 'leaked') =>
    (await store.listTrouble({ trouble, afterId: undefined, limit: 10 })).map(
      ({ lineId }) => lineId,
    )
  expect(await list('failed')).toEqual([lines[3]])
  expect(await list('leaked')).toEqual([lines[4]])
})
