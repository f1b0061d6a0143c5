import type { JsonObject } from '../../../internal/json/json'
import type { Changes, LateEntry, LockedAccount, StoredAnswer } from '../book'
import type { Decision } from '../decide'
import type { Hold } from '../../hold/hold'
import type { Movement } from '../transaction'
import { toStoredHold } from './row'
import type {
  InsertHoldsParams,
  InsertLateEntriesParams,
  UpdateHoldsParams,
  WriteFromRecallParams,
  WriteGroupParams,
} from './transaction.sql.ts'

/** A decision's rows turned into columns, as unnest takes them. */
export function toColumns(decision: Decision, xactNo: bigint): WriteGroupParams {
  const { movements, accounts, now } = decision
  return {
    now,
    xact_no: xactNo,
    ids: movements.map((m) => m.id),
    entry_nos: movements.map((m) => m.entryNo),
    ...toMovementColumns(movements),
    // Most count from now on: that is said once, as a time costs more to write and read than the rest.
    effective_at: movements.map((m) => (m.effectiveAt === now ? null : m.effectiveAt)),
    reverses_ids: movements.map((m) => m.reversesId),
    hold_ids: movements.map((m) => m.holdId),

    changed_ids: accounts.map((account) => account.id),
    changed_balances: accounts.map((account) => account.balance),
    changed_held: accounts.map((account) => account.held),
    changed_entry_nos: accounts.map((account) => account.entryNo),
    ...toAnswerColumns(decision.remembered),
  }
}

/** Of a decision that has nothing but transactions which count from now on, and of the accounts it was made by. */
export function toRecalledColumns(
  { movements, accounts, remembered, now }: Decision,
  known: ReadonlyMap<string, LockedAccount>,
): WriteFromRecallParams {
  const changed = new Map(accounts.map((account) => [account.id, account]))
  const before = [...known.values()].sort((one, other) => (one.id < other.id ? -1 : 1))
  const after = before.map((account) => changed.get(account.id) ?? account)
  const { transaction_ids: answer_ids, keys, fingerprints, refusals } = toAnswerColumns(remembered)
  return {
    now,
    ids: before.map((account) => account.id),
    known_balances: before.map((account) => account.balance),
    known_min_balances: before.map((account) => account.minBalance),
    known_entry_nos: before.map((account) => account.entryNo),
    balances: after.map((account) => account.balance),
    entry_nos: after.map((account) => account.entryNo),

    transaction_ids: movements.map((m) => m.id),
    movement_entry_nos: movements.map((m) => m.entryNo),
    ...toMovementColumns(movements),
    ...{ keys, fingerprints, answer_ids, refusals },
  }
}

function toMovementColumns(movements: readonly Movement[]) {
  return {
    account_ids: movements.map((m) => m.accountId),
    currencies: movements.map((m) => m.currency),
    amounts: movements.map((m) => m.amount),
    balances_after: movements.map((m) => m.balanceAfter),
    counterparty_ids: movements.map((m) => m.counterpartyId),
    counterparty_balances_after: movements.map((m) => m.counterpartyBalanceAfter),
    counterparty_entry_nos: movements.map((m) => m.counterpartyEntryNo),
    descriptions: movements.map((m) => m.description),
    metadata: movements.map((m) => toJsonText(m.metadata)),
  }
}

function toAnswerColumns(remembered: Changes['remembered']) {
  const given = remembered.map(({ outcome }) => toAnswerFields(outcome))
  return {
    keys: remembered.map(({ idempotency }) => idempotency.key),
    fingerprints: remembered.map(({ idempotency }) => idempotency.fingerprint),
    transaction_ids: given.map((fields) => fields.transactionId),
    refusals: given.map((fields) => fields.refusal),
    holds: given.map((fields) => fields.hold),
  }
}

function toAnswerFields(outcome: StoredAnswer['outcome']) {
  if ('refusal' in outcome) {
    return { transactionId: null, refusal: JSON.stringify(outcome.refusal), hold: null }
  }
  const { transaction, hold, paidBy } = outcome
  return {
    transactionId: transaction?.id ?? paidBy ?? null,
    refusal: null,
    hold: hold ? JSON.stringify(toStoredHold(hold)) : null,
  }
}

export function toOpenedHoldColumns(holds: readonly Hold[]): InsertHoldsParams {
  return {
    ...toChangedHoldColumns(holds),
    account_ids: holds.map((hold) => hold.accountId),
    counterparty_ids: holds.map((hold) => hold.counterpartyId),
    currencies: holds.map((hold) => hold.currency),
    amounts: holds.map((hold) => hold.amount),
    created_at: holds.map((hold) => hold.createdAt),
    descriptions: holds.map((hold) => hold.description),
    metadata: holds.map((hold) => toJsonText(hold.metadata)),
  }
}

export function toChangedHoldColumns(holds: readonly Hold[]): UpdateHoldsParams {
  return {
    ids: holds.map((hold) => hold.id),
    captured: holds.map((hold) => hold.captured),
    expires_at: holds.map((hold) => hold.expiresAt),
    closed_at: holds.map((hold) => hold.closedAt),
    closed_as: holds.map((hold) => hold.closedAs),
  }
}

export function toLateEntryColumns(entries: readonly LateEntry[]): InsertLateEntriesParams {
  return {
    account_ids: entries.map((entry) => entry.accountId),
    effective_at: entries.map((entry) => entry.effectiveAt),
    transaction_ids: entries.map((entry) => entry.transactionId),
    amounts: entries.map((entry) => entry.amount),
    is_expense: entries.map((entry) => entry.isExpense),
  }
}

function toJsonText(metadata: JsonObject | null): string | null {
  return metadata && JSON.stringify(metadata)
}
