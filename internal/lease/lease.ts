import type { Log } from '../log/log'
import { newGate } from '../loop/gate'
import type { Tracer } from '../trace/tracer'
import { newFlights, type Lease, type LeasedRow } from './flight'
import { newOutage } from './outage'

export type { Lease, LeasedRow } from './flight'

export interface LeaseLoopOptions<Row extends LeasedRow> {
  /** What the rows are, for the log: `reservations`. */
  name: string
  /**
   * Takes up to `limit` due rows: one statement with `for update skip locked` that writes `token` and the
   * end of the lease, committed before it answers. Leases last for three renewals at the very least.
   */
  claim(token: string, limit: number): Promise<Row[]>
  /** Puts the end of these leases off, and answers which of them are still held under `token`. */
  renew(token: string, ids: string[]): Promise<string[]>
  /**
   * Does what is to be done about a row, and writes back `where lease_token = $token`. One that throws
   * has its lease run out, so that the row is taken up again.
   */
  handle(row: Row, lease: Lease): Promise<void>
  inFlightMax: number
  renewMs: number
  /** Between two looks when nobody nudges. */
  pollMs: number
  /** How long closing lets handlers finish before it aborts them. */
  graceMs?: number
  log: Log
  /** Records a span for each row that is handled. */
  tracer?: Tracer | undefined
  /** For metrics. */
  onEvent?: ((event: LeaseEvent) => void) | undefined
}

/** Rows taken up, one whose handler threw, one whose lease was lost while it was handled. */
export type LeaseEvent = { kind: 'claimed'; rows: number } | { kind: 'failed' } | { kind: 'lost' }

export interface LeaseLoop {
  /** Something became due in this process: look now. */
  nudge(): void
  inFlight(): number
  /**
   * Claims nothing more, lets handlers finish for a while, then aborts them. Resolves when nothing is in
   * flight.
   */
  close(): Promise<void>
}

const defaultGraceMs = 5_000
const backOffCapMs = 10_000

/**
 * Works on rows of a table that any number of processes work on, each row with one of them at a time. A
 * process that dies is replaced when its leases run out. It never gives up on a database that is away.
 */
export function startLeaseLoop<Row extends LeasedRow>(options: LeaseLoopOptions<Row>): LeaseLoop {
  const { claim, inFlightMax, pollMs, renewMs, log, name } = options
  const { graceMs = defaultGraceMs, onEvent } = options
  const handle = traced(options)
  const gate = newGate()
  const claims = newOutage({
    ...{ log, baseMs: pollMs, capMs: backOffCapMs },
    message: `${name} cannot be claimed`,
  })
  const handlers = newOutage({
    ...{ log, baseMs: 0, capMs: 0 },
    message: `${name} cannot be handled; their leases run out`,
  })
  /** Whether the last look took all that it had room for. */
  let mayBeMore = false
  let closing: Promise<void> | undefined
  const flights = newFlights<Row>({
    ...options,
    async handle(row, lease) {
      await handle(row, lease)
      handlers.worked()
    },
    onError(error) {
      onEvent?.({ kind: 'failed' })
      handlers.failed(error)
    },
    onLost: () => onEvent?.({ kind: 'lost' }),
    onEnd: () => mayBeMore && gate.wake(),
  })

  async function claimInto(room: number): Promise<void> {
    const token = flights.token()
    const rows = await claim(token, room)
    if (rows.length > 0) onEvent?.({ kind: 'claimed', rows: rows.length })
    for (const row of rows) flights.begin(row, token)
    mayBeMore = rows.length >= room
  }

  async function run(): Promise<void> {
    while (!closing) {
      const room = inFlightMax - flights.count()
      try {
        if (room > 0) await claimInto(room)
        claims.worked()
        await gate.wait(pollMs)
      } catch (error) {
        await gate.pause(claims.failed(error))
      }
    }
  }

  const renewing = startRenewing({ renewAll: flights.renewAll, renewMs, log, name })
  const ended = run()

  async function drain(): Promise<void> {
    gate.end()
    const grace = newGate()
    await Promise.race([ended.then(flights.landed), grace.pause(graceMs)])
    grace.end()
    // A claim that is under way gets aborted handlers, which hand its rows back.
    flights.abortAll()
    await ended
    await flights.landed()
    await renewing.stop()
  }

  return {
    nudge: gate.wake,
    inFlight: flights.count,
    close: () => (closing ??= drain()),
  }
}

/** The handler in a span of its own, which goes on with the trace of the request behind the row. */
function traced<Row extends LeasedRow>({
  name,
  handle,
  tracer,
}: LeaseLoopOptions<Row>): LeaseLoopOptions<Row>['handle'] {
  if (!tracer) return handle
  return async (row, lease) => {
    const span = tracer.begin({
      name: `handle ${name}`,
      kind: 'consumer',
      parents: [row.traceparent],
      attributes: { 'tillbook.row': row.id },
    })
    let failure: string | undefined = 'thrown'
    try {
      await handle(row, { ...lease, traceparent: span.traceparent })
      failure = undefined
    } finally {
      span.end({ failure: lease.signal.aborted ? 'aborted' : failure })
    }
  }
}

interface Renewing {
  renewAll(): Promise<void>
  renewMs: number
  log: Log
  name: string
}

/** Renews in time, and the sooner again the less it worked. */
function startRenewing({ renewAll, renewMs, log, name }: Renewing): { stop(): Promise<void> } {
  const gate = newGate()
  const outage = newOutage({
    ...{ log, baseMs: renewMs / 8, capMs: renewMs / 2 },
    message: `leases of ${name} cannot be renewed`,
  })
  async function run(): Promise<void> {
    let pauseMs = renewMs
    for (;;) {
      await gate.pause(pauseMs)
      if (gate.isEnded()) return
      try {
        await renewAll()
        outage.worked()
        pauseMs = renewMs
      } catch (error) {
        pauseMs = outage.failed(error)
      }
    }
  }
  const ended = run()
  return {
    stop() {
      gate.end()
      return ended
    },
  }
}
