import { sortKeys, type JsonObject } from '../../../internal/json/json'
import type { LockedAccount, StoredAnswer } from '../decide'
import type { Refusal, Transaction } from '../transaction'
import type { FindTransactionByIdRow, ListAnswersRow, LockAccountsRow } from './transaction.sql.ts'

export function toTransaction(row: FindTransactionByIdRow): Transaction {
  return {
    id: row.id,
    accountId: row.account_id,
    currency: row.currency,
    amount: row.amount,
    balanceAfter: row.balance_after,
    counterpartyId: row.counterparty_id,
    description: row.description,
    metadata: row.metadata === null ? null : (sortKeys(row.metadata) as JsonObject),
    effectiveAt: row.effective_at,
    createdAt: row.created_at,
    reversesId: row.reverses_id,
  }
}

type LockedRow = Omit<LockAccountsRow, 'now' | 'xact_id'> & { id: string }

/** The row of an account, not the lone one that tells the time. */
export function isAccount(row: LockAccountsRow): row is LockAccountsRow & { id: string } {
  return row.id !== null
}

export function toLockedAccount(row: LockedRow): LockedAccount {
  return {
    id: row.id,
    currency: row.currency,
    balance: row.balance,
    minBalance: row.min_balance,
    entryNo: row.entry_no,
    closedAt: row.closed_at,
  }
}

/** The row of a key: with its transaction, whose columns are then all there, or with its refusal. */
export function toStoredAnswer(row: ListAnswersRow): StoredAnswer {
  const outcome =
    row.refusal === null
      ? { transaction: toTransaction(row as FindTransactionByIdRow) }
      : { refusal: toRefusal(row.refusal as unknown as Refusal) }
  return { fingerprint: row.fingerprint, outcome }
}

/** A jsonb column orders keys by their length. */
function toRefusal({ members, ...refusal }: Refusal): Refusal {
  return members ? { ...refusal, members: sortKeys(members) as Record<string, string> } : refusal
}
