/**
 * The service that reserves, as the worker sees it. Each call ends with one of a few outcomes and throws
 * nothing: what went wrong on the way is `unanswered`.
 */
export interface ReservationService {
  /** Reserves under a key. However often it is called with one key, it reserves once. */
  reserve(request: ReserveRequest, waiting: Waiting): Promise<ReserveOutcome>
  /** What was reserved under a key; left out when the service cannot tell. */
  findByKey?(key: string, waiting: Waiting): Promise<FindOutcome>
  /** Gives back. What is not there any more counts as given back. */
  release(externalId: bigint, waiting: Waiting): Promise<ReleaseOutcome>
  /** False while it makes no sense to ask for more than one at a time. */
  isWell?(): boolean
}

/** Who waits for a call. */
export interface Waiting {
  /** Aborted when nobody does any more. */
  signal: AbortSignal
  /** W3C trace context, to go along with the call. */
  traceparent: string | null
}

export interface ReserveRequest {
  /** Sent as the Idempotency-Key. */
  key: string
  item: string
}

/** Many by one call: an outcome for each, in the same order; undefined where the answer is not certain. */
export type ReserveMany = (
  requests: readonly ReserveRequest[],
  waiting: Waiting,
) => Promise<(ReserveOutcome | undefined)[]>

/** There was no answer to go by: a time-out, a broken connection, a failure over there, junk. */
export interface Unanswered {
  kind: 'unanswered'
  reason: string
  /** The service asked to be left alone for so long. */
  retryAfterMs?: number | undefined
}

/** The call was not even made: the way there is closed for now. */
export interface Busy {
  kind: 'busy'
  reason: string
}

/** The call was cut by us, as when the program closes. */
export interface Cut {
  kind: 'cut'
}

export type Reserved = { kind: 'reserved'; externalId: bigint }

/** The service says no, and will say so again. */
export interface Refused {
  kind: 'refused'
  reason: string
}

/**
 * A no, or a request under the same key that is still under way: services say both by 409, the second as
 * the IETF's draft of the Idempotency-Key header has it.
 */
export interface Conflict {
  kind: 'conflict'
  reason: string
  /** The service asked to come again: it is under way. */
  retryAfterMs?: number | undefined
}

export type ReserveOutcome = Reserved | Refused | Conflict | Unanswered | Busy | Cut

/** Nothing is reserved under the key by now. A request that is still under way may come to it. */
export type Absent = { kind: 'absent' }

/** A request under the key is known over there, and has no id yet. */
export type UnderWay = { kind: 'under_way' }

/** The service cannot be asked that. */
export type Unsupported = { kind: 'unsupported' }

export type GivenBack = { kind: 'given_back' }

export type FindOutcome =
  Reserved | GivenBack | Absent | UnderWay | Unsupported | Unanswered | Busy | Cut

export type ReleaseOutcome = GivenBack | Unanswered | Busy | Cut
