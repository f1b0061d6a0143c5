import { databaseUnavailable, Fault } from '../../../internal/fault/fault'
import { eventFaults, type EventStore, type LedgerEvent } from '../event'
import { beginning, type Position } from '../position'
import { newFeed, readBatch, type Batch } from './feed'
import { newGate, type Gate } from '../../../internal/loop/gate'

/** After an event, or `latest`: only what comes from now on. */
export type Start = Position | 'latest'

export interface EventApp {
  /** The events after a position, and where to go on. Faults: event.unknown_position. */
  list(after: Start, limit: number): Promise<{ events: LedgerEvent[]; next: Position }>
  /**
   * The events after a position, without end. Nothing is read ahead of its reader. An empty list is a
   * sign of life: the first comes at once, others when nothing happens for a while. Thrown with the
   * first: event.unknown_position, event.too_many_streams, database.unavailable.
   */
  stream(after: Start): AsyncIterable<LedgerEvent[]>
  /** How many streams are open. */
  open(): number
}

export interface EventAppDeps {
  /** For pages. */
  pages: EventStore
  /** For streams, so that those who catch up do not keep anybody else waiting. */
  live: EventStore
  streamsMax: number
  pollIntervalMs: number
  /** Told once for each time that the database is away. */
  onFailure(error: unknown): void
  /** Shorter, for tests. */
  heartbeatMs?: number
}

export const heartbeatMs = 15_000
const retryMs = 1_000
const pageMax = 200

export function newEventApp(deps: EventAppDeps): EventApp {
  const { pages, live, streamsMax } = deps
  const feed = newFeed({ ...deps, events: live })
  let open = 0

  async function* run(start: Start, gate: Gate): AsyncGenerator<LedgerEvent[], void, void> {
    if (open >= streamsMax) throw newTooMany(streamsMax)
    open += 1
    const leave = feed.join(gate.wake)
    try {
      let batch = await readFirst(live, start, pageMax)
      yield batch.events
      while (!gate.isEnded()) {
        const next = await readNext(batch.upTo, gate)
        if (gate.isEnded()) return
        if (next) batch = next
        if (!next || next.events.length > 0) yield next?.events ?? []
      }
    } finally {
      leave()
      open -= 1
    }
  }

  /** Undefined when nothing happened for a while, or the database is away. */
  async function readNext(position: Position, gate: Gate): Promise<Batch | undefined> {
    const atHand = feed.after(position)
    if (atHand) return atHand
    if (feed.isBehind(position)) return readLate(position, gate)
    return (await gate.wait(deps.heartbeatMs ?? heartbeatMs))
      ? { after: position, events: [], upTo: position }
      : undefined
  }

  /** From the database, for whoever is behind; one that is away comes back, and nobody is sent off. */
  async function readLate(position: Position, gate: Gate): Promise<Batch | undefined> {
    try {
      return await readBatch(live, position, pageMax)
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== databaseUnavailable.code) throw error
      await gate.pause(retryMs)
      return undefined
    }
  }

  return {
    async list(after, limit) {
      const { events, after: next } = await readFirst(pages, after, limit)
      return { events, next: events.at(-1)?.position ?? next }
    },

    stream(after) {
      return {
        [Symbol.asyncIterator]() {
          const gate = newGate()
          const generator = run(after, gate)
          return {
            next: () => generator.next(),
            return() {
              // A generator that waits would only be let go when something happens.
              gate.end()
              return generator.return()
            },
          }
        },
      }
    },

    open: () => open,
  }
}

/** The first page; a position above all that there is was given out by another ledger. */
async function readFirst(store: EventStore, start: Start, limit: number): Promise<Batch> {
  if (start === 'latest') {
    const now = (await store.findLast()) ?? beginning
    return { after: now, events: [], upTo: now }
  }
  const batch = await readBatch(store, start, limit)
  if (start.xactNo < batch.horizon) return batch
  throw new Fault(eventFaults.unknownPosition, {
    detail: 'No event of this ledger has come that far. Was it restored from a copy?',
  })
}

function newTooMany(streamsMax: number): Fault {
  return new Fault(eventFaults.tooManyStreams, {
    detail: `${streamsMax} event streams are open, as many as there may be. Read pages, or try later.`,
    retryAfterSeconds: 5,
  })
}
