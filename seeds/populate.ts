import { Fault, type FaultSpec } from '../internal/fault/fault'
import type { Executor } from '../internal/postgres/query'
import { newFill, partsOf, type Fill, type Part } from './fill'
import { insertTransactions } from './movement.sql.ts'
import {
  analyzeBook,
  countAccountsCreatedBefore,
  findAnyUser,
  findFirstUserOfFill,
  insertAccounts,
  insertUsers,
  lockPopulate,
} from './populate.sql.ts'

export interface PopulateOptions {
  /** 100 by default. */
  users?: number
  /** 10,000 by default; opening deposits are counted in. */
  transactions?: number
  /** 1 by default. The same seed and numbers give the same rows, on every server and every day. */
  seed?: number
  /** The day at which the two years of transactions end, as in `2026-01-01`, the default. */
  until?: string
  onProgress?: (progress: PopulateProgress) => void
}

export interface PopulateProgress {
  step: string
  /** Rows of users and transactions. */
  done: number
  total: number
}

export interface Populated {
  users: number
  accounts: number
  transactions: number
  /** Nothing was changed, because this very fill is in the book. */
  alreadyThere: boolean
  /** A user with all kinds of accounts, and busy ones. */
  tryUserId: string
}

export const bookNotEmpty = {
  kind: 'conflict',
  code: 'populate.book_not_empty',
  title: 'The book holds something else already',
} satisfies FaultSpec

// The planner cannot know how many rows a fill's steps have, takes them for a few, and would join
// thousands with thousands by nested loops; and from their penalty it would conclude to compile.
const settings = [
  "set local work_mem = '64MB'",
  'set local enable_nestloop = off',
  'set local jit = off',
  'set local plan_cache_mode = force_custom_plan',
]

/**
 * Fills an empty book, over one connection, in one transaction: whatever interrupts it leaves the
 * book empty. A book with this very fill stays as it is, also when more was posted since. Throws
 * populate.book_not_empty when the book has other users.
 */
export function populate(db: Executor, options: PopulateOptions): Promise<Populated> {
  return inTransaction(db, () => fillOrFind(db, options))
}

/** The same, but undefined, and nothing done, when the book has any user. */
export function populateIfEmpty(
  db: Executor,
  options: PopulateOptions,
): Promise<Populated | undefined> {
  return inTransaction(db, async () =>
    (await findAnyUser(db)) ? undefined : fillOrFind(db, options),
  )
}

async function inTransaction<T>(db: Executor, work: () => Promise<T>): Promise<T> {
  await run(db, 'begin isolation level read committed')
  try {
    // Waits for another populate as long as that one takes.
    await run(db, 'set local lock_timeout = 0')
    await lockPopulate(db)
    const result = await work()
    await run(db, 'commit')
    return result
  } catch (error) {
    // On a broken connection there is nothing to roll back; the first error is the one that counts.
    await run(db, 'rollback').catch(() => {})
    throw error
  }
}

function run(db: Executor, text: string): Promise<unknown> {
  return db.query({ text, values: [] })
}

async function fillOrFind(db: Executor, options: PopulateOptions): Promise<Populated> {
  const { users = 100, transactions = 10_000, seed = 1, until = '2026-01-01' } = options
  const fill = newFill({ users, transactions, seed, until })
  const before = await findFirstUserOfFill(db, { founded_at: fill.foundedAt })
  if (!before && (await findAnyUser(db))) throw refusal(fill)
  const tryUserId = before?.id ?? (await insertFill(db, fill, options.onProgress))
  const { accounts } = await countAccountsCreatedBefore(db, { before: fill.startsAt })
  return {
    users,
    accounts: Number(accounts),
    transactions,
    alreadyThere: before !== undefined,
    tryUserId,
  }
}

function refusal({ name }: Fill): Fault {
  return new Fault(bookNotEmpty, {
    detail: `The book has users that do not come from this fill (${name}). Only an empty book is filled.`,
  })
}

/** Gives the first user's id. */
async function insertFill(
  db: Executor,
  fill: Fill,
  onProgress: PopulateOptions['onProgress'] = () => {},
): Promise<string> {
  for (const setting of settings) await run(db, setting)
  const total = fill.users + fill.transactions
  const ids: string[] = []
  let done = 0
  for (const part of partsOf(fill)) {
    onProgress({ step: 'Users, accounts and transactions', done, total })
    ids.push(await insertPart(db, fill, part))
    done += part.lastUser - part.firstUser + 1 + part.transactions
  }
  onProgress({ step: 'Users, accounts and transactions', done, total })
  onProgress({ step: 'Figures for the planner', done: 0, total: 1 })
  await analyzeBook(db)
  onProgress({ step: 'Figures for the planner', done: 1, total: 1 })
  return ids[0]!
}

/** Gives the id of the part's first user. */
async function insertPart(db: Executor, fill: Fill, part: Part): Promise<string> {
  const users = await insertUsers(db, {
    first: BigInt(part.firstUser),
    last: BigInt(part.lastUser),
    founded_at: fill.foundedAt,
    spacing_micros: fill.userSpacingMicros,
  })
  const user_ids = users.map((user) => user.id)
  await insertAccounts(db, { fill: fill.name, user_ids })
  const inserted = await insertTransactions(db, {
    fill: fill.name,
    user_ids,
    transactions: BigInt(part.transactions),
    starts_at: fill.startsAt,
    ends_at: fill.endsAt,
  })
  if (inserted !== part.transactions) {
    throw new Error(`${inserted} transactions came out of a part of ${part.transactions}`)
  }
  return user_ids[0]!
}
