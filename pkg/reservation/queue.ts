import type { Next, Taken } from './drive'

/** Reservations as workers take them up, each under a lease that only its token may end. */
export interface ReservationQueue {
  /** Takes up to `limit` that are due, the longest due first. */
  claim(token: string, limit: number): Promise<Taken[]>
  /** Puts the end of these leases off; answers which of them are still held. */
  renew(token: string, ids: string[]): Promise<string[]>
  /** Writes down what came of it and ends the lease. */
  settle(taken: Taken, token: string, next: Next): Promise<Settled>
}

/**
 * `lost`: somebody else has it, and nothing was written. `changed`: the wish has changed meanwhile, so
 * that it is due again at once.
 */
export type Settled = 'written' | 'changed' | 'lost'
