import type { Decision } from '../decide'
import type { WriteGroupParams } from './transaction.sql.ts'

/** A decision's rows turned into columns, as unnest takes them. */
export function toColumns({ movements, changed, remembered, now }: Decision): WriteGroupParams {
  return {
    now,
    ids: movements.map((m) => m.id),
    account_ids: movements.map((m) => m.accountId),
    currencies: movements.map((m) => m.currency),
    amounts: movements.map((m) => m.amount),
    balances_after: movements.map((m) => m.balanceAfter),
    entry_nos: movements.map((m) => m.entryNo),
    counterparty_ids: movements.map((m) => m.counterpartyId),
    counterparty_balances_after: movements.map((m) => m.counterpartyBalanceAfter),
    counterparty_entry_nos: movements.map((m) => m.counterpartyEntryNo),
    descriptions: movements.map((m) => m.description),
    metadata: movements.map((m) => m.metadata && JSON.stringify(m.metadata)),
    effective_at: movements.map((m) => m.effectiveAt),
    reverses_ids: movements.map((m) => m.reversesId),

    changed_ids: changed.map((account) => account.id),
    changed_balances: changed.map((account) => account.balance),
    changed_entry_nos: changed.map((account) => account.entryNo),

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
