import type { FaultSpec } from '../../internal/fault/fault'
import type { Period, Transaction } from '../transaction/transaction'

/** Whose statement it is, and what was there before its first line; amounts in minor units. */
export interface StatementOpening extends Period {
  accountId: string
  currency: string
  /** The sum of all entries that count before `from`; 0 without one. */
  openingBalance: bigint
}

/** An entry as the account sees it, with the running balance in the order of the statement. */
export interface StatementLine {
  transaction: Transaction
  /** Not balanceAfter, which goes by the order of posting. */
  balance: bigint
}

/** Some lines of a statement; all its pages carry the same opening. */
export interface StatementPage {
  opening: StatementOpening
  lines: StatementLine[]
  /** After the last of these lines; that of the last page is the closing balance. */
  balance: bigint
}

export const statementFaults = {
  busy: {
    kind: 'unavailable',
    code: 'statement.busy',
    title: 'Too many statements are being read',
  },
} as const satisfies Record<string, FaultSpec>

export interface StatementStore {
  /**
   * The account's entries with effectiveAt in the period, both ends included, by (effectiveAt, id),
   * oldest first: all of one snapshot, in pages of a bounded size, at least one when there is such
   * an account, none otherwise. Holds a connection from the first `next()` until it is over or let
   * go. Faults: database.unavailable.
   */
  read(
    accountId: string,
    period: Period,
  ): AsyncIterable<{ opening: StatementOpening; entries: Transaction[] }>
}

/** The entries with the balance after each of them, beginning with the balance before the first. */
export function runBalance(balance: bigint, entries: readonly Transaction[]): StatementLine[] {
  return entries.map((transaction) => {
    balance += transaction.amount
    return { transaction, balance }
  })
}
