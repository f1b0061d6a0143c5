import type { Instant } from '../../internal/clock/instant'

/** How much there is to measure on: two accounts for each user, the same history for each account. */
export interface DataSize {
  users: number
  accounts: number
}

export const fullSize: DataSize = { users: 5_000, accounts: 10_000 }

/** For pg-mem, which is no database for much data. */
export const smallSize: DataSize = { users: 50, accounts: 100 }

/** A deposit that no run can use up, then expenses with a deposit here and there; in minor units. */
export const history: readonly bigint[] = Array.from({ length: 20 }, (_, n) =>
  n === 0 ? 100_000_000n : n % 5 === 0 ? 50_000n : -(1_000n + 37n * BigInt(n)),
)

export const description = 'Groceries'

export const idPrefix = '01940000-0000-7000-8000-'

export const startsAt = '2025-01-01T00:00:00.000000Z' as Instant

export const userId = (n: number) => `user-${n}`
export const accountId = (n: number) => `account-${n}`
export const ownerId = (account: number) => userId(Math.floor(account / 2))
export const currencyOf = (account: number) => (account % 2 === 0 ? 'EUR' : 'USD')

/** The n-th transaction of the whole book: the first ones of all accounts, then the second ones, … */
export const transactionId = (n: number) => idPrefix + n.toString(16).padStart(12, '0')

/** When the n-th entry of an account was made, from 1: one a day. */
export function entryTime(n: number): Instant {
  const date = new Date(Date.parse(startsAt) + n * 86_400_000)
  return date.toISOString().replace('Z', '000Z') as Instant
}

export const historyBalance = history.reduce((sum, amount) => sum + amount, 0n)
