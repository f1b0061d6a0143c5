import type { Decision, LockedAccount } from '../decide'
import type { Movement } from '../transaction'
import type {
  InsertAnswersParams,
  InsertTransactionsParams,
  UpdateBalancesParams,
} from './transaction.sql.ts'

/** A decision's rows turned into columns, as unnest takes them. */
export function toTransactionColumns({ movements, now }: Decision): InsertTransactionsParams {
  const column = <T>(cell: (movement: Movement) => T): T[] => movements.map(cell)
  return {
    created_at: now,
    ids: column((m) => m.id),
    account_ids: column((m) => m.accountId),
    currencies: column((m) => m.currency),
    amounts: column((m) => m.amount),
    balances_after: column((m) => m.balanceAfter),
    entry_nos: column((m) => m.entryNo),
    counterparty_ids: column((m) => m.counterpartyId),
    counterparty_balances_after: column((m) => m.counterpartyBalanceAfter),
    counterparty_entry_nos: column((m) => m.counterpartyEntryNo),
    descriptions: column((m) => m.description),
    metadata: column((m) => m.metadata && JSON.stringify(m.metadata)),
    effective_at: column((m) => m.effectiveAt),
    reverses_ids: column((m) => m.reversesId),
  }
}

export function toBalanceColumns(changed: readonly LockedAccount[]): UpdateBalancesParams {
  return {
    ids: changed.map((account) => account.id),
    balances: changed.map((account) => account.balance),
    entry_nos: changed.map((account) => account.entryNo),
  }
}

export function toAnswerColumns({ remembered, now }: Decision): InsertAnswersParams {
  return {
    created_at: now,
    keys: remembered.map(({ idempotency }) => idempotency.key),
    fingerprints: remembered.map(({ idempotency }) => idempotency.fingerprint),
    transaction_ids: remembered.map(({ outcome }) =>
      'transaction' in outcome ? outcome.transaction.id : null,
    ),
    refusals: remembered.map(({ outcome }) =>
      'refusal' in outcome ? JSON.stringify(outcome.refusal) : null,
    ),
  }
}
