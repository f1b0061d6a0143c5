import type { EventStore, LedgerEvent } from '../event'
import { beginning, comparePositions, type Position } from '../position'

/** Events that follow each other: all there are after `after`, up to `upTo`. */
export interface Batch {
  after: Position
  events: LedgerEvent[]
  upTo: Position
}

/** What is new, read once for everybody who listens. */
export interface Feed {
  /** `wake` is called whenever there may be more; answers how to leave. */
  join(wake: () => void): () => void
  /** What follows a position, when it is at hand; `new` events only, and seldom many. */
  after(position: Position): Batch | undefined
  /** Whether there may be more after it than what was read last. */
  isBehind(position: Position): boolean
}

export interface FeedOptions {
  events: EventStore
  /** Between two looks; there is none while nobody listens. */
  pollIntervalMs: number
  /** Told once for each time that the database is away. */
  onFailure(error: unknown): void
}

/** Read at once, and kept for those who are a little slower than the others. */
const batchMax = 500
const keptMax = 1_000

export function newFeed({ events, pollIntervalMs, onFailure }: FeedOptions): Feed {
  const wakers = new Set<() => void>()
  let batches: Batch[] = []
  let tip: Position | undefined
  let polling = false
  let failing = false

  async function poll(): Promise<void> {
    polling = true
    while (wakers.size > 0) {
      const isMore = await readOn()
      if (!isMore) await new Promise((resolve) => setTimeout(resolve, pollIntervalMs))
    }
    // Nobody to keep anything for; whoever comes next begins in the database.
    batches = []
    tip = undefined
    polling = false
  }

  /** Whether there is more to be read at once. */
  async function readOn(): Promise<boolean> {
    try {
      const before = tip ?? (await events.findLast()) ?? beginning
      const batch = await readBatch(events, before, batchMax)
      failing = false
      if (tip && batch.events.length === 0) return false
      tip = batch.events.length > 0 ? batch.upTo : before
      if (batch.events.length > 0) batches = keepLast([...batches, batch])
      for (const wake of wakers) wake()
      return batch.events.length === batchMax
    } catch (error) {
      if (!failing) onFailure(error)
      failing = true
      return false
    }
  }

  return {
    join(wake) {
      wakers.add(wake)
      if (!polling) void poll()
      return () => void wakers.delete(wake)
    },
    after(position) {
      const batch = batches.find(
        ({ after, upTo }) =>
          comparePositions(after, position) <= 0 && comparePositions(position, upTo) < 0,
      )
      return batch && { ...batch, events: batch.events.filter(isAfter(position)) }
    },
    isBehind: (position) => tip !== undefined && comparePositions(position, tip) < 0,
  }
}

/** A page from the store, with how far it reaches: to its last event, never beyond what was read. */
export async function readBatch(
  store: EventStore,
  after: Position,
  limit: number,
): Promise<Batch & { horizon: bigint }> {
  const { events, horizon } = await store.list(after, limit)
  return { after, events, horizon, upTo: events.at(-1)?.position ?? after }
}

function isAfter(position: Position): (event: LedgerEvent) => boolean {
  return (event) => comparePositions(event.position, position) > 0
}

function keepLast(batches: Batch[]): Batch[] {
  let count = batches.reduce((sum, { events }) => sum + events.length, 0)
  while (count > keptMax && batches.length > 1) count -= batches.shift()!.events.length
  return batches
}
