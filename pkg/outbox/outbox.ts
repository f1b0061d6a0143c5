import type { Outcome } from '../../internal/amqp/outcome'
import type { Instant } from '../../internal/clock/instant'

/** An event on its way out, as the transaction that made it true wrote it. */
export interface OutboxMessage {
  /** UUID; the message_id by which a consumer knows a repeat. */
  id: string
  /** What it is about, as `order`, and which of them. */
  aggregateType: string
  aggregateId: string
  /** 1, 2, 3, …: a consumer gets those of one aggregate in this order. */
  aggregateVersion: number
  exchange: string
  routingKey: string
  type: string
  /** An object in JSON, with all digits of its numbers. */
  payload: string
  /** Go along as AMQP headers, as `traceparent`. */
  headers: Record<string, string>
  createdAt: Instant
}

/** One that a relay has claimed. */
export interface ClaimedMessage extends OutboxMessage {
  /** In the order in which they were inserted. */
  seq: bigint
  /** How often the broker has refused it. */
  attempts: number
  /** One more than that of whoever had it before: the fence against those who come back late. */
  claimNo: number
}

/** What is to be written down about a claimed message. */
export interface Settlement {
  id: string
  /** Under which it was claimed. */
  claimNo: number
  state: 'published' | 'waiting' | 'parked'
  /** Whether the broker refused the message itself. */
  isAttempt: boolean
  error: string | null
  /** Until the next try; null: at once, in its old place. */
  waitMs: number | null
}

export interface OutboxCounts {
  /** Neither published nor parked; `countMax` at most. */
  waiting: number
  parked: number
  /** The age of the oldest that waits; 0 when none does. */
  oldestSeconds: number
}

/** What the relay needs of the outbox. Faults of all: database.unavailable. */
export interface OutboxStore {
  /**
   * Up to `limit` that are due, in order, at most one of each aggregate; nobody else gets them for
   * `leaseMs`. Empty when there is nothing to do.
   */
  claim(limit: number, leaseMs: number): Promise<ClaimedMessage[]>
  /**
   * Writes down what came of claimed ones, and answers those of which it did. One that is settled
   * already stays as it is. So does one that somebody else has claimed since, unless it was published:
   * what the broker has confirmed is true whoever says so.
   */
  settle(settlements: readonly Settlement[]): Promise<Settlement[]>
  count(countMax: number): Promise<OutboxCounts>
  /** Deletes up to `limit` that were published longer ago than that; answers how many. */
  deletePublished(ageMs: number, limit: number): Promise<number>
}

export interface RetryRule {
  /** Refusals after which a message is parked. */
  attemptsMax: number
  /** The shortest and the longest time between two tries. */
  waitMsMin: number
  waitMsMax: number
}

/** What follows from what the broker said to a message. */
export function settlementOf(
  { id, claimNo, attempts }: Pick<ClaimedMessage, 'id' | 'claimNo' | 'attempts'>,
  outcome: Outcome,
  { waitMs, attemptsMax }: { waitMs: number; attemptsMax: number },
): Settlement {
  if (outcome.kind === 'confirmed') {
    return { id, claimNo, state: 'published', isAttempt: false, error: null, waitMs: null }
  }
  const { kind, reason } = outcome
  // An outage says nothing about the message: nothing is counted, and it keeps its place.
  if (kind === 'unanswered') {
    return { id, claimNo, state: 'waiting', isAttempt: false, error: null, waitMs: null }
  }
  const error = `${kind}: ${reason}`.slice(0, 1000)
  if (kind === 'unroutable') {
    return { id, claimNo, state: 'waiting', isAttempt: false, error, waitMs }
  }
  const state = attempts + 1 >= attemptsMax ? 'parked' : 'waiting'
  return { id, claimNo, state, isAttempt: true, error, waitMs }
}

/**
 * How long one that the broker did not take waits: about as long as it has waited already, so that it
 * doubles each time without anybody counting, within the limits, and with half of it left to `chance`
 * (from 0 to 1), so that those that failed together do not come again together.
 */
export function waitMsOf(
  ageMs: number,
  { waitMsMin, waitMsMax }: Pick<RetryRule, 'waitMsMin' | 'waitMsMax'>,
  chance: number,
): number {
  const wholeMs = Math.min(Math.max(ageMs, waitMsMin), waitMsMax)
  return Math.round(wholeMs * (0.5 + chance / 2))
}

/** Parked at once: no other try would make it smaller. */
export function tooLarge(
  { id, claimNo }: Pick<ClaimedMessage, 'id' | 'claimNo'>,
  bytes: number,
  bytesMax: number,
): Settlement {
  const error = `refused: ${bytes} bytes are more than the ${bytesMax} that a message may have`
  return { id, claimNo, state: 'parked', isAttempt: true, error, waitMs: 0 }
}
