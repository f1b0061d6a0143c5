import type { Instant } from '../../internal/clock/instant'
import type { JsonObject } from '../../internal/json/json'
import { withoutZeros } from './amount'

interface Sided {
  accountId: string
  counterpartyId: string | null
  /** As it is written: `"12.50"`. */
  amount: string
  description: string | null
  metadata: JsonObject | null
  key: string | null
}

export interface PostWish extends Sided {
  kind: 'post'
  effectiveAt: Instant | null
}
export interface HoldWish extends Sided {
  kind: 'hold'
  expiresAt: Instant | null
}
export interface ReverseWish {
  kind: 'reverse'
  transactionId: string
  key: string | null
}
export interface CaptureWish {
  kind: 'capture'
  holdId: string
  /** Null: all that is left. */
  amount: string | null
  key: string | null
}
export interface ReleaseWish {
  kind: 'release'
  holdId: string
  key: string | null
}
export interface ExtendWish {
  kind: 'extend'
  holdId: string
  expiresAt: Instant | null
  key: string | null
}

/** One thing that the ledger is asked to do. */
export type Wish = PostWish | HoldWish | ReverseWish | CaptureWish | ReleaseWish | ExtendWish

/** What one caller asks for at once. */
export interface LedgerAsk {
  kind: 'ledger'
  wishes: readonly Wish[]
  mode: 'single' | 'independent' | 'atomic'
  isDryRun: boolean
}

export type Ask =
  | LedgerAsk
  | { kind: 'user'; id: string }
  | { kind: 'account'; id: string; userId: string; currency: string; minBalance: bigint }
  | { kind: 'close'; id: string }
  | { kind: 'limit'; id: string; minBalance: bigint }
  | ReadAsk

export interface PageAsk {
  kind: 'page'
  id: string
  from: Instant | null
  to: Instant | null
  after: { effectiveAt: Instant; id: string } | undefined
  limit: number
}

export interface LargestAsk {
  kind: 'largest'
  id: string
  from: Instant | null
  to: Instant | null
  currency: string | null
}

export type ReadAsk =
  | { kind: 'read user' | 'read account' | 'read transaction' | 'read hold'; id: string }
  | PageAsk
  | LargestAsk

/** Two requests with one key have to mean the same. */
export function meaningOf({ key: _, ...wish }: Wish): string {
  const amount = 'amount' in wish && wish.amount !== null ? withoutZeros(wish.amount) : null
  return JSON.stringify({ ...wish, amount })
}
