import type { Instant } from '../../../internal/clock/instant'
import type { Change, Reservation, ReservationStore } from '../reservation'

export interface Listener {
  userId: string
  take(reservation: Reservation): void
}

/** What has changed, read once for everybody who listens. */
export interface ChangeFeed {
  /** From when this resolves on, every change of the user's is handed over. Answers how to leave. */
  listen(listener: Listener): Promise<() => void>
}

export interface ChangeFeedOptions {
  store: Pick<ReservationStore, 'findLastChange' | 'listChanges'>
  /** Between two looks; there is none while nobody listens. */
  pollIntervalMs: number
  /** How far a look goes back behind the one before. */
  overlapMs: number
  onFailure(error: unknown): void
}

const pageMax = 1_000
const lowestId = '00000000-0000-0000-0000-000000000000'
const longAgo = '0001-01-01T00:00:00.000000Z' as Instant

/** What was read, and up to when. */
interface Look {
  upTo: Instant
  seen: Map<string, Instant>
}

export function newChangeFeed(options: ChangeFeedOptions): ChangeFeed {
  const { store, pollIntervalMs, overlapMs, onFailure } = options
  const listeners = new Set<Listener>()
  let last: Look | undefined
  let quietSince = 0
  let isPolling = false
  let isFailing = false

  async function poll(): Promise<void> {
    isPolling = true
    while (listeners.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, pollIntervalMs))
      try {
        last = await lookOn(last!)
        isFailing = false
      } catch (error) {
        if (!isFailing) onFailure(error)
        isFailing = true
      }
    }
    last = undefined
    isPolling = false
  }

  /** One glance at an index as long as nothing happens anywhere. */
  async function lookOn({ upTo: before, seen }: Look): Promise<Look> {
    const upTo = (await store.findLastChange()) ?? longAgo
    if (upTo !== before) quietSince = performance.now()
    const mayComeLate = performance.now() - quietSince <= 2 * overlapMs
    if (!mayComeLate) return { upTo, seen }
    const changes = await listAll(before)
    for (const change of changes) if (seen.get(change.id) !== change.updatedAt) handOver(change)
    return { upTo, seen: new Map(changes.map(({ id, updatedAt }) => [id, updatedAt])) }
  }

  async function listAll(before: Instant): Promise<Reservation[]> {
    const userIds = [...new Set([...listeners].map(({ userId }) => userId))]
    const all: Reservation[] = []
    let after: Change = { updatedAt: before, id: lowestId }
    for (let back = overlapMs; ; back = 0) {
      const page = await store.listChanges({ userIds, after, overlapMs: back, limit: pageMax })
      all.push(...page)
      if (page.length < pageMax) return all
      after = page.at(-1)!
    }
  }

  function handOver(change: Reservation): void {
    for (const listener of listeners) if (listener.userId === change.userId) listener.take(change)
  }

  return {
    async listen(listener) {
      last ??= { upTo: (await store.findLastChange()) ?? longAgo, seen: new Map() }
      quietSince = performance.now()
      listeners.add(listener)
      if (!isPolling) void poll()
      return () => void listeners.delete(listener)
    },
  }
}
