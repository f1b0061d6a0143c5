import type { Instant } from '../../internal/clock/instant'
import type { Period, Transaction } from './transaction'

/** How much is rolled up at once, in entries of one account; docs/adr/0009-rollups.md has the reasons. */
export interface RollUpLimits {
  /** From so many on that are not rolled up they are; fewer are read one by one. */
  entriesMin: bigint
  /** In one step, which keeps others from posting to the account. */
  entriesMax: bigint
  /** A bucket of time with more has buckets below it. */
  splitAbove: bigint
}

export const rollUpLimits: RollUpLimits = {
  entriesMin: 1024n,
  entriesMax: 2048n,
  splitAbove: 1024n,
}

/** `given up`: entries had been missed; all that was rolled up is thrown away and begun again. */
export type RollUpOutcome = 'more' | 'done' | 'given up'

export interface AccountToRollUp {
  id: string
  /** The last account that was looked at is told as well when it is not. */
  isDue: boolean
}

/** What is known of an account's entries without reading them all. Right also when nothing was rolled up. */
export interface RollUpStore {
  /** One step. `done` when there is no such account. Faults: database.unavailable. */
  rollUp(accountId: string): Promise<RollUpOutcome>
  /** Of the next accounts by id, as many as `limit`; empty behind the last one. */
  listToRollUp(page: { afterId: string; limit: number }): Promise<AccountToRollUp[]>
  /**
   * The sum of the entries with effectiveAt up to `at`, in minor units; undefined when there is no
   * such account.
   */
  findBalanceAt(accountId: string, at: Instant): Promise<bigint | undefined>
  /**
   * The largest expense in each currency over all accounts of the user, the earliest of equals,
   * seen from the user's account. A transfer between accounts of the user is no expense. Empty when
   * there is none, or no such user.
   */
  listLargestExpenses(
    userId: string,
    period: Period & { currency: string | null },
  ): Promise<Transaction[]>
}

/** Where an account's rollup ends; both null when nothing is rolled up. */
export interface RolledUpUntil {
  rolledUpUntil: Instant | null
  rolledUpUntilId: string | null
}

/**
 * Whether an entry that is posted now counts at a time that is rolled up already: it has to be written
 * into late_entry as well, in the same commit.
 */
export function isLate(
  { effectiveAt, id }: { effectiveAt: Instant; id: string },
  { rolledUpUntil, rolledUpUntilId }: RolledUpUntil,
): boolean {
  if (rolledUpUntil === null || effectiveAt > rolledUpUntil) return false
  return effectiveAt < rolledUpUntil || (rolledUpUntilId !== null && id < rolledUpUntilId)
}
