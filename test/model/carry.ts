import type { Instant } from '../../internal/clock/instant'
import type { Account } from '../../pkg/account/account'
import type { LedgerAnswer, Verdict } from '../../pkg/transaction/instruction'
import type { User } from '../../pkg/user/user'
import { toText } from './amount'
import { accountText, givenAccountText, heldIn, momentsIn, toldText, verdictText } from './body'
import { withAccount, type AccountState, type Books, type UserState } from './books'
import type { Call } from './call'
import type { Given, View } from './judgement'
import { faultOf, mismatch, show } from './mismatch'
import { carryOut } from './oracle'
import { verdictsOf } from './play'
import type { Ask, LedgerAsk, Wish } from './wish'

type State = AccountState | UserState

/** What took effect at once: a group of the ledger, or the change of one account or user. */
export interface Unit {
  /** The place in the one order, told by the database. */
  at: Instant
  calls: Call[]
  /** It came after all of its requests were sent, and before the first of them was answered. */
  sentAt: number
  answeredAt: number
  /** What it changed, as it is afterwards; a user under `user ID`. */
  changes: Map<string, State>
}

/** What tells apart what came before a request and what was only under way beside it. */
export interface Past {
  /** The requests that opened an account. */
  openings: readonly Call[]
  /** Where the first answer to a key was given. */
  keyUnits: Map<string, Unit>
}

/** The books after a call; fails when the answer is not what the oracle says. */
export function carry(books: Books, call: Call, past: Past): Books {
  const { ask } = call
  if (ask.kind === 'ledger') return carryLedger(books, call, ask, past)
  if (ask.kind === 'account') return carryOpening(books, call, ask)
  if (ask.kind === 'close' || ask.kind === 'limit') return carryChange(books, call, ask)
  if (ask.kind === 'user') {
    const user: User = valueOf(call)
    expectSame('a new user', call, [show([ask.id, 'Ada', ask.id])], show(namesOf(user)))
  }
  return books
}

function namesOf({ id, firstName, lastName }: User): string[] {
  return [id, firstName, lastName]
}

/** Fails unless the answer is one of those that are right. */
export function expectSame(what: string, call: Call, right: string[], came: string): void {
  if (right.includes(came)) return
  throw mismatch(`${what} is not as it has to be`, { ask: call.ask, right, came })
}

function carryOpening(books: Books, call: Call, ask: Extract<Ask, { kind: 'account' }>): Books {
  const opened: Account = valueOf(call)
  const { id, userId, currency, minBalance } = ask
  const account: AccountState = {
    ...{ id, userId, currency, minBalance, name: `of ${userId}`, balance: 0n, closedAt: null },
    ...{ createdAt: opened.createdAt, entries: [], holds: new Map() },
  }
  expectSame('a new account', call, [accountText(account, 0n)], givenAccountText(opened))
  return withAccount(books, account)
}

type Change = Extract<Ask, { kind: 'close' | 'limit' }>

/** A hold may have ended between the lock and the look, so that several answers may be right. */
function carryChange(books: Books, call: Call, ask: Change): Books {
  const account = books.accounts.get(ask.id)!
  const span = { from: call.lockedAt!, until: call.span.until }
  const { answer } = call
  const changed = ask.kind === 'close' ? closed(account, call) : limited(account, ask.minBalance)
  const right = heldIn(account, span).map((held) => {
    const refusal =
      ask.kind === 'close' ? refuseClose(account, held) : refuseLimit(account, held, ask)
    return refusal ?? accountText(changed, held)
  })
  const came =
    'fault' in answer ? show(faultOf(answer.fault)) : givenAccountText(answer.value as Account)
  expectSame('the change of an account', call, right, came)
  return 'fault' in answer ? books : withAccount(books, changed)
}

function limited(account: AccountState, minBalance: bigint): AccountState {
  return { ...account, minBalance }
}

/** The moment is the database's own; it has to lie between the lock and the answer. */
function closed(account: AccountState, { answer, lockedAt, span }: Call): AccountState {
  if (account.closedAt !== null || 'fault' in answer) return account
  const { closedAt } = answer.value as Account
  const isWithin = closedAt !== null && closedAt >= lockedAt! && closedAt <= span.until
  return { ...account, closedAt: isWithin ? closedAt : lockedAt! }
}

function refuseClose(account: AccountState, held: bigint): string | undefined {
  if (account.closedAt !== null || (account.balance === 0n && held === 0n)) return undefined
  return show({ fault: 'account.not_empty' })
}

function refuseLimit(
  account: AccountState,
  held: bigint,
  { minBalance }: { minBalance: bigint },
): string | undefined {
  const { id, balance, currency } = account
  if (account.closedAt !== null) return show({ fault: 'account.closed' })
  if (balance - held >= minBalance) return undefined
  const members = {
    account_id: id,
    available: toText(balance - held, currency),
    min_balance: toText(minBalance, currency),
  }
  return show({ fault: 'account.limit_not_met', members })
}

function carryLedger(books: Books, call: Call, ask: LedgerAsk, past: Past): Books {
  const came = cameOf(call)
  const given = givenOf(call, ask)
  const right: string[] = []
  for (const hidden of hiddenKeys(books, call, ask, past)) {
    for (const view of viewsOf(books, call, past.openings)) {
      const carried = carryOut(withoutKeys(books, hidden), ask, view, given)
      const text = show([carried.refusedAt, carried.told.map(toldText)])
      if (text === came && !hidden.some((key) => carried.books.answers.has(key))) {
        assertNew(books, call)
        const answers = new Map([...books.answers, ...carried.books.answers])
        return { ...carried.books, answers }
      }
      if (!right.includes(text)) right.push(text)
    }
  }
  throw mismatch('the ledger judged otherwise than the oracle', {
    ask,
    right,
    came,
    now: call.place,
  })
}

function withoutKeys(books: Books, keys: readonly string[]): Books {
  if (keys.length === 0) return books
  const answers = new Map(books.answers)
  for (const key of keys) answers.delete(key)
  return { ...books, answers }
}

/**
 * Sets of keys that may not have been seen, because they were used at the same time by another group,
 * and the answer is not kept under them; none is tried first. Where the two share an account there is
 * an order between them, so that what has seen the account has to have seen the key.
 */
function hiddenKeys(books: Books, call: Call, ask: LedgerAsk, { keyUnits }: Past): string[][] {
  const accounts = ask.wishes.flatMap((wish) => touchedBy(wish, books))
  const keys = ask.wishes.flatMap(({ key }) => {
    const unit = key === null ? undefined : keyUnits.get(key)
    if (!unit || unit.calls.includes(call) || unit.answeredAt < call.sentAt) return []
    return accounts.some((id) => unit.changes.has(id)) ? [] : [key!]
  })
  const sets: string[][] = [[]]
  for (const key of new Set(keys)) sets.push(...sets.map((set) => [...set, key]))
  return sets
}

function touchedBy(wish: Wish, books: Books): string[] {
  if (wish.kind === 'post' || wish.kind === 'hold') {
    return [wish.accountId, ...(wish.counterpartyId === null ? [] : [wish.counterpartyId])]
  }
  if (wish.kind === 'reverse') {
    const original = books.movements.get(wish.transactionId)!
    return [original.accountId, original.counterpartyId ?? '']
  }
  const hold = books.accounts.get(books.holds.get(wish.holdId)!)!.holds.get(wish.holdId)!
  return [hold.accountId, hold.counterpartyId ?? '']
}

function cameOf(call: Call): string {
  const value = valueOf<LedgerAnswer | Verdict>(call)
  const refusedAt = 'verdicts' in value ? value.refusedAt : null
  return show([refusedAt, verdictsOf(call).map(verdictText)])
}

/** One for each wish; of an atomic bulk that was refused, only the refused one was told. */
function givenOf(call: Call, { wishes }: LedgerAsk): Given[] {
  const verdicts = verdictsOf(call)
  const value = valueOf<LedgerAnswer | Verdict>(call)
  const shift = 'verdicts' in value ? (value.refusedAt ?? 0) : 0
  return wishes.map((_, i) => toGiven(verdicts[i - shift]))
}

function toGiven(verdict: Verdict | undefined): Given {
  if (!verdict || verdict.status === 'refused') {
    const isBusy = verdict?.refusal.code === 'ledger.busy'
    return { transactionId: undefined, holdId: undefined, isBusy }
  }
  return { transactionId: verdict.transaction?.id, holdId: verdict.hold?.id, isBusy: false }
}

/** First as it should be; then all that a moment's difference can explain. */
function viewsOf(books: Books, { place, span, sentAt }: Call, openings: readonly Call[]): View[] {
  const { now } = place!.group
  const moments = momentsIn({ from: span.from, until: now }, books.accounts.values()).reverse()
  const unseen = openings.filter((opening) => opening.answeredAt > sentAt)
  const views = [new Set<string>(), new Set(unseen.map(({ ask }) => (ask as { id: string }).id))]
  return views
    .slice(0, unseen.length > 0 ? 2 : 1)
    .flatMap((ids) => moments.map((heldAt): View => ({ now, heldAt, unseen: ids })))
}

function assertNew(books: Books, call: Call): void {
  const isOpening = (call.ask as LedgerAsk).wishes.some(({ kind }) => kind === 'hold')
  for (const verdict of verdictsOf(call)) {
    if (verdict.status !== 'created') continue
    const { transaction, hold } = verdict
    const isOld =
      (transaction && books.movements.has(transaction.id)) ||
      (isOpening && hold && books.holds.has(hold.id))
    if (isOld) throw mismatch('an id was given twice', { verdict })
  }
}

export function valueOf<Value>({ answer }: Call): Value {
  if ('fault' in answer) throw answer.fault
  return answer.value as Value
}
