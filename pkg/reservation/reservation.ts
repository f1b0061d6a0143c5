import type { Instant } from '../../internal/clock/instant'
import type { FaultSpec } from '../../internal/fault/fault'

/** `held` while the line is in its cart, `released` from when it is taken out; it never goes back. */
export type Desired = 'held' | 'released'

/** How far it has come. `requesting` and `unknown`: the service may or may not have reserved. */
export const actuals = [
  'none',
  'requesting',
  'unknown',
  'held',
  'releasing',
  'released',
  'failed',
] as const

export type Actual = (typeof actuals)[number]

/**
 * What an external service holds for a line of a cart. Its id is the key under which the service is
 * asked, always the same, so that asking again never reserves twice.
 */
export interface Reservation {
  id: string
  lineId: string
  /** Whose cart the line is in. */
  userId: string
  /** What the service is asked for. */
  item: string
  /** The reservation_id that the service gave. */
  externalId: bigint | null
  desired: Desired
  actual: Actual
  /** Calls for the present wish that ended without an answer to go by. */
  attempts: number
  /** Why the last one did. */
  lastError: string | null
  /** When somebody has to do something about it; null: never. */
  nextAt: Instant | null
  createdAt: Instant
  updatedAt: Instant
}

/** What a user is told. */
export const reservationStatuses = ['pending', 'reserved', 'failed', 'released'] as const

export type ReservationStatus = (typeof reservationStatuses)[number]

/** What was taken out is pending until the service has it back, however often that fails. */
export function statusOf({
  desired,
  actual,
}: Pick<Reservation, 'desired' | 'actual'>): ReservationStatus {
  if (desired === 'released') return actual === 'released' ? 'released' : 'pending'
  if (actual === 'failed') return 'failed'
  return actual === 'held' ? 'reserved' : 'pending'
}

/** What an operator looks after: attempts used up, or goods that nobody wants and the service still holds. */
export type Trouble = 'failed' | 'leaked'

export const reservationFaults = {
  notFound: {
    kind: 'not_found',
    code: 'reservation.not_found',
    title: 'No such line, or nothing is reserved for it',
  },
  notFailed: {
    kind: 'conflict',
    code: 'reservation.not_failed',
    title: 'The reservation has not failed',
  },
  tooManyStreams: {
    kind: 'unavailable',
    code: 'reservation.too_many_streams',
    title: 'As many streams of reservations are open as there may be',
  },
} as const satisfies Record<string, FaultSpec>

/** What is there to be done, for whoever watches over it. Each counts to 10,000. */
export interface ReservationCounts {
  /** Due now, and nobody is at it. */
  due: number
  /** For how long the first of them has been due. */
  oldestDueSeconds: number
  /** Waiting for their next attempt. */
  waiting: number
  /** Somebody is at it, in whatever process. */
  leased: number
  failed: number
  /** Wanted back and still held, after at least one attempt to give back. */
  leaked: number
}

/** What users and operators see and ask for. */
export interface ReservationStore {
  /**
   * The reservation of a line that is in a cart; of any user when `userId` is undefined. Undefined when
   * there is none, or the cart is somebody else's.
   */
  find(line: LineOf): Promise<Reservation | undefined>
  /** Has a failed one asked for again, from the first attempt on; undefined when it is not failed. */
  retry(line: LineOf): Promise<Reservation | undefined>
  /** In the order of their creation. */
  listTrouble(query: TroubleQuery): Promise<Reservation[]>
  /** When the last change of any was; undefined when there is none. */
  findLastChange(): Promise<Instant | undefined>
  /**
   * Those of these users that changed after one, or `overlapMs` before it, in the order of their changes.
   * What is being committed meanwhile may still come to stand before the last of them.
   */
  listChanges(query: ChangesQuery): Promise<Reservation[]>
  /** Those in open carts of a user; with `after`, those that changed since, of lines taken out too. */
  listOfCarts(query: CartsQuery): Promise<Reservation[]>
  count(): Promise<ReservationCounts>
}

export interface LineOf {
  lineId: string
  /** Undefined: whoever's it is. */
  userId: string | undefined
}

export interface TroubleQuery {
  trouble: Trouble
  /** The id of the last one of the page before. */
  afterId: string | undefined
  limit: number
}

export interface ChangesQuery {
  userIds: string[]
  after: Change
  overlapMs: number
  limit: number
}

/** Where a change stands among all changes. */
export interface Change {
  updatedAt: Instant
  id: string
}

export interface CartsQuery {
  userId: string
  after: Instant | undefined
  overlapMs: number
  limit: number
}
