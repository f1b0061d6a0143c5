import type { Instant } from '../../internal/clock/instant'
import { formatMoney, scaleOf } from '../../internal/money/currency'
import { minorUnitsMax, toMinorUnits } from '../../internal/money/decimal'
import type { Account } from '../account/account'
import type {
  Idempotency,
  Movement,
  NewTransaction,
  Refusal,
  Transaction,
  Verdict,
} from './transaction'

/** What a decision needs to know of an account that is locked. */
export type LockedAccount = Pick<
  Account,
  'id' | 'currency' | 'balance' | 'minBalance' | 'entryNo' | 'closedAt'
>

/** The first answer to a key. */
export interface StoredAnswer {
  fingerprint: Buffer
  outcome: { transaction: Transaction } | { refusal: Refusal }
}

/** All that is known when a group is decided: read under lock. */
export interface LedgerState {
  /** Those that the group touches, by id. */
  accounts: ReadonlyMap<string, LockedAccount>
  /** Accounts that are there but that somebody else held for too long. */
  heldAccountIds: ReadonlySet<string>
  /** By key. */
  answers: ReadonlyMap<string, StoredAnswer>
}

/** What makes new rows: the same for a whole group. */
export interface Stamp {
  now: Instant
  newId(): string
}

/** The verdicts, in the order of the group, and what has to be written so that they are true. */
export interface Decision {
  verdicts: Verdict[]
  now: Instant
  movements: Movement[]
  /** The accounts that changed, as they are afterwards. */
  changed: LockedAccount[]
  /** The answers to keys that had none. */
  remembered: { idempotency: Idempotency; outcome: StoredAnswer['outcome'] }[]
}

/**
 * Walks the group in order and gives each request its verdict: created, replayed or refused. Pure:
 * everything it looks at comes in, everything that follows goes out; an earlier request's effect is
 * seen by a later one.
 */
export function decide(
  group: readonly NewTransaction[],
  state: LedgerState,
  stamp: Stamp,
): Decision {
  const accounts = new Map(state.accounts)
  const answers = new Map<string, StoredAnswer>()
  const changed = new Set<string>()
  const decision: Decision = {
    verdicts: [],
    now: stamp.now,
    movements: [],
    changed: [],
    remembered: [],
  }

  for (const request of group) {
    const { idempotency } = request
    const stored =
      idempotency && (answers.get(idempotency.key) ?? state.answers.get(idempotency.key))
    if (stored) {
      decision.verdicts.push(replay(stored, idempotency))
      continue
    }
    if (touches(request).some((id) => state.heldAccountIds.has(id))) {
      decision.verdicts.push(busy)
      continue
    }
    const result = judge(request, accounts, stamp)
    if ('movement' in result) {
      decision.movements.push(result.movement)
      for (const account of result.accounts) {
        accounts.set(account.id, account)
        changed.add(account.id)
      }
    }
    const outcome = 'movement' in result ? { transaction: result.movement } : result
    decision.verdicts.push(firstVerdict(outcome))
    if (idempotency) {
      answers.set(idempotency.key, { fingerprint: idempotency.fingerprint, outcome })
      decision.remembered.push({ idempotency, outcome })
    }
  }

  decision.changed = [...changed].map((id) => accounts.get(id)!)
  return decision
}

// Not remembered with its key: it says nothing about the request.
const busy: Verdict = {
  status: 'refused',
  refusal: {
    code: 'ledger.busy',
    detail: 'The account is locked by somebody else. Nothing was posted; send it again.',
  },
  replayed: false,
}

/** The accounts on both sides, the outside world left out. */
export function touches({ accountId, counterpartyId }: NewTransaction): string[] {
  return counterpartyId === null ? [accountId] : [accountId, counterpartyId]
}

function firstVerdict(outcome: StoredAnswer['outcome']): Verdict {
  return 'refusal' in outcome
    ? { status: 'refused', refusal: outcome.refusal, replayed: false }
    : { status: 'created', transaction: outcome.transaction }
}

function replay(stored: StoredAnswer, { key, fingerprint }: Idempotency): Verdict {
  if (!stored.fingerprint.equals(fingerprint)) {
    const detail = `The Idempotency-Key "${key}" was used for another request before.`
    return {
      status: 'refused',
      refusal: { code: 'idempotency.key_reused', detail },
      replayed: false,
    }
  }
  return 'refusal' in stored.outcome
    ? { status: 'refused', refusal: stored.outcome.refusal, replayed: true }
    : { status: 'replayed', transaction: stored.outcome.transaction }
}

type Judgement = { refusal: Refusal } | { movement: Movement; accounts: LockedAccount[] }

function judge(
  request: NewTransaction,
  accounts: ReadonlyMap<string, LockedAccount>,
  stamp: Stamp,
): Judgement {
  if (request.accountId === request.counterpartyId) {
    return refuse('request.invalid', 'A transaction needs two different accounts.')
  }
  const account = accounts.get(request.accountId)
  if (!account) return refuse('account.not_found', `There is no account "${request.accountId}".`)
  const counterparty = request.counterpartyId === null ? null : accounts.get(request.counterpartyId)
  if (counterparty === undefined) {
    return refuse('account.not_found', `There is no account "${request.counterpartyId}".`)
  }

  const refusal = closedOrMismatched(account, counterparty)
  if (refusal) return refusal
  const amount = toMinorUnits(request.amount, scaleOf(account.currency))
  if (amount === undefined || amount > minorUnitsMax || amount < -minorUnitsMax) {
    return refuseAmount(account.currency, amount === undefined)
  }

  const after = enter(account, amount)
  if ('refusal' in after) return after
  const counterpartyAfter = counterparty && enter(counterparty, -amount)
  if (counterpartyAfter && 'refusal' in counterpartyAfter) return counterpartyAfter

  return {
    movement: newMovement(request, amount, after, counterpartyAfter, stamp),
    accounts: counterpartyAfter ? [after, counterpartyAfter] : [after],
  }
}

function closedOrMismatched(
  account: LockedAccount,
  counterparty: LockedAccount | null,
): { refusal: Refusal } | undefined {
  for (const side of [account, counterparty]) {
    if (side?.closedAt) return refuse('account.closed', `The account "${side.id}" is closed.`)
  }
  if (counterparty && counterparty.currency !== account.currency) {
    return refuse(
      'transaction.currency_mismatch',
      `"${account.id}" is kept in ${account.currency}, "${counterparty.id}" in ${counterparty.currency}.`,
    )
  }
  return undefined
}

/** The account with one more entry, or why it cannot take it. */
function enter(account: LockedAccount, amount: bigint): LockedAccount | { refusal: Refusal } {
  const balance = account.balance + amount
  if (amount < 0n && balance < account.minBalance) return refuseFunds(account, amount)
  if (balance > minorUnitsMax || balance < -minorUnitsMax) {
    return refuse(
      'account.balance_out_of_range',
      `The balance of "${account.id}" would exceed ${formatMoney(minorUnitsMax, account.currency)} ${account.currency}.`,
    )
  }
  return { ...account, balance, entryNo: account.entryNo + 1n }
}

function newMovement(
  request: NewTransaction,
  amount: bigint,
  after: LockedAccount,
  counterpartyAfter: LockedAccount | null,
  stamp: Stamp,
): Movement {
  return {
    id: stamp.newId(),
    accountId: after.id,
    currency: after.currency,
    amount,
    balanceAfter: after.balance,
    entryNo: after.entryNo,
    counterpartyId: counterpartyAfter && counterpartyAfter.id,
    counterpartyBalanceAfter: counterpartyAfter && counterpartyAfter.balance,
    counterpartyEntryNo: counterpartyAfter && counterpartyAfter.entryNo,
    description: request.description,
    metadata: request.metadata,
    effectiveAt: request.effectiveAt ?? stamp.now,
    createdAt: stamp.now,
    reversesId: null,
  }
}

function refuse(code: Refusal['code'], detail: string): { refusal: Refusal } {
  return { refusal: { code, detail } }
}

function refuseFunds(account: LockedAccount, amount: bigint): { refusal: Refusal } {
  const balance = formatMoney(account.balance, account.currency)
  const minBalance = formatMoney(account.minBalance, account.currency)
  const wanted = formatMoney(-amount, account.currency)
  return {
    refusal: {
      code: 'account.insufficient_funds',
      detail: `"${account.id}" holds ${balance} ${account.currency} and may not fall below ${minBalance}: ${wanted} is too much.`,
      // By name, as they come back from the database: a replay is the same to the byte.
      members: {
        account_id: account.id,
        amount: formatMoney(amount, account.currency),
        balance,
        min_balance: minBalance,
      },
    },
  }
}

function refuseAmount(currency: string, tooFine: boolean): { refusal: Refusal } {
  const message = tooFine
    ? `must have at most ${scaleOf(currency)} decimals in ${currency}`
    : `must not exceed ${formatMoney(minorUnitsMax, currency)} ${currency}`
  const detail = `The amount ${message}.`
  return { refusal: { code: 'request.invalid', detail, errors: [{ path: 'amount', message }] } }
}
