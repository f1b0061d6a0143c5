import type { Instant } from '../../internal/clock/instant'
import { Fault, type FaultSpec, type FieldError } from '../../internal/fault/fault'
import type { JsonObject } from '../../internal/json/json'
import type { Decimal } from '../../internal/money/decimal'
import type { LedgerAnswer, LedgerRequest } from './instruction'
import type { RollUpStore } from './rollup'

/** One movement of money as one of its two accounts sees it; amounts in minor units. */
export interface Transaction {
  id: string
  accountId: string
  currency: string
  /** Below zero, the money left accountId. */
  amount: bigint
  balanceAfter: bigint
  /** Null: the outside world of the currency. */
  counterpartyId: string | null
  description: string | null
  metadata: JsonObject | null
  /** When it counts; may lie before createdAt. */
  effectiveAt: Instant
  createdAt: Instant
  reversesId: string | null
  /** The hold that it captured. */
  holdId: string | null
}

/** A transaction with both of its sides, as it is stored. */
export interface Movement extends Transaction {
  entryNo: bigint
  counterpartyEntryNo: bigint | null
  counterpartyBalanceAfter: bigint | null
}

/** What a client asks to be posted. */
export interface NewTransaction {
  accountId: string
  amount: Decimal
  counterpartyId: string | null
  description: string | null
  metadata: JsonObject | null
  /** Null: the moment it is posted. */
  effectiveAt: Instant | null
  idempotency: Idempotency | null
}

/** The same as the caller makes it: with a key, or without. */
export type TransactionRequest = Omit<NewTransaction, 'idempotency'> & { key: string | null }

/** The caller's key, and a digest of what was asked under it. */
export interface Idempotency {
  key: string
  /** SHA-256 in hexadecimal; see fingerprint.ts. */
  fingerprint: string
}

/** Why a request was refused; plain data, because it is stored with its key and given again. */
export interface Refusal {
  code: RefusalCode | CompanionCode
  detail: string
  errors?: FieldError[]
  /** With sorted keys, so that a replay is the same to the byte. */
  members?: JsonObject
}

export const transactionFaults = {
  notFound: { kind: 'not_found', code: 'transaction.not_found', title: 'No such transaction' },
  currencyMismatch: {
    kind: 'unprocessable',
    code: 'transaction.currency_mismatch',
    title: 'The two accounts are kept in different currencies',
  },
  keyReused: {
    kind: 'unprocessable',
    code: 'idempotency.key_reused',
    title: 'The key was used for another request',
  },
  alreadyReversed: {
    kind: 'conflict',
    code: 'transaction.already_reversed',
    title: 'The transaction was reversed before',
  },
  bulkRefused: {
    kind: 'unprocessable',
    code: 'transaction.bulk_refused',
    title: 'One of the transactions was refused, so none was posted',
  },
  inProgress: {
    kind: 'conflict',
    code: 'idempotency.in_progress',
    title: 'A request with this key is being carried out',
  },
  busy: { kind: 'unavailable', code: 'ledger.busy', title: 'The ledger is busy' },
  outcomeUnknown: {
    kind: 'unavailable',
    code: 'ledger.outcome_unknown',
    title: 'The database went away while it committed',
  },
} as const satisfies Record<string, FaultSpec>

export function newTransactionNotFound(id: string): Fault {
  return new Fault(transactionFaults.notFound, { detail: `There is no transaction "${id}".` })
}

/** The refusals that a group's decision can come to. */
export type RefusalCode =
  | 'request.invalid'
  | 'account.not_found'
  | 'account.closed'
  | 'account.insufficient_funds'
  | 'account.balance_out_of_range'
  | 'transaction.currency_mismatch'
  | 'transaction.already_reversed'
  | 'hold.not_found'
  | 'hold.not_open'
  | 'hold.amount_exceeded'
  | 'idempotency.key_reused'
  | 'ledger.busy'

/** Of a companion's own refusals, which the ledger only hands on. */
export type CompanionCode = string & Record<never, never>

/** Where one row of a list stands: the key of the next page. */
export interface TransactionPosition {
  effectiveAt: Instant
  id: string
}

/** `from` and `to` are about effectiveAt and both inclusive. */
export interface Period {
  from: Instant | null
  to: Instant | null
}

export interface TransactionStore extends RollUpStore {
  /**
   * Carries out a group in one serializable database transaction and answers each request, in order;
   * an earlier one's effect is seen by a later one. When it throws, nothing of the group is stored,
   * except with ledger.outcome_unknown. Groups of one lane, 0 when left out, may touch the same at once;
   * those of several do not. Faults: ledger.busy, ledger.outcome_unknown, idempotency.in_progress,
   * database.unavailable.
   */
  post(group: readonly LedgerRequest[], lane?: number): Promise<LedgerAnswer[]>
  /** How long this account had better be left to other processes after a group; undefined for most. */
  restMs?: ((accountId: string) => number | undefined) | undefined
  /** Seen from the account it was posted to; undefined when there is none. */
  find(id: string): Promise<Transaction | undefined>
  /** Seen from its other side; undefined when there is none, or that is the outside world. */
  findCounterside(id: string): Promise<Transaction | undefined>
  /** Seen from that account, newest effectiveAt first; empty when there is no such account. */
  listByAccount(
    accountId: string,
    page: Period & { after: TransactionPosition | undefined; limit: number },
  ): Promise<Transaction[]>
}
