import { sortKeys, type Json, type JsonObject } from '../../../internal/json/json'
import type { Hold, HoldEnd } from '../../hold/hold'
import type { LockedAccount, StoredAnswer } from '../book'
import type { Outcome } from '../instruction'
import type { Refusal, Transaction } from '../transaction'
import type {
  FindTransactionByIdRow,
  ListAnswersRow,
  ListHoldsRow,
  LockAccountsRow,
} from './transaction.sql.ts'

export function toTransaction(row: FindTransactionByIdRow): Transaction {
  return {
    id: row.id,
    accountId: row.account_id,
    currency: row.currency,
    amount: row.amount,
    balanceAfter: row.balance_after,
    counterpartyId: row.counterparty_id,
    description: row.description,
    metadata: toMetadata(row.metadata),
    effectiveAt: row.effective_at,
    createdAt: row.created_at,
    reversesId: row.reverses_id,
    holdId: row.hold_id,
  }
}

type LockedRow = Omit<LockAccountsRow, 'now' | 'xact_id' | 'xact_no'> & { id: string }

/** The row of an account, not the lone one that tells the time. */
export function isAccount(row: LockAccountsRow): row is LockAccountsRow & { id: string } {
  return row.id !== null
}

export function toLockedAccount(row: LockedRow): LockedAccount {
  return {
    id: row.id,
    userId: row.user_id,
    currency: row.currency,
    balance: row.balance,
    minBalance: row.min_balance,
    held: row.held,
    entryNo: row.entry_no,
    closedAt: row.closed_at,
    expiredHoldIds: row.expired_hold_ids ?? [],
    rolledUpUntil: row.rolled_up_until,
  }
}

export function toHold(row: ListHoldsRow): Hold {
  return {
    id: row.id,
    accountId: row.account_id,
    counterpartyId: row.counterparty_id,
    currency: row.currency,
    amount: row.amount,
    captured: row.captured,
    expiresAt: row.expires_at,
    createdAt: row.created_at,
    closedAt: row.closed_at,
    closedAs: row.closed_as as HoldEnd | null,
    description: row.description,
    metadata: toMetadata(row.metadata),
  }
}

/** A hold as it is kept with its key: JSON has no integers of that size, so they are texts. */
type StoredHold = Omit<Hold, 'amount' | 'captured'> & { amount: string; captured: string }

export function toStoredHold(hold: Hold): StoredHold {
  return { ...hold, amount: String(hold.amount), captured: String(hold.captured) }
}

/** The row of a key: with its transaction, whose columns are then all there, or with its refusal. */
export function toStoredAnswer(row: ListAnswersRow): StoredAnswer {
  return {
    fingerprint: row.fingerprint,
    outcome:
      row.refusal === null
        ? toOutcome(row)
        : { refusal: toRefusal(row.refusal as unknown as Refusal) },
  }
}

function toOutcome({ hold, ...row }: ListAnswersRow): Outcome {
  const { amount, captured, metadata, ...rest } = (hold ?? {}) as unknown as StoredHold
  return {
    ...(row.id !== null && { transaction: toTransaction(row as FindTransactionByIdRow) }),
    ...(hold !== null && {
      hold: {
        ...rest,
        ...{ amount: BigInt(amount), captured: BigInt(captured) },
        metadata: toMetadata(metadata),
      },
    }),
  }
}

function toMetadata(metadata: Json): JsonObject | null {
  return metadata === null ? null : (sortKeys(metadata) as JsonObject)
}

/** A jsonb column orders keys by their length. */
function toRefusal({ members, ...refusal }: Refusal): Refusal {
  return members ? { ...refusal, members: sortKeys(members) as Record<string, string> } : refusal
}
