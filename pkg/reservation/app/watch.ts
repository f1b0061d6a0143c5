import type { Instant } from '../../../internal/clock/instant'
import { Fault } from '../../../internal/fault/fault'
import { newGate, type Gate } from '../../../internal/loop/gate'
import { reservationFaults, type Reservation, type ReservationStore } from '../reservation'
import { newChangeFeed } from './change-feed'

export interface Watch {
  /**
   * The reservations of a user's open carts, each as it is and again whenever it has changed; with
   * `after`, only those that changed since. A change may come twice, and of several quick ones only the
   * last may come. Without end; an empty list is a sign of life. Thrown with the first:
   * reservation.too_many_streams, database.unavailable.
   */
  stream(userId: string, after: Instant | undefined): AsyncIterable<Reservation[]>
  /** How many streams are open. */
  open(): number
}

export interface WatchOptions {
  store: Pick<ReservationStore, 'findLastChange' | 'listChanges' | 'listOfCarts'>
  streamsMax: number
  streamsOfUserMax: number
  pollIntervalMs: number
  /** Told once for each time that the database is away. */
  onFailure(error: unknown): void
  /** Shorter, for tests. */
  heartbeatMs?: number
}

const heartbeatMs = 15_000

/** More than a cart has lines. */
const cartMax = 5_000

/** Longer than a statement may run: whoever wrote down an earlier time has committed by then. */
export const overlapMs = 3_000

export function newWatch(options: WatchOptions): Watch {
  const { store, streamsMax, streamsOfUserMax } = options
  const feed = newChangeFeed({ ...options, overlapMs })
  const ofUser = new Map<string, number>()
  let open = 0

  function enter(userId: string): () => void {
    const own = ofUser.get(userId) ?? 0
    if (open >= streamsMax) throw newTooMany(`${streamsMax} streams`)
    if (own >= streamsOfUserMax) throw newTooMany(`${streamsOfUserMax} streams of yours`)
    open += 1
    ofUser.set(userId, own + 1)
    return () => {
      open -= 1
      const left = ofUser.get(userId)! - 1
      if (left > 0) ofUser.set(userId, left)
      else ofUser.delete(userId)
    }
  }

  async function* run(userId: string, after: Instant | undefined, gate: Gate) {
    const leave = enter(userId)
    // Listens before it looks, so that nothing falls between.
    const changed = new Map<string, Reservation>()
    const listener = {
      userId,
      take(reservation: Reservation) {
        changed.set(reservation.id, reservation)
        gate.wake()
      },
    }
    let stopListening = () => {}
    try {
      stopListening = await feed.listen(listener)
      yield await store.listOfCarts({ userId, after, overlapMs, limit: cartMax })
      while (!gate.isEnded()) {
        if (changed.size === 0) await gate.wait(options.heartbeatMs ?? heartbeatMs)
        if (gate.isEnded()) return
        const batch = [...changed.values()]
        changed.clear()
        yield batch
      }
    } finally {
      stopListening()
      leave()
    }
  }

  return {
    stream(userId, after) {
      return {
        [Symbol.asyncIterator]() {
          const gate = newGate()
          const generator = run(userId, after, gate)
          return {
            next: () => generator.next(),
            return() {
              // A generator that waits would only be let go when something happens.
              gate.end()
              return generator.return(undefined)
            },
          }
        },
      }
    },
    open: () => open,
  }
}

function newTooMany(what: string): Fault {
  return new Fault(reservationFaults.tooManyStreams, {
    detail: `${what} are open, as many as there may be. Read GET /items, or try later.`,
    retryAfterSeconds: 5,
  })
}
