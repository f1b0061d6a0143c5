import type { FaultSpec } from '../../internal/fault/fault'
import type { Movement } from '../transaction/transaction'
import type { Position } from './position'

/** Something that happened in the ledger, for good: a transaction that was committed. */
export interface LedgerEvent {
  position: Position
  /** As the account sees it that it was posted to, with both of its sides. */
  transaction: Movement
}

/** Events in their order, directly after the position that was asked for. */
export interface EventPage {
  events: LedgerEvent[]
  /**
   * Every transaction with a lower number than this is over: none will ever come to stand below it.
   * Higher ones are not shown yet.
   */
  horizon: bigint
}

export const eventFaults = {
  unknownPosition: {
    kind: 'invalid',
    code: 'event.unknown_position',
    title: 'The position is none of this ledger',
  },
  tooManyStreams: {
    kind: 'unavailable',
    code: 'event.too_many_streams',
    title: 'Too many event streams are open',
  },
} as const satisfies Record<string, FaultSpec>

export interface EventStore {
  /** Up to `limit` events after a position, all below the horizon. Faults: database.unavailable. */
  list(after: Position, limit: number): Promise<EventPage>
  /** The position of the last event below the horizon; undefined when there is none. */
  findLast(): Promise<Position | undefined>
}
