import type { Account } from '../../pkg/account/account'
import type { Hold } from '../../pkg/hold/hold'
import type { Transaction } from '../../pkg/transaction/transaction'
import type { User, UserOverview } from '../../pkg/user/user'
import {
  accountText,
  givenAccountText,
  heldIn,
  holdText,
  holdTextsIn,
  transactionText,
} from './body'
import { seenFrom, type AccountState, type Movement, type TransactionBody } from './books'
import type { Call } from './call'
import { faultOf, mismatch, show } from './mismatch'
import type { Unit } from './carry'
import { isPassing, userEntity, type Replayed } from './replay'
import type { LargestAsk, PageAsk, Wish } from './wish'

type Entities = Map<string, Unit['changes'] extends Map<string, infer State> ? State : never>

/**
 * Whatever changed nothing has to be right for some state that was there between its beginning and
 * its end: everything that was answered before it (or that a reader before it saw) and any of what
 * was under way, as far as that can be without what it follows.
 */
export function checkLoose(replayed: Replayed): void {
  const calls = [...replayed.loose].sort((a, b) => a.answeredAt - b.answeredAt)
  for (const call of calls) {
    if ('fault' in call.answer && isPassing(call.answer.fault)) continue
    const entities = entitiesOf(call, replayed)
    const units = replayed.units.filter(({ changes }) => entities.some((one) => changes.has(one)))
    const right = cutsOf(units, call).filter((cut) => isRight(call, stateOf(cut), replayed))
    if (right.length === 0) throw explain(call, units, replayed)
    // What all of them contain was seen for sure: whoever reads after that sees it, too.
    for (const unit of right[0]!) {
      if (!right.every((cut) => cut.includes(unit))) continue
      unit.answeredAt = Math.min(unit.answeredAt, call.answeredAt)
    }
  }
}

function explain(call: Call, units: Unit[], replayed: Replayed): Error {
  const cuts = cutsOf(units, call)
  const right = [...new Set(cuts.flatMap((cut) => rightTexts(call, stateOf(cut), replayed)))]
  return mismatch('no state of that time explains the answer', {
    ...{ ask: call.ask, span: call.span, came: cameText(call), right },
  })
}

/** What the answer is about. */
function entitiesOf({ ask }: Call, { books }: Replayed): string[] {
  const accountsOf = (userId: string) =>
    [...books.accounts.values()].filter((one) => one.userId === userId).map(({ id }) => id)
  switch (ask.kind) {
    case 'user':
      return [userEntity(ask.id)]
    case 'read user':
    case 'largest':
      return [userEntity(ask.id), ...accountsOf(ask.id)]
    case 'account':
      return [userEntity(ask.userId), ask.id]
    case 'read transaction':
      return accountOfTransaction(ask.id, books.movements)
    case 'read hold':
      return accountOfHold(ask.id, books.holds)
    case 'ledger':
      return ask.wishes.flatMap((wish) => originOf(wish, books))
    default:
      return [ask.id]
  }
}

function originOf(wish: Wish, books: Replayed['books']): string[] {
  if (wish.kind === 'reverse') return accountOfTransaction(wish.transactionId, books.movements)
  return 'holdId' in wish ? accountOfHold(wish.holdId, books.holds) : []
}

function accountOfTransaction(id: string, movements: ReadonlyMap<string, Movement>): string[] {
  const movement = movements.get(id)
  return movement ? [movement.accountId] : []
}

function accountOfHold(id: string, holds: ReadonlyMap<string, string>): string[] {
  const accountId = holds.get(id)
  return accountId === undefined ? [] : [accountId]
}

/** All that can have happened when the call looked. */
function cutsOf(units: readonly Unit[], call: Call): Unit[][] {
  const cuts: Unit[][] = []
  const take = (i: number, cut: Unit[], left: Unit[]): void => {
    const unit = units[i]
    if (!unit) return void cuts.push(cut)
    const isDone = unit.answeredAt < call.sentAt
    const isToCome = unit.sentAt > call.answeredAt
    if (!isDone) take(i + 1, cut, [...left, unit])
    if (!isToCome && !left.some((one) => shareAnything(one, unit)))
      take(i + 1, [...cut, unit], left)
  }
  take(0, [], [])
  return cuts
}

function shareAnything(a: Unit, b: Unit): boolean {
  return [...a.changes.keys()].some((entity) => b.changes.has(entity))
}

function stateOf(cut: Unit[]): Entities {
  const state: Entities = new Map()
  for (const { changes } of cut) for (const [entity, one] of changes) state.set(entity, one)
  return state
}

function isRight(call: Call, state: Entities, replayed: Replayed): boolean {
  return rightTexts(call, state, replayed).includes(cameText(call))
}

const refusal = (code: string) => [show({ fault: code })]

/** All answers that are right in this state, at one moment of the call or another. */
function rightTexts(call: Call, state: Entities, { books }: Replayed): string[] {
  const { ask, span } = call
  const account = (id: string) => state.get(id) as AccountState | undefined
  const hasUser = (id: string) => state.has(userEntity(id))
  switch (ask.kind) {
    case 'user':
      return hasUser(ask.id) ? refusal('user.exists') : []
    case 'account':
      if (!hasUser(ask.userId)) return refusal('user.not_found')
      return account(ask.id) ? refusal('account.exists') : []
    case 'close':
    case 'limit':
      return account(ask.id) ? [] : refusal('account.not_found')
    case 'ledger':
      return refuseOrigin(ask.wishes[0]!, state, books)
    case 'read user':
      return hasUser(ask.id) ? overviewTexts(call, ask.id, state) : refusal('user.not_found')
    case 'read account': {
      const one = account(ask.id)
      if (!one) return refusal('account.not_found')
      return heldIn(one, span).map((held) => accountText(one, held))
    }
    case 'read transaction': {
      const movement = findMovement(ask.id, state, books)
      if (!movement) return refusal('transaction.not_found')
      return [transactionText(seenFrom(movement, movement.accountId))]
    }
    case 'read hold': {
      const one = account(books.holds.get(ask.id) ?? '')
      const texts = one ? holdTextsIn(one, ask.id, span) : []
      return texts.length > 0 ? texts : refusal('hold.not_found')
    }
    case 'page': {
      const one = account(ask.id)
      return one ? [show(pageOf(one, ask).map(transactionText))] : refusal('account.not_found')
    }
    case 'largest':
      if (!hasUser(ask.id)) return refusal('user.not_found')
      return [show(largestOf(ask, state).map(transactionText))]
  }
}

/** What is to be reversed, captured, released or extended is looked for before anything else. */
function refuseOrigin(wish: Wish, state: Entities, books: Replayed['books']): string[] {
  if (wish.kind === 'reverse') {
    const isThere = findMovement(wish.transactionId, state, books) !== undefined
    return isThere ? [] : refusal('transaction.not_found')
  }
  if (!('holdId' in wish)) return []
  const account = state.get(books.holds.get(wish.holdId) ?? '') as AccountState | undefined
  return account?.holds.has(wish.holdId) ? [] : refusal('hold.not_found')
}

function findMovement(id: string, state: Entities, books: Replayed['books']): Movement | undefined {
  const movement = books.movements.get(id)
  const account = movement && (state.get(movement.accountId) as AccountState | undefined)
  return account?.entries.includes(movement!) ? movement : undefined
}

function accountsIn(state: Entities, userId: string): AccountState[] {
  return [...state.values()]
    .filter((one): one is AccountState => 'userId' in one && one.userId === userId)
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** What is held on each account is right at a moment of its own: the rows are read one by one. */
function overviewTexts({ answer, span }: Call, userId: string, state: Entities): string[] {
  const user = state.get(userEntity(userId)) as User
  const came = 'value' in answer ? (answer.value as UserOverview).accounts : []
  const texts = accountsIn(state, userId).map((account, i) => {
    const options = heldIn(account, span)
    const held = came[i]?.held
    return accountText(account, held !== undefined && options.includes(held) ? held : options[0]!)
  })
  return [show([userText(user), texts])]
}

function userText({ id, firstName, lastName, createdAt }: User): string {
  return show([id, firstName, lastName, createdAt])
}

function newestFirst(a: TransactionBody, b: TransactionBody): number {
  if (a.effectiveAt !== b.effectiveAt) return a.effectiveAt < b.effectiveAt ? 1 : -1
  return a.id < b.id ? 1 : -1
}

function pageOf(account: AccountState, { from, to, after, limit }: PageAsk): TransactionBody[] {
  return account.entries
    .map((entry) => seenFrom(entry, account.id))
    .filter((entry) => (from === null || entry.effectiveAt >= from) && isUpTo(entry, to))
    .sort(newestFirst)
    .filter((entry) => !after || newestFirst(entry, after as TransactionBody) > 0)
    .slice(0, limit)
}

function isUpTo({ effectiveAt }: TransactionBody, to: string | null): boolean {
  return to === null || effectiveAt <= to
}

/** Of each currency the largest that left the user, the earliest of equals. */
function largestOf({ id, from, to, currency }: LargestAsk, state: Entities): TransactionBody[] {
  const accounts = accountsIn(state, id)
  const own = new Set(accounts.map((account) => account.id))
  const expenses = accounts
    .flatMap((account) => account.entries.map((entry) => seenFrom(entry, account.id)))
    .filter(({ amount, counterpartyId }) => amount < 0n && !own.has(counterpartyId ?? ''))
    .filter((entry) => (from === null || entry.effectiveAt >= from) && isUpTo(entry, to))
    .filter((entry) => currency === null || entry.currency === currency)
    .sort((a, b) => (a.amount === b.amount ? -newestFirst(a, b) : a.amount < b.amount ? -1 : 1))
  const largest = new Map<string, TransactionBody>()
  for (const expense of expenses) {
    if (!largest.has(expense.currency)) largest.set(expense.currency, expense)
  }
  return [...largest.values()].sort((a, b) => (a.currency < b.currency ? -1 : 1))
}

function cameText({ ask, answer }: Call): string {
  if ('fault' in answer) return show(faultOf(answer.fault))
  const { value } = answer
  switch (ask.kind) {
    case 'read user': {
      const { user, accounts } = value as UserOverview
      return show([userText(user), accounts.map(givenAccountText)])
    }
    case 'read account':
      return givenAccountText(value as Account)
    case 'read transaction':
      return transactionText(value as Transaction)
    case 'read hold':
      return holdText(value as Hold)
    case 'page':
    case 'largest':
      return show((value as Transaction[]).map(transactionText))
    default:
      return show(value)
  }
}
