import type { JsonObject } from '../../../internal/json/json'
import type { Changes, LateEntry, LockedAccount, StoredAnswer } from '../book'
import type { Decision } from '../decide'
import type { Hold } from '../../hold/hold'
import { touches, type Instruction, type LedgerAnswer, type LedgerRequest } from '../instruction'
import type { Movement, Refusal } from '../transaction'
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
    effective_at: sparse(movements, (m) => (m.effectiveAt === now ? null : m.effectiveAt)),
    reverses_ids: sparse(movements, (m) => m.reversesId),
    hold_ids: sparse(movements, (m) => m.holdId),

    changed_ids: accounts.map((account) => account.id),
    changed_balances: accounts.map((account) => account.balance),
    changed_held: accounts.map((account) => account.held),
    changed_entry_nos: accounts.map((account) => account.entryNo),
    ...toAnswerColumns(decision.remembered),
  }
}

/**
 * Of a decision that has nothing but transactions which count from now on, and of the accounts it was made by.
 * Those that refused something have to stand where they stood.
 */
export function toRecalledColumns(
  { movements, accounts, remembered, answers }: Decision,
  known: ReadonlyMap<string, LockedAccount>,
  requests: readonly LedgerRequest[],
): WriteFromRecallParams {
  const changed = new Map(accounts.map((account) => [account.id, account]))
  const before = [...known.values()].sort((one, other) => (one.id < other.id ? -1 : 1))
  const after = before.map((account) => changed.get(account.id) ?? account)
  const places = new Map(before.map(({ id }, i) => [id, BigInt(i + 1)]))
  const lowest = lowestOf(movements)
  const refusing = refusingAccounts(requests, answers)
  const { transaction_ids: answer_ids, keys, fingerprints, refusals } = toAnswerColumns(remembered)
  return {
    ids: before.map((account) => account.id),
    known_balances: before.map((account) => account.balance),
    known_entry_nos: before.map((account) => account.entryNo),
    changes: before.map((account, i) => after[i]!.balance - account.balance),
    entries: before.map((account, i) => after[i]!.entryNo - account.entryNo),
    lowest: sparse(before, ({ id }) => lowest.get(id) ?? null),
    known_min_balances: sparse(before, ({ id, minBalance }) =>
      refusing.has(id) ? minBalance : null,
    ),
    turnover: movements.reduce((sum, { amount }) => sum + (amount < 0n ? -amount : amount), 0n),

    transaction_ids: movements.map((m) => m.id),
    movement_entry_nos: movements.map((m) => m.entryNo),
    places: movements.map((m) => places.get(m.accountId)!),
    counterparty_places: sparse(movements, (m) =>
      m.counterpartyId === null ? null : places.get(m.counterpartyId)!,
    ),
    ...toMovementColumns(movements),
    ...{ keys, fingerprints, answer_ids, refusals },
  }
}

/** The accounts for whose sake something was refused, which might not be where they stand by now. */
function refusingAccounts(
  requests: readonly LedgerRequest[],
  answers: readonly LedgerAnswer[],
): ReadonlySet<string> {
  const ids = new Set<string>()
  answers.forEach(({ verdicts, refusedAt }, i) => {
    const { instructions } = requests[i]!
    // Of all or none it is also said that everything before the refused one could be done.
    if (refusedAt !== null) {
      for (const one of instructions.slice(0, refusedAt + 1)) addAll(ids, touches(one))
      return
    }
    verdicts.forEach((verdict, j) => {
      if (verdict.status === 'refused') addAll(ids, reasonsOf(verdict.refusal, instructions[j]!))
    })
  })
  return ids
}

/** Where money is short it is said whose; otherwise it may be either side. */
function reasonsOf({ members }: Refusal, instruction: Instruction): readonly string[] {
  const id = members?.account_id
  return typeof id === 'string' ? [id] : touches(instruction)
}

function addAll(set: Set<string>, values: readonly string[]): void {
  for (const value of values) set.add(value)
}

/** The lowest balance that money leaves behind, of each account that it leaves. */
function lowestOf(movements: readonly Movement[]): ReadonlyMap<string, bigint> {
  const lowest = new Map<string, bigint>()
  for (const { amount, accountId, balanceAfter, ...other } of movements) {
    const [id, balance] =
      amount < 0n
        ? [accountId, balanceAfter]
        : [other.counterpartyId, other.counterpartyBalanceAfter]
    if (id === null || balance === null) continue
    const before = lowest.get(id)
    if (before === undefined || balance < before) lowest.set(id, balance)
  }
  return lowest
}

function toMovementColumns(movements: readonly Movement[]) {
  return {
    account_ids: movements.map((m) => m.accountId),
    currencies: movements.map((m) => m.currency),
    amounts: movements.map((m) => m.amount),
    balances_after: movements.map((m) => m.balanceAfter),
    counterparty_ids: sparse(movements, (m) => m.counterpartyId),
    counterparty_balances_after: sparse(movements, (m) => m.counterpartyBalanceAfter),
    counterparty_entry_nos: sparse(movements, (m) => m.counterpartyEntryNo),
    descriptions: sparse(movements, (m) => m.description),
    metadata: sparse(movements, (m) => toJsonText(m.metadata)),
  }
}

function toAnswerColumns(remembered: Changes['remembered']) {
  return {
    keys: remembered.map(({ idempotency }) => idempotency.key),
    fingerprints: remembered.map(({ idempotency }) => idempotency.fingerprint),
    transaction_ids: sparse(remembered, ({ outcome }) => paidIn(outcome)),
    refusals: sparse(remembered, ({ outcome }) => toRefusalText(outcome)),
    holds: sparse(remembered, ({ outcome }) => toHoldText(outcome)),
  }
}

/**
 * A column that is seldom filled. One of nothing but nulls goes out empty: unnest fills it up with nulls,
 * and the server is spared reading them.
 */
function sparse<Row, Value>(
  rows: readonly Row[],
  valueOf: (row: Row) => Value | null,
): (Value | null)[] {
  return rows.some((row) => valueOf(row) !== null) ? rows.map(valueOf) : []
}

type AnyOutcome = StoredAnswer['outcome']

function paidIn(outcome: AnyOutcome): string | null {
  if ('refusal' in outcome) return null
  return outcome.transaction?.id ?? outcome.paidBy ?? null
}

function toRefusalText(outcome: AnyOutcome): string | null {
  return 'refusal' in outcome ? JSON.stringify(outcome.refusal) : null
}

function toHoldText(outcome: AnyOutcome): string | null {
  if ('refusal' in outcome || !outcome.hold) return null
  return JSON.stringify(toStoredHold(outcome.hold))
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
