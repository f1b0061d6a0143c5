import type { Instant } from '../../internal/clock/instant'
import { readDecimal } from '../../internal/money/decimal'
import type { Hold } from '../hold/hold'
import type { LedgerState, LockedAccount, StoredAnswer } from './book'
import { decide, type Decision } from './decide'
import type { LedgerRequest, Post, Verdict } from './instruction'
import type { Movement, NewTransaction } from './transaction'

// What the unit tests of the ledger's decisions begin with.

export const earlier = '2020-01-01T00:00:00.000000Z' as Instant
export const now = '2026-01-31T09:30:00.000000Z' as Instant
export const later = '2030-01-01T00:00:00.000000Z' as Instant

/** With 100 euros on it. */
export function account(id: string, more: Partial<LockedAccount> = {}): LockedAccount {
  return {
    ...{ id, userId: `owner-${id}`, currency: 'EUR', balance: 10_000n, minBalance: 0n, held: 0n },
    ...{
      entryNo: 7n,
      closedAt: null,
      expiredHoldIds: [],
      rolledUpUntil: null,
      rolledUpUntilId: null,
    },
    ...more,
  }
}

export function request(
  accountId: string,
  amount: string,
  more: Partial<NewTransaction> = {},
): NewTransaction {
  return {
    accountId,
    amount: readDecimal(amount)!,
    ...{ counterpartyId: null, description: null, metadata: null, effectiveAt: null },
    ...{ idempotency: null, ...more },
  }
}

export const post = (one: NewTransaction): Post => ({ kind: 'post', ...one })

export const keyed = (key: string, digest = 1) => ({
  idempotency: { key, fingerprint: String(digest).padStart(2, '0').repeat(32) },
})

/** An open hold of 50 euros without an end. */
export function hold(id: string, accountId: string, more: Partial<Hold> = {}): Hold {
  return {
    ...{ id, accountId, counterpartyId: null, currency: 'EUR', amount: 5000n, captured: 0n },
    ...{ expiresAt: null, createdAt: earlier, closedAt: null, closedAs: null },
    ...{ description: null, metadata: null, ...more },
  }
}

/** A transaction that was posted earlier, against the outside world. */
export function movement(id: string, more: Partial<Movement> = {}): Movement {
  return {
    ...{ id, accountId: 'a', currency: 'EUR', amount: -400n, balanceAfter: 10_000n, entryNo: 7n },
    ...{ counterpartyId: null, counterpartyBalanceAfter: null, counterpartyEntryNo: null },
    ...{ description: null, metadata: null, effectiveAt: earlier, createdAt: earlier },
    ...{ reversesId: null, holdId: null, ...more },
  }
}

/** The ledger with these rows, of which accounts and holds go by their ids. */
export interface GivenState extends Partial<Omit<LedgerState, 'accounts' | 'holds'>> {
  accounts?: LockedAccount[]
  holds?: Hold[] | LedgerState['holds']
}

export function newState({ accounts = [], holds = [], ...more }: GivenState): LedgerState {
  return {
    accounts: new Map(accounts.map((one) => [one.id, one])),
    holds: Array.isArray(holds) ? new Map(holds.map((one) => [one.id, one])) : holds,
    heldAccountIds: new Set<string>(),
    reversedIds: new Set<string>(),
    answers: new Map<string, StoredAnswer>(),
    ...more,
  }
}

/** Decides a group; new rows are called t1, t2, … */
export function decideAll(requests: readonly LedgerRequest[], given: GivenState): Decision {
  let count = 0
  return decide(requests, newState(given), { now, newId: () => `t${++count}` })
}

/** A verdict in short: the balance after it, what became of the hold, or the code of the refusal. */
export function outcomeOf(verdict: Verdict): unknown {
  if (verdict.status === 'refused') return verdict.refusal.code
  return verdict.transaction?.balanceAfter ?? verdict.hold!.closedAs ?? 'open'
}
