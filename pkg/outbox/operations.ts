import type { Instant } from '../../internal/clock/instant'
import type { OutboxMessage } from './outbox'

export const messageStates = ['waiting', 'parked', 'published'] as const
export type MessageState = (typeof messageStates)[number]

/** One as it is found in the outbox. */
export interface StoredMessage extends OutboxMessage {
  /** How often the broker has refused it. */
  attempts: number
  lastError: string | null
  publishedAt: Instant | null
  parkedAt: Instant | null
}

export interface MessageFilter {
  state: MessageState
  /** Only these, when there are any. */
  ids: string[] | undefined
  /** About createdAt; both inclusive. */
  from: Instant | undefined
  to: Instant | undefined
  limit: number
}

/** What an operator does to the outbox. Faults of all: database.unavailable. */
export interface OutboxOperations {
  /** The oldest first. */
  list(filter: MessageFilter): Promise<StoredMessage[]>
  /** Has parked and published ones published again, under the same id; answers how many. */
  replay(ids: string[]): Promise<number>
  /** Deletes parked ones for good; answers how many. */
  discard(ids: string[]): Promise<number>
}
