import type { Instant } from '../../../internal/clock/instant'
import { databaseUnavailable, Fault } from '../../../internal/fault/fault'
import type { Reservation } from '../reservation'
import { newWatch, type WatchOptions } from './watch'

type Store = WatchOptions['store']

/** Reservations in memory, changed at times that the test says. */
function newTable() {
  const rows = new Map<string, Reservation>()
  const state = { glances: 0, lists: 0, failing: false }
  const all = () => [...rows.values()].sort((a, b) => (a.updatedAt < b.updatedAt ? -1 : 1))
  const store: Store = {
    async findLastChange() {
      state.glances += 1
      if (state.failing) throw new Fault(databaseUnavailable, { detail: 'Away.' })
      return all().at(-1)?.updatedAt
    },
    async listChanges({ userIds, after, overlapMs, limit }) {
      state.lists += 1
      const from = new Date(Date.parse(after.updatedAt) - overlapMs).toISOString()
      const found = all().filter((row) => userIds.includes(row.userId) && row.updatedAt > from)
      return found.slice(0, limit)
    },
    listOfCarts: async ({ userId }) => all().filter((row) => row.userId === userId),
  }
  const change = (userId: string, id: string, second: number) => {
    const updatedAt = `2026-01-31T09:30:${String(second).padStart(2, '0')}.000000Z` as Instant
    rows.set(id, { id, userId, updatedAt } as Reservation)
  }
  return { store, state, change }
}

function newApp(store: Store, options: Partial<WatchOptions> = {}) {
  const failures: unknown[] = []
  const watch = newWatch({
    ...{ store, streamsMax: 3, streamsOfUserMax: 2, pollIntervalMs: 5 },
    onFailure: (error) => failures.push(error),
    ...options,
  })
  const open = (userId: string) => watch.stream(userId, undefined)[Symbol.asyncIterator]()
  return { watch, failures, open }
}

type Stream = AsyncIterator<Reservation[]>

async function next(stream: Stream): Promise<string[]> {
  const { value } = await stream.next()
  return (value as Reservation[]).map(({ id, updatedAt }) => `${id} ${updatedAt.slice(17, 19)}`)
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('it never came to hold')
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

test('a stream begins with what there is, and tells of each change once', async () => {
  const { store, change, state } = newTable()
  change('ada', 'a', 10)
  const stream = newApp(store).open('ada')
  expect(await next(stream)).toEqual(['a 10'])
  change('ada', 'b', 11)
  // Also what was in the cart before, as nobody knows whether it was told.
  expect(await next(stream)).toEqual(expect.arrayContaining(['b 11']))
  const before = state.lists
  await until(() => state.lists > before + 3)
  change('ada', 'a', 12)
  expect(await next(stream)).toEqual(['a 12'])
  await stream.return!()
})

test('a change that was written down earlier and committed later is not missed', async () => {
  const { store, change } = newTable()
  const stream = newApp(store).open('ada')
  await next(stream)
  change('ada', 'quick', 20)
  expect(await next(stream)).toEqual(['quick 20'])
  change('ada', 'late', 18)
  expect(await next(stream)).toEqual(['late 18'])
  await stream.return!()
})

test('all streams share one look, and each is told of its own user only', async () => {
  const { store, change, state } = newTable()
  const { open } = newApp(store)
  const [ada, eve] = [open('ada'), open('eve')]
  await Promise.all([next(ada), next(eve)])
  const told = [next(ada), next(eve)]
  change('ada', 'a', 10)
  change('eve', 'e', 10)
  expect(await Promise.all(told)).toEqual([['a 10'], ['e 10']])
  expect(state.lists).toBeLessThanOrEqual(state.glances)
  await Promise.all([ada.return!(), eve.return!()])
  const before = state.glances
  await new Promise((resolve) => setTimeout(resolve, 30))
  // Nobody listens; whoever looked may have been in the middle of it.
  expect(state.glances - before).toBeLessThan(2)
})

test('a sign of life when nothing happens, and a stream that waits is let go at once', async () => {
  const { store } = newTable()
  const { watch, open } = newApp(store, { heartbeatMs: 10 })
  const stream = open('ada')
  for (let i = 0; i < 3; i++) expect(await next(stream)).toEqual([])
  const waiting = stream.next()
  await stream.return!()
  expect(await waiting).toMatchObject({ done: true })
  expect(watch.open()).toBe(0)
})

test('no more streams than there may be, in all and of one user', async () => {
  const { store } = newTable()
  const { watch, open } = newApp(store)
  const code = 'reservation.too_many_streams'
  const streams = [open('ada'), open('ada'), open('eve')]
  await next(streams[0]!)
  await next(streams[1]!)
  await expect(open('ada').next()).rejects.toMatchObject({ code })
  await next(streams[2]!)
  await expect(open('bob').next()).rejects.toMatchObject({ code, retryAfterSeconds: 5 })
  await Promise.all(streams.map((stream) => stream.return!()))
  expect(watch.open()).toBe(0)
  const bob = open('bob')
  await next(bob)
  await bob.return!()
})

test('a database that is away is told of once, and the stream goes on when it is back', async () => {
  const { store, change, state } = newTable()
  const { open, failures } = newApp(store)
  const stream = open('ada')
  await next(stream)
  state.failing = true
  const before = state.glances
  await until(() => state.glances > before + 3)
  expect(failures).toHaveLength(1)
  const told = next(stream)
  change('ada', 'a', 10)
  state.failing = false
  expect(await told).toEqual(['a 10'])
  await stream.return!()
})
