import type { Instant } from '../../internal/clock/instant'
import { largestUnits, toText, toUnits } from './amount'
import {
  heldAt,
  holdAt,
  leftOf,
  seenFrom,
  withAccount,
  withEntry,
  type AccountState,
  type Books,
  type HoldState,
  type Movement,
  type RefusedTold,
  type Told,
} from './books'
import type {
  CaptureWish,
  ExtendWish,
  HoldWish,
  PostWish,
  ReleaseWish,
  ReverseWish,
  Wish,
} from './wish'

/** How the ledger is looked at while a request is carried out. */
export interface View {
  now: Instant
  /** Up to when holds that are over were found: they are looked for a moment before `now`. */
  heldAt: Instant
  /** Accounts that were being opened at the same time, and not seen yet. */
  unseen: ReadonlySet<string>
}

/** What cannot be foreseen, taken from the answer: ids, and whether a lock was waited for in vain. */
export interface Given {
  transactionId: string | undefined
  holdId: string | undefined
  isBusy: boolean
}

export interface Step {
  books: Books
  told: Told
}

/** What becomes of a wish that comes for the first time. */
export function judge(books: Books, wish: Wish, view: View, given: Given): Step {
  switch (wish.kind) {
    case 'post':
      return judgePost(books, wish, view, given)
    case 'reverse':
      return judgeReverse(books, wish, view, given)
    case 'hold':
      return judgeHold(books, wish, view, given)
    case 'capture':
      return judgeCapture(books, wish, view, given)
    case 'release':
    case 'extend':
      return judgeChange(books, wish, view)
  }
}

function judgePost(books: Books, wish: PostWish, view: View, given: Given): Step {
  const wrong = refuseSides(books, wish, view)
  if (wrong) return { books, told: wrong }
  const { currency } = books.accounts.get(wish.accountId)!
  const amount = toUnits(wish.amount, currency)
  if (!isAmount(amount)) return { books, told: refused('request.invalid', { paths: ['amount'] }) }
  const effectiveAt = wish.effectiveAt ?? view.now
  return move(books, { ...wish, amount, effectiveAt }, view, given)
}

function judgeReverse(books: Books, wish: ReverseWish, view: View, given: Given): Step {
  const original = books.movements.get(wish.transactionId)!
  if (books.reversed.has(original.id)) {
    return { books, told: refused('transaction.already_reversed') }
  }
  const wrong = refuseSides(books, original, view)
  if (wrong) return { books, told: wrong }
  const { accountId, counterpartyId, description } = original
  const step = move(
    books,
    {
      ...{ accountId, counterpartyId, description, amount: -original.amount },
      ...{ metadata: null, effectiveAt: view.now, reversesId: original.id },
    },
    view,
    given,
  )
  if (step.told.status === 'refused') return step
  const reversed = new Set(step.books.reversed).add(original.id)
  return { ...step, books: { ...step.books, reversed } }
}

function judgeHold(books: Books, wish: HoldWish, view: View, given: Given): Step {
  const wrong = refuseSides(books, wish, view)
  if (wrong) return { books, told: wrong }
  const account = books.accounts.get(wish.accountId)!
  const { currency } = account
  const amount = toUnits(wish.amount, currency)
  if (!isAmount(amount)) return { books, told: refused('request.invalid', { paths: ['amount'] }) }
  if (isOver(wish.expiresAt, view)) return { books, told: refuseExpiry() }
  if (account.balance - heldAt(account, view.heldAt) - amount < account.minBalance) {
    return { books, told: refuseFunds(account, -amount, view) }
  }
  const { accountId, counterpartyId, expiresAt, description, metadata } = wish
  const hold: HoldState = {
    ...{ id: given.holdId ?? 'none', accountId, counterpartyId, currency, amount, captured: 0n },
    ...{ expiresAt, createdAt: view.now, closedAt: null, closedAs: null, description, metadata },
  }
  return { books: putHold(books, hold), told: { status: 'created', hold } }
}

function judgeCapture(books: Books, wish: CaptureWish, view: View, given: Given): Step {
  const hold = findHold(books, wish.holdId, view)
  if (hold.closedAs !== null) return { books, told: refused('hold.not_open') }
  const wrong = refuseSides(books, hold, view)
  if (wrong) return { books, told: wrong }
  const left = leftOf(hold)
  const { currency } = hold
  const taken = wish.amount === null ? left : toUnits(wish.amount, currency)
  if (!isAmount(taken)) return { books, told: refused('request.invalid', { paths: ['amount'] }) }
  if (taken > left) {
    const members = { amount: toText(taken, currency), remaining: toText(left, currency) }
    return { books, told: refused('hold.amount_exceeded', { members }) }
  }
  const captured = hold.captured + taken
  const isWhole = captured === hold.amount
  const end = isWhole ? { closedAs: 'captured' as const, closedAt: view.now } : {}
  const after: HoldState = { ...hold, captured, ...end }
  const { accountId, counterpartyId, description, metadata } = hold
  const step = move(
    putHold(books, after),
    {
      ...{ accountId, counterpartyId, description, metadata, amount: -taken },
      ...{ effectiveAt: view.now, holdId: hold.id },
    },
    view,
    given,
  )
  if (step.told.status === 'refused') return { books, told: step.told }
  return { books: step.books, told: { ...step.told, hold: after } }
}

function judgeChange(books: Books, wish: ReleaseWish | ExtendWish, view: View): Step {
  const hold = findHold(books, wish.holdId, view)
  if (hold.closedAs !== null) return { books, told: refused('hold.not_open') }
  if (wish.kind === 'extend' && isOver(wish.expiresAt, view)) {
    return { books, told: refuseExpiry() }
  }
  const after: HoldState =
    wish.kind === 'extend'
      ? { ...hold, expiresAt: wish.expiresAt }
      : { ...hold, closedAs: 'released', closedAt: view.now }
  return { books: putHold(books, after), told: { status: 'created', hold: after } }
}

/** Holds are asked for before anything is locked: one that is not there never gets so far. */
function findHold(books: Books, id: string, view: View): HoldState {
  return holdAt(books.accounts.get(books.holds.get(id)!)!.holds.get(id)!, view.now)
}

function putHold(books: Books, hold: HoldState): Books {
  const account = books.accounts.get(hold.accountId)!
  const changed = { ...account, holds: withEntry(account.holds, hold.id, hold) }
  return { ...withAccount(books, changed), holds: withEntry(books.holds, hold.id, hold.accountId) }
}

interface Sides {
  accountId: string
  counterpartyId: string | null
}

function refuseSides(books: Books, sides: Sides, view: View): RefusedTold | undefined {
  const ids = [sides.accountId, sides.counterpartyId].filter((id) => id !== null)
  if (new Set(ids).size < ids.length) return refused('request.invalid')
  if (ids.some((id) => view.unseen.has(id) || !books.accounts.has(id))) {
    return refused('account.not_found')
  }
  const accounts = ids.map((id) => books.accounts.get(id)!)
  if (accounts.some(({ closedAt }) => closedAt !== null)) return refused('account.closed')
  const kept = new Set(accounts.map(({ currency }) => currency))
  return kept.size > 1 ? refused('transaction.currency_mismatch') : undefined
}

interface Move extends Sides {
  amount: bigint
  description: string | null
  metadata: Movement['metadata']
  effectiveAt: Instant
  reversesId?: string
  holdId?: string
}

function move(books: Books, what: Move, view: View, given: Given): Step {
  const { accountId, counterpartyId, amount } = what
  const account = books.accounts.get(accountId)!
  const other = counterpartyId === null ? null : books.accounts.get(counterpartyId)!
  const wrong = refuseEntry(account, amount, view) ?? (other && refuseEntry(other, -amount, view))
  if (wrong) return { books, told: wrong }
  const movement: Movement = {
    ...{ id: given.transactionId ?? 'none', accountId, currency: account.currency, amount },
    ...{ balanceAfter: account.balance + amount, entryNo: BigInt(account.entries.length + 1) },
    counterpartyId,
    counterpartyBalanceAfter: other && other.balance - amount,
    counterpartyEntryNo: other && BigInt(other.entries.length + 1),
    ...{ description: what.description, metadata: what.metadata, effectiveAt: what.effectiveAt },
    ...{ createdAt: view.now, reversesId: what.reversesId ?? null, holdId: what.holdId ?? null },
  }
  const posted = enter(enter(books, account, amount, movement), other, -amount, movement)
  const movements = withEntry(books.movements, movement.id, movement)
  const transaction = seenFrom(movement, accountId)
  return { books: { ...posted, movements }, told: { status: 'created', transaction } }
}

function enter(books: Books, account: AccountState | null, amount: bigint, movement: Movement) {
  if (!account) return books
  const entries = [...account.entries, movement]
  return withAccount(books, { ...account, balance: account.balance + amount, entries })
}

function refuseEntry(account: AccountState, amount: bigint, view: View): RefusedTold | undefined {
  const after = account.balance + amount
  const available = after - heldAt(account, view.heldAt)
  if (amount < 0n && available < account.minBalance) return refuseFunds(account, amount, view)
  const isBeyond = after > largestUnits || after < -largestUnits
  return isBeyond ? refused('account.balance_out_of_range') : undefined
}

function refuseFunds(account: AccountState, amount: bigint, view: View): RefusedTold {
  const { id, balance, currency, minBalance } = account
  const held = heldAt(account, view.heldAt)
  const members = {
    account_id: id,
    amount: toText(amount, currency),
    ...(held > 0n && { available: toText(balance - held, currency) }),
    balance: toText(balance, currency),
    min_balance: toText(minBalance, currency),
  }
  return refused('account.insufficient_funds', { members })
}

function isAmount(amount: bigint | undefined): amount is bigint {
  return amount !== undefined && amount <= largestUnits && amount >= -largestUnits
}

function isOver(expiresAt: Instant | null, { now }: View): boolean {
  return expiresAt !== null && now >= expiresAt
}

function refuseExpiry(): RefusedTold {
  return refused('request.invalid', { paths: ['expires_at'] })
}

export function refused(
  code: string,
  more: { members?: Record<string, string>; paths?: string[] } = {},
): RefusedTold {
  return { status: 'refused', code, ...more, isReplayed: false }
}
