import type { Instant } from '../../internal/clock/instant'
import { Fault } from '../../internal/fault/fault'
import type { Account } from '../../pkg/account/account'
import type { User } from '../../pkg/user/user'
import { emptyBooks, type Books } from './books'
import type { Call } from './call'
import { carry, valueOf, type Past, type Unit } from './carry'
import { mismatch } from './mismatch'

export interface Replayed {
  books: Books
  units: Unit[]
  /** Calls that changed nothing, and so have no place of their own. */
  loose: Call[]
}

export const userEntity = (id: string) => `user ${id}`

/** Carries everything out once more, one thing after the other, in the order the database tells. */
export function replay(calls: readonly Call[]): Replayed {
  const { units, loose } = toUnits(calls)
  const openings = calls.filter(({ ask, answer }) => ask.kind === 'account' && 'value' in answer)
  const keyUnits: Past['keyUnits'] = new Map()
  let books = emptyBooks
  for (const unit of units) {
    for (const call of unit.calls) {
      const after = carry(books, call, { openings, keyUnits })
      for (const key of after.answers.keys()) if (!keyUnits.has(key)) keyUnits.set(key, unit)
      for (const account of after.accounts.values()) {
        if (books.accounts.get(account.id) !== account) unit.changes.set(account.id, account)
      }
      if (call.ask.kind === 'user') unit.changes.set(userEntity(call.ask.id), valueOf<User>(call))
      books = after
    }
  }
  assertRealTime(units)
  return { books, units, loose }
}

function toUnits(calls: readonly Call[]): { units: Unit[]; loose: Call[] } {
  const loose: Call[] = []
  const byGroup = new Map<object, { at: Instant; calls: Call[] }>()
  for (const call of calls) {
    const at = placeOf(call)
    if (at === undefined) loose.push(call)
    else {
      const group = call.place?.group ?? call
      byGroup.set(group, { at, calls: [...(byGroup.get(group)?.calls ?? []), call] })
    }
  }
  const units = [...byGroup.values()].map(({ at, calls: own }): Unit => {
    own.sort((a, b) => (a.place?.index ?? 0) - (b.place?.index ?? 0))
    const sentAt = Math.max(...own.map((call) => call.sentAt))
    const answeredAt = Math.min(...own.map((call) => call.answeredAt))
    return { at, calls: own, sentAt, answeredAt, changes: new Map() }
  })
  return { units: units.sort((a, b) => (a.at < b.at ? -1 : 1)), loose }
}

function placeOf({ ask, answer, place, lockedAt }: Call): Instant | undefined {
  if (ask.kind === 'ledger') return place?.group.lockedAt
  if (ask.kind === 'close' || ask.kind === 'limit') return lockedAt
  const isNew = ask.kind === 'user' || ask.kind === 'account'
  return isNew && 'value' in answer ? (answer.value as User | Account).createdAt : undefined
}

/** What was answered before another request was sent has to come before it. */
function assertRealTime(units: Unit[]): void {
  units.forEach((unit, i) => {
    for (const later of units.slice(i + 1)) {
      const isShared = [...later.changes.keys()].some((entity) => unit.changes.has(entity))
      if (isShared && later.answeredAt < unit.sentAt) {
        throw mismatch('what was answered first took effect last', {
          first: unit.calls.map(({ ask }) => ask),
          then: later.calls.map(({ ask }) => ask),
        })
      }
    }
  })
}

export function isPassing(fault: Fault): boolean {
  return fault.code === 'ledger.busy' || fault.code === 'idempotency.in_progress'
}
