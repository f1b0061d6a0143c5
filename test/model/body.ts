import type { Instant } from '../../internal/clock/instant'
import type { Account } from '../../pkg/account/account'
import type { Hold } from '../../pkg/hold/hold'
import type { Verdict } from '../../pkg/transaction/instruction'
import type { Transaction } from '../../pkg/transaction/transaction'
import {
  heldAt,
  holdAt,
  type AccountState,
  type HoldState,
  type Told,
  type TransactionBody,
} from './books'
import { show } from './mismatch'
import { justBefore, type Span } from './moment'

// Answers and what the oracle expects, each brought into one form, so that equal means equal.

export function accountText(account: AccountState, held: bigint): string {
  const entryNo = BigInt(account.entries.length)
  return givenAccountText({ ...account, held, entryNo })
}

export function givenAccountText(account: Account): string {
  const { id, userId, name, currency, balance, minBalance, held, entryNo } = account
  const { closedAt, createdAt } = account
  return show([id, userId, name, currency, balance, minBalance, held, entryNo, closedAt, createdAt])
}

export function transactionText(one: TransactionBody | Transaction): string {
  return show([
    ...[one.id, one.accountId, one.currency, one.amount, one.balanceAfter, one.counterpartyId],
    ...[one.description, one.metadata, one.effectiveAt, one.createdAt],
    ...[one.reversesId, one.holdId],
  ])
}

export function holdText(hold: HoldState | Hold): string {
  return show([
    ...[hold.id, hold.accountId, hold.counterpartyId, hold.currency, hold.amount, hold.captured],
    ...[hold.expiresAt, hold.createdAt, hold.closedAt, hold.closedAs],
    ...[hold.description, hold.metadata],
  ])
}

export function toldText(told: Told): string {
  if (told.status === 'refused') {
    const { code, members, paths, isReplayed } = told
    return show(['refused', code, members ?? {}, paths ?? [], isReplayed])
  }
  const { status, transaction, hold } = told
  return `${status} ${transaction ? transactionText(transaction) : ''} ${hold ? holdText(hold) : ''}`
}

export function verdictText(verdict: Verdict): string {
  if (verdict.status !== 'refused') return toldText(verdict)
  const { refusal, replayed: isReplayed } = verdict
  const { code, members } = refusal
  const paths = refusal.errors?.map(({ path }) => path)
  return toldText({
    ...{ status: 'refused', code, isReplayed },
    ...(members && { members }),
    ...(paths && { paths }),
  })
}

/** The moments of a span at which something may look different from the moment before. */
export function momentsIn(
  { from, until }: Span,
  accounts: Iterable<AccountState | undefined>,
): Instant[] {
  const ends = new Set<Instant>()
  for (const account of accounts) {
    for (const { expiresAt } of account?.holds.values() ?? []) {
      if (expiresAt !== null && expiresAt > from && expiresAt <= until) ends.add(expiresAt)
    }
  }
  return [...[...ends].sort().map(justBefore), until]
}

/** What may have been held at some moment of the span. */
export function heldIn(account: AccountState, span: Span): bigint[] {
  return momentsIn(span, [account]).map((moment) => heldAt(account, moment))
}

/** How the hold may have looked at some moment of the span. */
export function holdTextsIn(account: AccountState, id: string, span: Span): string[] {
  const hold = account.holds.get(id)
  if (!hold) return []
  return momentsIn(span, [account]).map((moment) => holdText(holdAt(hold, moment)))
}
