import type { Instant } from '../../internal/clock/instant'
import { Fault, type FaultSpec } from '../../internal/fault/fault'
import type { JsonObject } from '../../internal/json/json'
import type { Decimal } from '../../internal/money/decimal'

/**
 * Money of an account set aside for a payment to come; amounts in minor units, above zero. It stays in
 * the balance, and is not available for anything else until it is captured, released or expired.
 */
export interface Hold {
  id: string
  accountId: string
  /** Whom captures pay. Null: the outside world of the currency. */
  counterpartyId: string | null
  currency: string
  amount: bigint
  /** What captures have taken of it so far. */
  captured: bigint
  /** From this moment on it holds nothing. Null: until it is captured or released. */
  expiresAt: Instant | null
  createdAt: Instant
  closedAt: Instant | null
  /** Null while it is open. */
  closedAs: HoldEnd | null
  description: string | null
  metadata: JsonObject | null
}

export type HoldEnd = 'captured' | 'released' | 'expired'

/** What a client asks to be set aside: with a key, or without. */
export interface HoldRequest {
  accountId: string
  /** Above zero. */
  amount: Decimal
  counterpartyId: string | null
  expiresAt: Instant | null
  description: string | null
  metadata: JsonObject | null
  key: string | null
}

export const holdFaults = {
  notFound: { kind: 'not_found', code: 'hold.not_found', title: 'No such hold' },
  notOpen: { kind: 'conflict', code: 'hold.not_open', title: 'The hold is not open any more' },
  amountExceeded: {
    kind: 'unprocessable',
    code: 'hold.amount_exceeded',
    title: 'The hold has less left than that',
  },
} as const satisfies Record<string, FaultSpec>

export function newHoldNotFound(id: string): Fault {
  return new Fault(holdFaults.notFound, { detail: `There is no hold "${id}".` })
}

/** What it still sets aside: nothing once it is closed. */
export function remainingOf({ closedAs, amount, captured }: Hold): bigint {
  return closedAs === null ? amount - captured : 0n
}

/** The hold as it is at that moment: its time may be over although nobody has written it down yet. */
export function judgedAt(hold: Hold, now: Instant): Hold {
  const isOver = hold.closedAs === null && hold.expiresAt !== null && hold.expiresAt <= now
  return isOver ? { ...hold, closedAt: hold.expiresAt, closedAs: 'expired' } : hold
}

/** Holds of an account that are written down as open although their time is over. */
export function listExpired(holds: Iterable<Hold>, accountId: string, now: Instant): Hold[] {
  return [...holds].filter(
    (hold) =>
      hold.accountId === accountId &&
      hold.closedAs === null &&
      judgedAt(hold, now).closedAs !== null,
  )
}

/** The account as it is at that moment: what only such holds set aside is free. */
export function withoutExpired<Account extends { id: string; held: bigint }>(
  account: Account,
  holds: ReadonlyMap<string, Hold>,
  now: Instant,
): Account {
  if (account.held === 0n) return account
  const expired = listExpired(holds.values(), account.id, now)
  return { ...account, held: expired.reduce((held, one) => held - remainingOf(one), account.held) }
}

export interface HoldStore {
  /** As it is now; undefined when there is none. */
  find(id: string): Promise<Hold | undefined>
}
