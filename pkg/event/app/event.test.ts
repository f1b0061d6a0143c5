import { databaseUnavailable, Fault } from '../../../internal/fault/fault'
import type { EventStore, LedgerEvent } from '../event'
import { beginning, comparePositions, type Position } from '../position'
import { newEventApp, type EventApp, type EventAppDeps, type Start } from './event'

function newLedger() {
  const events: LedgerEvent[] = []
  const state = { reads: 0, failing: false, horizon: 1n }
  const store: EventStore = {
    async list(after, limit) {
      state.reads += 1
      if (state.failing) throw new Fault(databaseUnavailable, { detail: 'Away.' })
      const found = events.filter(({ position }) => comparePositions(position, after) > 0)
      return { events: found.slice(0, limit), horizon: state.horizon }
    },
    async findLast() {
      if (state.failing) throw new Fault(databaseUnavailable, { detail: 'Away.' })
      return events.at(-1)?.position
    },
  }
  /** Events by one transaction each. */
  const add = (count: number) => {
    for (let i = 0; i < count; i++) events.push(newEvent(state.horizon++))
  }
  return { store, add, state, events }
}

const id = '019c1f6e-8d7a-7c3b-9f10-2b6f0c5d4e3a'

function newEvent(xactNo: bigint): LedgerEvent {
  return { position: { xactNo, id }, transaction: {} as LedgerEvent['transaction'] }
}

function newApp(store: EventStore, options: Partial<EventAppDeps> = {}) {
  const failures: unknown[] = []
  const app = newEventApp({
    ...{ pages: store, live: store, streamsMax: 2, pollIntervalMs: 5 },
    onFailure: (error) => failures.push(error),
    ...options,
  })
  return { app, failures }
}

/** Reads until so many events have come. */
async function read(iterator: AsyncIterator<LedgerEvent[]>, count: number): Promise<bigint[]> {
  const seen: bigint[] = []
  while (seen.length < count) {
    const { value, done } = await iterator.next()
    if (done) break
    seen.push(...(value as LedgerEvent[]).map(({ position }) => position.xactNo))
  }
  return seen
}

const open = (app: EventApp, after: Start = beginning) => app.stream(after)[Symbol.asyncIterator]()

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => BigInt(from + i))

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('it never came to hold')
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

test('a stream gives all there are, then what comes, in pages of a bounded size', async () => {
  const { store, add } = newLedger()
  add(450)
  const stream = open(newApp(store).app)
  const first = (await stream.next()).value as LedgerEvent[]
  expect(first).toHaveLength(200)
  expect(await read(stream, 250)).toEqual(range(201, 450))
  const next = read(stream, 3)
  add(3)
  expect(await next).toEqual(range(451, 453))
  await stream.return!()
})

test('streams at different positions share what is read of what is new', async () => {
  const { store, add, state } = newLedger()
  add(10)
  const { app } = newApp(store)
  const streams = [open(app), open(app, { xactNo: 4n, id })]
  expect(await read(streams[0]!, 10)).toEqual(range(1, 10))
  expect(await read(streams[1]!, 6)).toEqual(range(5, 10))
  const both = Promise.all(streams.map((stream) => read(stream, 300)))
  add(300)
  expect(await both).toEqual([range(11, 310), range(11, 310)])
  // Nobody is behind, so that only the one who looks for new ones reads on.
  const before = state.reads
  await until(() => state.reads > before + 3)
  for (const stream of streams) await stream.return!()
})

test('a reader that is slower than what is kept reads on from the database, and misses none', async () => {
  const { store, add, state } = newLedger()
  const { app } = newApp(store)
  const [slow, quick] = [open(app), open(app)]
  await slow.next()
  await quick.next()
  for (let round = 0; round < 20; round++) {
    const reading = read(quick, 250)
    add(250)
    expect(await reading).toHaveLength(250)
  }
  expect(await read(slow, 5_000)).toEqual(range(1, 5_000))
  for (const stream of [slow, quick]) await stream.return!()
  const before = state.reads
  await new Promise((resolve) => setTimeout(resolve, 20))
  // Whoever looked for new ones may have been in the middle of it.
  expect(state.reads - before).toBeLessThan(2)
})

test('nobody is looked for while nobody listens', async () => {
  const { store, state } = newLedger()
  const { app } = newApp(store)
  expect(await app.list(beginning, 10)).toEqual({ events: [], next: beginning })
  expect(state.reads).toBe(1)
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(state.reads).toBe(1)
})

test('a stream gives a sign of life at once, and whenever nothing happened for a while', async () => {
  const { store } = newLedger()
  const stream = open(newApp(store, { heartbeatMs: 20 }).app)
  for (let i = 0; i < 3; i++) expect(await stream.next()).toEqual({ done: false, value: [] })
  await stream.return!()
})

test('a stream that waits is let go at once', async () => {
  const { store } = newLedger()
  const { app } = newApp(store, { heartbeatMs: 60_000 })
  const stream = open(app)
  await stream.next()
  const waiting = stream.next()
  expect(app.open()).toBe(1)
  await stream.return!()
  expect(await waiting).toMatchObject({ done: true })
  expect(app.open()).toBe(0)
})

test('no more streams than there may be, and one that was refused takes no place', async () => {
  const { store } = newLedger()
  const { app } = newApp(store)
  const [one, two] = [open(app), open(app)]
  await Promise.all([one.next(), two.next()])
  const code = 'event.too_many_streams'
  await expect(open(app).next()).rejects.toMatchObject({ code, retryAfterSeconds: 5 })
  await one.return!()
  const unknown = open(app, { xactNo: 99n, id })
  await expect(unknown.next()).rejects.toMatchObject({ code: 'event.unknown_position' })
  expect(app.open()).toBe(1)
  await two.return!()
})

test('a database that is away is told of once, and the stream goes on when it is back', async () => {
  const { store, add, state } = newLedger()
  const { app, failures } = newApp(store)
  const stream = open(app)
  await stream.next()
  state.failing = true
  await until(() => failures.length > 0)
  const before = state.reads
  await until(() => state.reads > before + 3)
  expect(failures).toHaveLength(1)
  const next = read(stream, 2)
  add(2)
  state.failing = false
  expect(await next).toEqual(range(1, 2))
  await stream.return!()
})

test('a defect ends the stream', async () => {
  const { store, add } = newLedger()
  add(201)
  let reads = 0
  const broken: EventStore = {
    ...store,
    list: (after: Position, limit) =>
      after.xactNo === 200n && reads++ === 0
        ? Promise.reject(new Error('defect'))
        : store.list(after, limit),
  }
  const { app } = newApp(store, { live: broken })
  const stream = open(app)
  await stream.next()
  await expect(read(stream, 1)).rejects.toThrow('defect')
  expect(app.open()).toBe(0)
})
