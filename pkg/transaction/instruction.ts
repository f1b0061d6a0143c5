import type { Instant } from '../../internal/clock/instant'
import type { Decimal } from '../../internal/money/decimal'
import type { Hold, HoldRequest } from '../hold/hold'
import type { CompanionAsk } from './companion'
import type { Idempotency, NewTransaction, Refusal, Transaction } from './transaction'

/** One thing that the ledger is asked to do, all or nothing. */
export type Instruction = Post | Reverse | OpenHold | CaptureHold | ReleaseHold | ExtendHold | Pay

interface Keyed {
  idempotency: Idempotency | null
}

export interface Post extends NewTransaction {
  kind: 'post'
}

/** The opposite movement; `original` is the row, which never changes. */
export interface Reverse extends Keyed {
  kind: 'reverse'
  original: Transaction
}

export interface OpenHold extends Keyed, Omit<HoldRequest, 'key'> {
  kind: 'open_hold'
}

/** What of a hold never changes, and so is known before anything is locked. */
export type HoldReference = Pick<Hold, 'id' | 'accountId' | 'counterpartyId'>

export interface CaptureHold extends Keyed {
  kind: 'capture_hold'
  hold: HoldReference
  /** Null: all that is left. */
  amount: Decimal | null
}

export interface ReleaseHold extends Keyed {
  kind: 'release_hold'
  hold: HoldReference
}

export interface ExtendHold extends Keyed {
  kind: 'extend_hold'
  hold: HoldReference
  /** Null: without an end. */
  expiresAt: Instant | null
}

/** Pays for what a companion carries out in the same commit, and as much as it says. */
export interface Pay extends Keyed {
  kind: 'pay'
  accountId: string
  counterpartyId: string
  /** Who has to own accountId. Null: whoever does. */
  payerId: string | null
  companion: CompanionAsk
}

/** What one caller asks for at once; a group is a list of these. */
export interface LedgerRequest {
  instructions: readonly Instruction[]
  /** All of them or none; otherwise each stands for itself. */
  isAtomic: boolean
  /** Judge them, and keep nothing. */
  isDryRun: boolean
}

/** What came of an instruction: a transaction, a hold, or both when a hold was captured. */
export interface Outcome {
  transaction?: Transaction
  hold?: Hold
  /** What a companion made of it. Only with the first answer: it is not kept with a key. */
  companion?: unknown
  /** Instead of all these: the transaction that had paid for it before. */
  paidBy?: string
}

/** What becomes of one instruction. `replayed`: the first answer to its key, again. */
export type Verdict =
  | ({ status: 'created' | 'replayed' } & Outcome)
  | { status: 'refused'; refusal: Refusal; replayed: boolean }

export interface LedgerAnswer {
  /** One for each instruction, in order; of an atomic request that was refused, up to the refused one. */
  verdicts: Verdict[]
  /** Which instruction had an atomic request refused. */
  refusedAt: number | null
}

/** A request of a single instruction. */
export function single(instruction: Instruction, isDryRun = false): LedgerRequest {
  return { instructions: [instruction], isAtomic: false, isDryRun }
}

/** The accounts on both sides, the outside world left out. */
export function touches(instruction: Instruction): string[] {
  const { accountId, counterpartyId } = sidesOf(instruction)
  return counterpartyId === null ? [accountId] : [accountId, counterpartyId]
}

/** The accounts on both sides; null is the outside world. */
export function sidesOf(
  instruction: Instruction,
): Pick<Transaction, 'accountId' | 'counterpartyId'> {
  if ('original' in instruction) return instruction.original
  return 'hold' in instruction ? instruction.hold : instruction
}
