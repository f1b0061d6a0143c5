import type { Clock } from '../../../internal/clock/clock'
import type { Instant } from '../../../internal/clock/instant'
import type { Ids } from '../../../internal/id/id'
import type { Account } from '../../account/account'
import { judgedAt, listExpired, withoutExpired, type Hold } from '../../hold/hold'
import type { LedgerState, LockedAccount, StoredAnswer } from '../book'
import { decide, type Decision } from '../decide'
import { lookBeside, writeBeside, type MemoryCompanions } from './companion'
import { touches, type Instruction } from '../instruction'
import type { Movement, Period, Transaction, TransactionStore } from '../transaction'

export interface TransactionMemory {
  accounts: Map<string, Account>
  /** The ids of each user's accounts. */
  accountIds: ReadonlyMap<string, string[]>
  holds: Map<string, Hold>
  clock: Clock
  ids: Ids
  companions?: MemoryCompanions
}

const nothingRolledUp = { rolledUpUntil: null, rolledUpUntilId: null }

/** For unit tests and as the benchmark's mock; nothing is kept. Decides as the real one does. */
export function newTransactionStore({
  accounts,
  accountIds,
  holds,
  clock,
  ids,
  companions = {},
}: TransactionMemory): TransactionStore {
  const movements = new Map<string, Movement>()
  const entries = new Map<string, Transaction[]>()
  const answers = new Map<string, StoredAnswer>()
  const reversedIds = new Set<string>()

  const store = (movement: Movement): void => {
    movements.set(movement.id, movement)
    if (movement.reversesId !== null) reversedIds.add(movement.reversesId)
    for (const entry of sidesOf(movement)) {
      const list = entries.get(entry.accountId)
      if (list) list.push(entry)
      else entries.set(entry.accountId, [entry])
    }
  }
  const entriesOf = (accountId: string, period: Period): Transaction[] =>
    (entries.get(accountId) ?? []).filter((entry) => isWithin(entry.effectiveAt, period))

  const lock = (account: Account, now: Instant): LockedAccount => {
    const expired = account.held === 0n ? [] : listExpired(holds.values(), account.id, now)
    const expiredHoldIds = expired.map(({ id }) => id)
    return { ...withoutExpired(account, holds, now), expiredHoldIds, ...nothingRolledUp }
  }
  const look = (instructions: Instruction[], now: Instant): LedgerState => {
    const touched = new Map<string, LockedAccount>()
    for (const id of instructions.flatMap(touches)) {
      const account = accounts.get(id)
      if (account) touched.set(id, lock(account, now))
    }
    const opened = lookBeside(instructions, companions)
    const known = { holds, reversedIds, answers, companions: opened }
    return { accounts: touched, heldAccountIds: new Set(), ...known }
  }
  const write = (decision: Decision): void => {
    decision.movements.forEach(store)
    for (const { id, balance, held, entryNo, expiredHoldIds } of decision.accounts) {
      accounts.set(id, { ...accounts.get(id)!, balance, held, entryNo })
      for (const holdId of expiredHoldIds) {
        holds.set(holdId, judgedAt(holds.get(holdId)!, decision.now))
      }
    }
    for (const hold of [...decision.openedHolds, ...decision.changedHolds]) holds.set(hold.id, hold)
    for (const { idempotency, outcome } of decision.remembered) {
      answers.set(idempotency.key, { fingerprint: idempotency.fingerprint, outcome })
    }
  }

  return {
    async post(group) {
      const now = clock.now()
      const instructions = group.flatMap((request) => request.instructions)
      const decision = decide(group, look(instructions, now), { now, newId: ids.next })
      write(decision)
      writeBeside(decision, companions)
      return decision.answers
    },

    async find(id) {
      return movements.get(id)
    },

    async findCounterside(id) {
      const movement = movements.get(id)
      return movement && sidesOf(movement)[1]
    },

    async listByAccount(accountId, { after, limit, ...period }) {
      return entriesOf(accountId, period)
        .sort(byNewest)
        .filter((entry) => !after || byNewest(after, entry) < 0)
        .slice(0, limit)
    },

    // Its entries are few enough to be read.
    rollUp: async () => 'done',
    listToRollUp: async () => [],

    async findBalanceAt(accountId, at) {
      if (!accounts.has(accountId)) return undefined
      const counted = entriesOf(accountId, { from: null, to: at })
      return counted.reduce((sum, { amount }) => sum + amount, 0n)
    },

    async listLargestExpenses(userId, { currency, ...period }) {
      const ownIds = new Set(accountIds.get(userId))
      const largest = new Map<string, Transaction>()
      for (const entry of [...ownIds].flatMap((id) => entriesOf(id, period))) {
        if (entry.amount > 0n || ownIds.has(entry.counterpartyId ?? '')) continue
        if (currency !== null && entry.currency !== currency) continue
        const best = largest.get(entry.currency)
        if (!best || byExpense(entry, best) < 0) largest.set(entry.currency, entry)
      }
      return [...largest.values()].sort((a, b) => (a.currency < b.currency ? -1 : 1))
    },
  }
}

/** The movement as each of its accounts sees it. */
function sidesOf(movement: Movement): Transaction[] {
  const { counterpartyId, counterpartyBalanceAfter } = movement
  if (counterpartyId === null || counterpartyBalanceAfter === null) return [movement]
  const counterSide = {
    ...movement,
    accountId: counterpartyId,
    counterpartyId: movement.accountId,
    amount: -movement.amount,
    balanceAfter: counterpartyBalanceAfter,
  }
  return [movement, counterSide]
}

function isWithin(instant: Instant, { from, to }: Period): boolean {
  return (from === null || instant >= from) && (to === null || instant <= to)
}

type Positioned = Pick<Transaction, 'effectiveAt' | 'id'>

function byNewest(a: Positioned, b: Positioned): number {
  if (a.effectiveAt !== b.effectiveAt) return a.effectiveAt > b.effectiveAt ? -1 : 1
  return a.id === b.id ? 0 : a.id > b.id ? -1 : 1
}

function byExpense(a: Transaction, b: Transaction): number {
  return a.amount === b.amount ? byNewest(b, a) : a.amount < b.amount ? -1 : 1
}
