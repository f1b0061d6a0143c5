import type { Instant } from '../../internal/clock/instant'
import type { JsonObject } from '../../internal/json/json'
import { formatMoney, scaleOf } from '../../internal/money/currency'
import { minorUnitsMax, toMinorUnits, type Decimal } from '../../internal/money/decimal'
import { remainingOf, type Hold } from '../hold/hold'
import type { Book, LockedAccount } from './book'
import type { Elsewhere } from './companion'
import type {
  CaptureHold,
  ExtendHold,
  Instruction,
  OpenHold,
  Outcome,
  Pay,
  Post,
  ReleaseHold,
  Reverse,
} from './instruction'
import {
  refuse,
  refuseAccount,
  refuseCapture,
  refuseFunds,
  refuseRange,
  type Refused,
} from './refuse'
import type { Movement, Transaction } from './transaction'

/** Judges one instruction by the book and, unless it is refused, enters into the book what follows. */
export function judge(instruction: Instruction, book: Book): Outcome | Refused | Elsewhere {
  switch (instruction.kind) {
    case 'post':
      return judgePost(instruction, book)
    case 'reverse':
      return judgeReverse(instruction, book)
    case 'open_hold':
      return judgeOpenHold(instruction, book)
    case 'capture_hold':
      return judgeCaptureHold(instruction, book)
    case 'release_hold':
      return judgeReleaseHold(instruction, book)
    case 'extend_hold':
      return judgeExtendHold(instruction, book)
    case 'pay':
      return judgePay(instruction, book)
  }
}

function judgePost(instruction: Post, book: Book): Outcome | Refused {
  const sides = findSides(instruction, book)
  if ('refusal' in sides) return sides
  const amount = readAmount(instruction.amount, sides.account.currency)
  if (typeof amount !== 'bigint') return amount
  const { description, metadata, effectiveAt } = instruction
  return move(sides, { amount, description, metadata, effectiveAt }, book)
}

function judgeReverse({ original }: Reverse, book: Book): Outcome | Refused {
  if (book.isReversed(original.id)) {
    const detail = `The transaction "${original.id}" was reversed before.`
    return refuse('transaction.already_reversed', detail)
  }
  const sides = findSides(original, book)
  if ('refusal' in sides) return sides
  const { id: reversesId, description } = original
  return move(sides, { amount: -original.amount, description, metadata: null, reversesId }, book)
}

function judgeOpenHold(instruction: OpenHold, book: Book): Outcome | Refused {
  const sides = findSides(instruction, book)
  if ('refusal' in sides) return sides
  const { account } = sides
  const amount = readAmount(instruction.amount, account.currency)
  if (typeof amount !== 'bigint') return amount
  if (isOver(instruction.expiresAt, book)) return refuseExpiry()
  if (account.balance - account.held - amount < account.minBalance) {
    return refuseFunds(account, -amount)
  }
  if (account.held + amount > minorUnitsMax) return refuseRange('What is set aside on', account)
  const { accountId, counterpartyId, expiresAt, description, metadata } = instruction
  const hold: Hold = {
    ...{ id: book.newId(), accountId, counterpartyId, currency: account.currency },
    ...{ amount, captured: 0n, expiresAt, createdAt: book.now },
    ...{ closedAt: null, closedAs: null, description, metadata },
  }
  book.putHold(hold)
  book.putAccount({ ...account, held: account.held + amount })
  return { hold }
}

function judgeCaptureHold({ hold: { id }, amount }: CaptureHold, book: Book): Outcome | Refused {
  const hold = findOpenHold(id, book)
  if ('refusal' in hold) return hold
  const sides = findSides(hold, book)
  if ('refusal' in sides) return sides
  const remaining = remainingOf(hold)
  const taken = amount === null ? remaining : readAmount(amount, hold.currency)
  if (typeof taken !== 'bigint') return taken
  if (taken > remaining) return refuseCapture(hold, taken)
  const { description, metadata } = hold
  const free = { ...sides, account: { ...sides.account, held: sides.account.held - taken } }
  const moved = move(free, { amount: -taken, description, metadata, holdId: id }, book)
  if ('refusal' in moved) return moved
  const captured = hold.captured + taken
  const changed = captured < hold.amount ? { ...hold, captured } : end(hold, 'captured', book.now)
  book.putHold(changed)
  return { ...moved, hold: changed }
}

function judgeReleaseHold({ hold: { id } }: ReleaseHold, book: Book): Outcome | Refused {
  const hold = findOpenHold(id, book)
  if ('refusal' in hold) return hold
  const account = book.account(hold.accountId)
  if (!account) return refuseAccount(hold.accountId)
  const released = end(hold, 'released', book.now)
  book.putHold(released)
  book.putAccount({ ...account, held: account.held - remainingOf(hold) })
  return { hold: released }
}

function judgeExtendHold({ hold: { id }, expiresAt }: ExtendHold, book: Book): Outcome | Refused {
  const hold = findOpenHold(id, book)
  if ('refusal' in hold) return hold
  if (isOver(expiresAt, book)) return refuseExpiry()
  const account = book.account(hold.accountId)
  if (!account) return refuseAccount(hold.accountId)
  const extended = { ...hold, expiresAt }
  book.putHold(extended)
  // Unchanged, but written: whoever waits for its lock with an older snapshot has to look again.
  book.putAccount(account)
  return { hold: extended }
}

/** The companion has the goods counted, the book moves the money, and only then do they change hands. */
function judgePay(instruction: Pay, book: Book): Outcome | Refused | Elsewhere {
  const { accountId, payerId, companion } = instruction
  const payer = book.account(accountId)
  if (!payer || (payerId !== null && payer.userId !== payerId)) return refuseAccount(accountId)
  const proposal = book.sideBook(companion.kind).judge(companion.ask)
  if (!('amount' in proposal)) return proposal
  const sides = findSides(instruction, book)
  if ('refusal' in sides) return sides
  const { amount, description, metadata } = proposal
  if (amount > minorUnitsMax) return refuseFunds(payer, -amount)
  const moved = move(sides, { amount: -amount, description, metadata }, book)
  if ('refusal' in moved) return moved
  return { ...moved, companion: proposal.accept(moved.transaction) }
}

function isOver(expiresAt: Instant | null, { now }: Book): boolean {
  return expiresAt !== null && expiresAt <= now
}

function refuseExpiry(): Refused {
  const message = 'must lie in the future'
  const detail = `expires_at: ${message}.`
  return { refusal: { code: 'request.invalid', detail, errors: [{ path: 'expires_at', message }] } }
}

function end(hold: Hold, closedAs: 'captured' | 'released', closedAt: Instant): Hold {
  const captured = closedAs === 'captured' ? hold.amount : hold.captured
  return { ...hold, captured, closedAt, closedAs }
}

function findOpenHold(id: string, book: Book): Hold | Refused {
  const hold = book.hold(id)
  if (!hold) return refuse('hold.not_found', `There is no hold "${id}".`)
  if (hold.closedAs === null) return hold
  return refuse('hold.not_open', `The hold "${id}" is ${hold.closedAs}.`)
}

/** The accounts of a movement, open and of one currency. Null: the outside world. */
interface Sides {
  account: LockedAccount
  counterparty: LockedAccount | null
}

function findSides(
  { accountId, counterpartyId }: Pick<Transaction, 'accountId' | 'counterpartyId'>,
  book: Book,
): Sides | Refused {
  if (accountId === counterpartyId) {
    return refuse('request.invalid', 'A transaction needs two different accounts.')
  }
  const account = book.account(accountId)
  if (!account) return refuseAccount(accountId)
  const counterparty = counterpartyId === null ? null : book.account(counterpartyId)
  if (counterparty === undefined) return refuseAccount(counterpartyId!)
  for (const side of [account, counterparty]) {
    if (side?.closedAt) return refuse('account.closed', `The account "${side.id}" is closed.`)
  }
  if (counterparty && counterparty.currency !== account.currency) {
    return refuse(
      'transaction.currency_mismatch',
      `"${account.id}" is kept in ${account.currency}, "${counterparty.id}" in ${counterparty.currency}.`,
    )
  }
  return { account, counterparty }
}

/** In minor units of the currency, or why it is no amount of it. */
function readAmount(decimal: Decimal, currency: string): bigint | Refused {
  const amount = toMinorUnits(decimal, scaleOf(currency))
  if (amount !== undefined && amount <= minorUnitsMax && amount >= -minorUnitsMax) return amount
  const message =
    amount === undefined
      ? `must have at most ${scaleOf(currency)} decimals in ${currency}`
      : `must not exceed ${formatMoney(minorUnitsMax, currency)} ${currency}`
  const detail = `The amount ${message}.`
  return { refusal: { code: 'request.invalid', detail, errors: [{ path: 'amount', message }] } }
}

interface Move {
  /** Signed, as the account sees it. */
  amount: bigint
  description: string | null
  metadata: JsonObject | null
  effectiveAt?: Instant | null
  reversesId?: string
  holdId?: string
}

function move(
  { account, counterparty }: Sides,
  what: Move,
  book: Book,
): { transaction: Movement } | Refused {
  const after = enter(account, what.amount)
  if ('refusal' in after) return after
  const counterpartyAfter = counterparty && enter(counterparty, -what.amount)
  if (counterpartyAfter && 'refusal' in counterpartyAfter) return counterpartyAfter
  book.putAccount(after)
  if (counterpartyAfter) book.putAccount(counterpartyAfter)
  const transaction = newMovement(what, after, counterpartyAfter, book)
  book.addMovement(transaction)
  return { transaction }
}

/** The account with one more entry, or why it cannot take it. */
function enter(account: LockedAccount, amount: bigint): LockedAccount | Refused {
  const balance = account.balance + amount
  if (amount < 0n && balance - account.held < account.minBalance) {
    return refuseFunds(account, amount)
  }
  if (balance > minorUnitsMax || balance < -minorUnitsMax) {
    return refuseRange('The balance of', account)
  }
  return { ...account, balance, entryNo: account.entryNo + 1n }
}

function newMovement(
  what: Move,
  after: LockedAccount,
  counterpartyAfter: LockedAccount | null,
  { now, newId }: Book,
): Movement {
  return {
    id: newId(),
    accountId: after.id,
    currency: after.currency,
    amount: what.amount,
    balanceAfter: after.balance,
    entryNo: after.entryNo,
    counterpartyId: counterpartyAfter && counterpartyAfter.id,
    counterpartyBalanceAfter: counterpartyAfter && counterpartyAfter.balance,
    counterpartyEntryNo: counterpartyAfter && counterpartyAfter.entryNo,
    description: what.description,
    metadata: what.metadata,
    effectiveAt: what.effectiveAt ?? now,
    createdAt: now,
    reversesId: what.reversesId ?? null,
    holdId: what.holdId ?? null,
  }
}
