import { sortObject } from '../../../internal/json/json'
import type { Hold, HoldEnd } from '../../hold/hold'
import type { LockedAccount, StoredAnswer } from '../book'
import type { Outcome } from '../instruction'
import type { Refusal, Transaction } from '../transaction'
import type {
  ListTransactionsByIdsRow,
  ListAnswersRow,
  ListHoldsRow,
  LockAccountsRow,
} from './transaction.sql.ts'

export function toTransaction(row: ListTransactionsByIdsRow): Transaction {
  return {
    id: row.id,
    accountId: row.account_id,
    currency: row.currency,
    amount: row.amount,
    balanceAfter: row.balance_after,
    counterpartyId: row.counterparty_id,
    description: row.description,
    metadata: sortObject(row.metadata),
    effectiveAt: row.effective_at,
    createdAt: row.created_at,
    reversesId: row.reverses_id,
    holdId: row.hold_id,
  }
}

type Present<Row, Column extends keyof Row> = { [C in Column]: NonNullable<Row[C]> }

type LockedColumn = 'id' | 'user_id' | 'currency' | 'balance' | 'min_balance' | 'held' | 'entry_no'

type LockedRow = Present<LockAccountsRow, LockedColumn> &
  Pick<LockAccountsRow, 'closed_at' | 'rolled_up_until' | 'rolled_up_until_id' | 'expired_hold_ids'>

type ClockRow = Present<LockAccountsRow, 'now' | 'xact_id' | 'xact_no'>

/** The rows of the accounts, and the last row, which tells the time and the transaction's number. */
export function toLocked(rows: readonly LockAccountsRow[]) {
  const { now, xact_id: xactId, xact_no: xactNo } = rows.at(-1) as ClockRow
  const accounts = (rows.slice(0, -1) as LockedRow[]).map(toLockedAccount)
  return { now, xactId, xactNo, accounts: new Map(accounts.map((one) => [one.id, one])) }
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
    rolledUpUntilId: row.rolled_up_until_id,
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
    metadata: sortObject(row.metadata),
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
    ...(row.id !== null && { transaction: toTransaction(row as ListTransactionsByIdsRow) }),
    ...(hold !== null && {
      hold: {
        ...rest,
        ...{ amount: BigInt(amount), captured: BigInt(captured) },
        metadata: sortObject(metadata),
      },
    }),
  }
}

/** A jsonb column orders keys by their length. */
function toRefusal({ members, ...refusal }: Refusal): Refusal {
  return members ? { ...refusal, members: sortObject(members)! } : refusal
}
