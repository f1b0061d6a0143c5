import type { Log } from '../log/log'
import type { Tracer } from '../trace/tracer'
import { startLeaseLoop, type Lease, type LeaseEvent, type LeaseLoopOptions } from './lease'

jest.useFakeTimers()

interface Row {
  id: string
}

/** Rows in memory, and handlers that end when the test says so. */
function newTable(due: number) {
  const table = {
    due: Array.from({ length: due }, (_, i): Row => ({ id: `row-${i}` })),
    claimed: [] as string[],
    tokens: new Map<string, string>(),
    handling: new Map<string, Lease>(),
    renewals: [] as { token: string; ids: string[] }[],
    failing: false,
    tries: 0,
    most: 0,
    land: new Map<string, () => void>(),
  }
  const options: LeaseLoopOptions<Row> = {
    ...{ name: 'rows', inFlightMax: 3, renewMs: 5_000, pollMs: 500, graceMs: 2_000 },
    log: newLogRecorder().log,
    async claim(token, limit) {
      table.tries += 1
      if (table.failing) throw new Error('away')
      const rows = table.due.splice(0, limit)
      for (const { id } of rows) table.tokens.set(id, token)
      table.claimed.push(...rows.map(({ id }) => id))
      return rows
    },
    async renew(token, ids) {
      table.renewals.push({ token, ids })
      return ids.filter((id) => table.tokens.get(id) === token)
    },
    async handle({ id }, lease) {
      table.handling.set(id, lease)
      table.most = Math.max(table.most, table.handling.size)
      await new Promise<void>((resolve) => {
        table.land.set(id, resolve)
        lease.signal.addEventListener('abort', () => resolve())
        if (lease.signal.aborted) resolve()
      })
      table.handling.delete(id)
    },
  }
  return { table, options }
}

function newLogRecorder() {
  const lines: string[] = []
  const write = (level: string) => (fields: unknown, message?: string) =>
    void lines.push(`${level} ${message ?? String(fields)}`)
  const log = { debug: write('debug'), info: write('info'), warn: write('warn') } as unknown as Log
  return { log, lines }
}

const pass = (ms = 0) => jest.advanceTimersByTimeAsync(ms)

test('no more in flight than there may be, and the next as soon as one has ended', async () => {
  const { table, options } = newTable(5)
  const loop = startLeaseLoop(options)
  await pass()
  expect(table.claimed).toEqual(['row-0', 'row-1', 'row-2'])
  await pass(60_000)
  expect(loop.inFlight()).toBe(3)
  table.land.get('row-1')!()
  await pass()
  expect(table.claimed).toEqual(['row-0', 'row-1', 'row-2', 'row-3'])
  expect(table.most).toBe(3)
  await closed(loop)
})

test('looks at intervals, and at once when it is nudged', async () => {
  const { table, options } = newTable(0)
  const loop = startLeaseLoop(options)
  await pass()
  table.due.push({ id: 'late' })
  await pass(499)
  expect(table.claimed).toEqual([])
  await pass(1)
  expect(table.claimed).toEqual(['late'])
  table.due.push({ id: 'nudged' })
  loop.nudge()
  await pass()
  expect(table.claimed).toEqual(['late', 'nudged'])
  await closed(loop)
})

test('renews all leases by one statement', async () => {
  const { table, options } = newTable(3)
  const loop = startLeaseLoop(options)
  await pass(4_999)
  expect(table.renewals).toEqual([])
  await pass(5_001)
  expect(table.renewals.map(({ ids }) => ids)).toEqual([
    ['row-0', 'row-1', 'row-2'],
    ['row-0', 'row-1', 'row-2'],
  ])
  await closed(loop)
})

test('a handler whose lease was lost is told, and the next claims show another token', async () => {
  const { table, options } = newTable(2)
  const loop = startLeaseLoop(options)
  await pass()
  const [lost, kept] = [table.handling.get('row-0')!, table.handling.get('row-1')!]
  table.tokens.set('row-0', 'of somebody else')
  await pass(5_000)
  expect(lost.signal.aborted).toBe(true)
  expect(kept.signal.aborted).toBe(false)
  table.due.push({ id: 'next' })
  await pass(500)
  expect(table.handling.get('next')!.token).not.toBe(lost.token)
  await closed(loop)
})

test('a row that comes back while its old handler still runs comes under another token', async () => {
  const { table, options } = newTable(1)
  const stuck = new Promise<void>(() => {})
  const leases: Lease[] = []
  const loop = startLeaseLoop({
    ...options,
    renew: () => Promise.reject(new Error('away')),
    handle: (_row, lease) => {
      leases.push(lease)
      return leases.length === 1 ? stuck : Promise.resolve()
    },
  })
  await pass(20_000)
  table.due.push({ id: 'row-0' })
  await pass(500)
  expect(leases).toHaveLength(2)
  expect(leases[1]!.token).not.toBe(leases[0]!.token)
  expect(leases[0]!.signal.aborted).toBe(true)
  expect(loop.inFlight()).toBe(1)
})

test('a database that is away is tried ever more seldom, told of once, and works again by itself', async () => {
  const { table, options } = newTable(1)
  const { log, lines } = newLogRecorder()
  table.failing = true
  const loop = startLeaseLoop({ ...options, log })
  await pass(3_600_000)
  expect(table.tries).toBeGreaterThan(300)
  expect(table.tries).toBeLessThan(800)
  table.failing = false
  await pass(10_000)
  expect(table.claimed).toEqual(['row-0'])
  expect(lines).toEqual(['warn rows cannot be claimed', 'info no more: rows cannot be claimed'])
  await closed(loop)
})

test('a handler that throws takes no other with it', async () => {
  const { table, options } = newTable(3)
  const { log, lines } = newLogRecorder()
  const handle = jest.fn(options.handle).mockImplementationOnce(() => {
    throw new Error('defect')
  })
  const loop = startLeaseLoop({ ...options, log, handle })
  await pass()
  expect(loop.inFlight()).toBe(2)
  expect(lines).toEqual(['warn rows cannot be handled; their leases run out'])
  expect(table.handling.size).toBe(2)
  await closed(loop)
})

describe('closing', () => {
  test('claims nothing more and lets handlers finish', async () => {
    const { table, options } = newTable(5)
    const loop = startLeaseLoop(options)
    await pass()
    const signals = [...table.handling.values()].map(({ signal }) => signal)
    const closing = loop.close()
    for (const land of table.land.values()) land()
    await closing
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, false])
    expect(table.claimed).toHaveLength(3)
    expect(loop.inFlight()).toBe(0)
  })

  test('aborts them when that takes too long, and renews their leases until then', async () => {
    const { table, options } = newTable(1)
    const loop = startLeaseLoop({ ...options, graceMs: 7_000 })
    await pass()
    const { signal } = table.handling.get('row-0')!
    const closing = loop.close()
    await pass(6_999)
    expect(signal.aborted).toBe(false)
    expect(table.renewals).toHaveLength(1)
    await pass(1)
    await closing
    expect(signal.aborted).toBe(true)
  })

  test('rows that a claim brings meanwhile are handed back', async () => {
    const { table, options } = newTable(1)
    let answer = (): void => {}
    const asked = new Promise<void>((resolve) => (answer = resolve))
    const handle = jest.fn(options.handle)
    const claim = async (token: string, limit: number) => {
      await asked
      return options.claim(token, limit)
    }
    const loop = startLeaseLoop({ ...options, claim, handle })
    await pass()
    const closing = loop.close()
    await pass(2_000)
    answer()
    await closing
    expect(handle).toHaveBeenCalledTimes(1)
    expect(handle.mock.calls[0]![1].signal.aborted).toBe(true)
    expect(table.handling.size).toBe(0)
  })
})

async function closed(loop: { close(): Promise<void> }): Promise<void> {
  const closing = loop.close()
  await pass(2_000)
  await closing
}

test('hands the trace of the row to its handler, and a span of its own when spans are recorded', async () => {
  const row = { id: 'row', traceparent: 'of the row' }
  const seen: (string | null)[] = []
  const spans: unknown[] = []
  const tracer = {
    begin(start: object) {
      spans.push(start)
      return { traceparent: 'of the span', end: (end: object) => void spans.push(end) }
    },
  } as unknown as Tracer
  const { options } = newTable(0)
  const handle = async (_row: Row, lease: Lease) => void seen.push(lease.traceparent)
  for (const recording of [{}, { tracer }]) {
    const rows = [row]
    const claim = async () => rows.splice(0)
    const loop = startLeaseLoop({ ...options, ...recording, claim, handle })
    await pass()
    await loop.close()
  }
  expect(seen).toEqual(['of the row', 'of the span'])
  expect(spans).toMatchObject([{ name: 'handle rows', parents: ['of the row'] }, {}])
})

test('tells of what is claimed, of what fails and of what is lost', async () => {
  const { table, options } = newTable(2)
  const events: LeaseEvent[] = []
  const handle: typeof options.handle = (row, lease) =>
    row.id === 'row-0' ? Promise.reject(new Error('broken')) : options.handle(row, lease)
  const onEvent = (event: LeaseEvent) => void events.push(event)
  const loop = startLeaseLoop({ ...options, handle, onEvent })
  await pass()
  table.tokens.set('row-1', 'of somebody else')
  await pass(options.renewMs)
  expect(events).toEqual([{ kind: 'claimed', rows: 2 }, { kind: 'failed' }, { kind: 'lost' }])
  await loop.close()
})
