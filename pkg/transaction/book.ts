import type { Instant } from '../../internal/clock/instant'
import type { Account } from '../account/account'
import { judgedAt, type Hold } from '../hold/hold'
import type { Outcome } from './instruction'
import type { Journal, SideBook } from './companion'
import { isLate, type RolledUpUntil } from './rollup'
import type { Idempotency, Movement, Refusal } from './transaction'

/** What a decision needs to know of an account that is locked. */
export interface LockedAccount
  extends
    RolledUpUntil,
    Pick<
      Account,
      'id' | 'userId' | 'currency' | 'balance' | 'minBalance' | 'held' | 'entryNo' | 'closedAt'
    > {
  /** Open holds whose time is over. `held` counts them no more; with the next change they are closed. */
  expiredHoldIds: readonly string[]
}

/** The first answer to a key. */
export interface StoredAnswer {
  fingerprint: string
  outcome: Outcome | { refusal: Refusal }
}

/** All that is known when a group is decided: read under lock. */
export interface LedgerState {
  /** Those that the group touches, by id. */
  accounts: ReadonlyMap<string, LockedAccount>
  /** Accounts that are there but that somebody else held for too long. */
  heldAccountIds: ReadonlySet<string>
  /** The holds that the group speaks of, by id. */
  holds: ReadonlyMap<string, Hold>
  /** Of the transactions that the group would reverse, those that were reversed before. */
  reversedIds: ReadonlySet<string>
  /** By key. */
  answers: ReadonlyMap<string, StoredAnswer>
  /** How to open the side book of each companion that is asked for something, by its kind. */
  companions?: ReadonlyMap<string, (journal: Journal) => SideBook>
}

/** An entry dated into a time that is rolled up already; amount as its account sees it. */
export interface LateEntry {
  accountId: string
  effectiveAt: Instant
  transactionId: string
  amount: bigint
  /** The money left the account, and did not arrive on another one of the same user. */
  isExpense: boolean
}

/** What has to be written so that the verdicts are true. */
export interface Changes {
  movements: Movement[]
  lateEntries: LateEntry[]
  /** The accounts that changed, as they are afterwards. */
  accounts: LockedAccount[]
  /** The holds that were opened or changed, as they are afterwards. */
  openedHolds: Hold[]
  changedHolds: Hold[]
  /** The answers to keys that had none. */
  remembered: { idempotency: Idempotency; outcome: StoredAnswer['outcome'] }[]
  /** What companions have to write, by kind. */
  sideEntries: { kind: string; entries: readonly unknown[] }[]
}

/** The ledger as it is in the middle of a decision: what was read, and what was decided since. */
export interface Book {
  readonly now: Instant
  newId(): string
  /** Somebody else holds it, so that nothing can be said about it. */
  isElsewhere(accountId: string): boolean
  account(id: string): LockedAccount | undefined
  hold(id: string): Hold | undefined
  isReversed(transactionId: string): boolean
  answer(key: string): StoredAnswer | undefined
  /** Throws when nobody opened one: the store was not given that companion. */
  sideBook(kind: string): SideBook
  putAccount(account: LockedAccount): void
  putHold(hold: Hold): void
  addMovement(movement: Movement): void
  remember(idempotency: Idempotency, outcome: StoredAnswer['outcome']): void
  /** Does the work, then forgets all it put into the book unless it answers true. */
  attempt(work: () => boolean): void
  changes(): Changes
}

/** What makes new rows: the same for a whole group. */
export interface Stamp {
  now: Instant
  newId(): string
}

export function newBook(state: LedgerState, { now, newId }: Stamp): Book {
  const accounts = new Map<string, LockedAccount>()
  const holds = new Map<string, Hold>()
  const answers = new Map<string, StoredAnswer>()
  const reversed = new Map<string, true>()
  const movements: Movement[] = []
  const remembered: Changes['remembered'] = []
  const sideBooks = new Map<string, SideBook>()
  /** How to take back what an attempt did, the last thing first; none outside of one. */
  let undo: (() => void)[] | undefined

  function put<Value>(map: Map<string, Value>, key: string, value: Value): void {
    if (undo) {
      const before = map.get(key)
      undo.push(() => void (before === undefined ? map.delete(key) : map.set(key, before)))
    }
    map.set(key, value)
  }
  function add<Value>(list: Value[], value: Value): void {
    undo?.push(() => void list.pop())
    list.push(value)
  }

  function openSideBook(kind: string): SideBook {
    const open = state.companions?.get(kind)
    if (!open) throw new Error(`the ledger has no companion "${kind}"`)
    const opened = open({ now, newId, put, add })
    sideBooks.set(kind, opened)
    return opened
  }

  const account = (id: string) => accounts.get(id) ?? state.accounts.get(id)
  return {
    now,
    newId,
    isElsewhere: (id) => state.heldAccountIds.has(id),
    account,
    hold(id) {
      const hold = holds.get(id) ?? state.holds.get(id)
      if (!hold) return undefined
      // What was counted as free stays so, even when the clock was set back since.
      const isFree = account(hold.accountId)?.expiredHoldIds.includes(id)
      return judgedAt(hold, isFree && hold.expiresAt !== null ? hold.expiresAt : now)
    },
    isReversed: (id) => reversed.has(id) || state.reversedIds.has(id),
    answer: (key) => answers.get(key) ?? state.answers.get(key),
    sideBook: (kind) => sideBooks.get(kind) ?? openSideBook(kind),
    putAccount: (changed) => put(accounts, changed.id, changed),
    putHold: (hold) => put(holds, hold.id, hold),
    addMovement(movement) {
      add(movements, movement)
      if (movement.reversesId !== null) put(reversed, movement.reversesId, true)
    },
    remember(idempotency, outcome) {
      const { key, fingerprint } = idempotency
      put(answers, key, { fingerprint, outcome })
      add(remembered, { idempotency, outcome })
    },
    attempt(work) {
      undo = []
      const isKept = work()
      if (!isKept) for (const step of undo.reverse()) step()
      undo = undefined
    },
    changes: () => ({
      movements,
      lateEntries: listLateEntries(movements, account),
      accounts: [...accounts.values()],
      openedHolds: [...holds.values()].filter(({ id }) => !state.holds.has(id)),
      changedHolds: [...holds.values()].filter(({ id }) => state.holds.has(id)),
      remembered,
      sideEntries: [...sideBooks].map(([kind, book]) => ({ kind, entries: book.entries() })),
    }),
  }
}

/** Those of the movements' entries that are dated into what their account has rolled up: hardly any. */
function listLateEntries(movements: readonly Movement[], account: Book['account']): LateEntry[] {
  const late: LateEntry[] = []
  for (const movement of movements) {
    const { accountId, counterpartyId } = movement
    const posted = account(accountId)!
    const counter = counterpartyId === null ? undefined : account(counterpartyId)
    if (isLate(movement, posted)) late.push(toLateEntry(movement, posted, counter))
    if (counter && isLate(movement, counter)) late.push(toLateEntry(movement, counter, posted))
  }
  return late
}

function toLateEntry(
  { id: transactionId, accountId, effectiveAt, amount: posted }: Movement,
  side: LockedAccount,
  other: LockedAccount | undefined,
): LateEntry {
  const amount = side.id === accountId ? posted : -posted
  const isExpense = amount < 0n && side.userId !== other?.userId
  return { accountId: side.id, effectiveAt, transactionId, amount, isExpense }
}
