import type { Instant } from '../../internal/clock/instant'
import type { JsonObject } from '../../internal/json/json'

// The oracle's own idea of a ledger: plain values that are replaced and never changed, so that any
// earlier state can be kept and looked at again.

export interface UserState {
  id: string
  firstName: string
  lastName: string
  createdAt: Instant
}

export interface Movement {
  id: string
  accountId: string
  currency: string
  amount: bigint
  balanceAfter: bigint
  entryNo: bigint
  counterpartyId: string | null
  counterpartyBalanceAfter: bigint | null
  counterpartyEntryNo: bigint | null
  description: string | null
  metadata: JsonObject | null
  effectiveAt: Instant
  createdAt: Instant
  reversesId: string | null
  holdId: string | null
}

export interface HoldState {
  id: string
  accountId: string
  counterpartyId: string | null
  currency: string
  amount: bigint
  captured: bigint
  expiresAt: Instant | null
  createdAt: Instant
  closedAt: Instant | null
  closedAs: 'captured' | 'released' | 'expired' | null
  description: string | null
  metadata: JsonObject | null
}

export interface AccountState {
  id: string
  userId: string
  name: string
  currency: string
  balance: bigint
  minBalance: bigint
  closedAt: Instant | null
  createdAt: Instant
  /** In the order in which they were posted, from either side. */
  entries: readonly Movement[]
  holds: ReadonlyMap<string, HoldState>
}

/** The body of an answer: a transaction as one of its accounts sees it. */
export type TransactionBody = Omit<
  Movement,
  'entryNo' | 'counterpartyBalanceAfter' | 'counterpartyEntryNo'
>

/** What is told of one wish. */
export type Told =
  { status: 'created' | 'replayed'; transaction?: TransactionBody; hold?: HoldState } | RefusedTold

export interface RefusedTold {
  status: 'refused'
  code: string
  members?: JsonObject
  /** Of the fields that are wrong. */
  paths?: string[]
  isReplayed: boolean
}

export interface Books {
  accounts: ReadonlyMap<string, AccountState>
  movements: ReadonlyMap<string, Movement>
  /** Which account has it. */
  holds: ReadonlyMap<string, string>
  reversed: ReadonlySet<string>
  answers: ReadonlyMap<string, { meaning: string; told: Told }>
}

export const emptyBooks: Books = {
  accounts: new Map(),
  movements: new Map(),
  holds: new Map(),
  reversed: new Set(),
  answers: new Map(),
}

export function withEntry<Value>(
  map: ReadonlyMap<string, Value>,
  key: string,
  value: Value,
): ReadonlyMap<string, Value> {
  return new Map(map).set(key, value)
}

export function withAccount(books: Books, account: AccountState): Books {
  return { ...books, accounts: withEntry(books.accounts, account.id, account) }
}

export function leftOf(hold: HoldState): bigint {
  return hold.closedAs === null ? hold.amount - hold.captured : 0n
}

/** As it is at that moment, whether or not anybody has looked since its time was over. */
export function holdAt(hold: HoldState, moment: Instant): HoldState {
  const isOver = hold.closedAs === null && hold.expiresAt !== null && moment >= hold.expiresAt
  return isOver ? { ...hold, closedAs: 'expired', closedAt: hold.expiresAt } : hold
}

export function heldAt(account: AccountState, moment: Instant): bigint {
  let held = 0n
  for (const hold of account.holds.values()) held += leftOf(holdAt(hold, moment))
  return held
}

export function seenFrom(movement: Movement, accountId: string): TransactionBody {
  const { counterpartyBalanceAfter, counterpartyEntryNo: _, entryNo: __, ...body } = movement
  if (movement.accountId === accountId) return body
  return {
    ...body,
    accountId,
    amount: -movement.amount,
    balanceAfter: counterpartyBalanceAfter!,
    counterpartyId: movement.accountId,
  }
}
