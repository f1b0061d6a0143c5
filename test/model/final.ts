import type { Instant } from '../../internal/clock/instant'
import type { Pool } from '../../internal/postgres/pool'
import type { Transaction } from '../../pkg/transaction/transaction'
import { holdAt, leftOf, type AccountState, type Books, type Movement } from './books'
import type { Call, Caller } from './call'
import { mismatch, show } from './mismatch'
import type { Ask } from './wish'

// SQL in TypeScript, because tests look at the tables past the code that they test.

/** Asks for all there is when everything is over; the answers are checked like any others. */
export async function readAll(caller: Caller, books: Books, prefix: string): Promise<Call[]> {
  const before = caller.calls.length
  const users = [0, 1, 2, 3].map((n) => `${prefix}u${n}`)
  const period = { from: null, to: null, currency: null }
  const asks: Ask[] = [
    ...users.flatMap((id): Ask[] => [
      { kind: 'read user', id },
      { kind: 'largest', id, ...period },
    ]),
    ...[...books.accounts.keys()].map((id): Ask => ({ kind: 'read account', id })),
    ...[...books.holds.keys()].map((id): Ask => ({ kind: 'read hold', id })),
    ...[...books.movements.keys()].map((id): Ask => ({ kind: 'read transaction', id })),
  ]
  await Promise.all([
    ...asks.map((ask, i) => caller.call(ask, i)),
    ...[...books.accounts.keys()].map((id, i) => readPages(caller, id, i)),
  ])
  return caller.calls.slice(before)
}

async function readPages(caller: Caller, id: string, instance: number): Promise<void> {
  let after: Transaction | undefined
  do {
    const ask: Ask = { kind: 'page', id, from: null, to: null, limit: 7, after }
    const { answer } = await caller.call(ask, instance)
    after = 'value' in answer ? (answer.value as Transaction[])[6] : undefined
  } while (after)
}

/** The tables hold what the oracle holds, and nothing else. */
export async function checkTables(db: Pool, books: Books, prefix: string): Promise<void> {
  const [accounts, movements, holds, keys] = await Promise.all([
    listOf(db, accountRows, prefix),
    listOf(db, transactionRows, prefix),
    listOf(db, holdRows, prefix),
    listOf(db, keyRows, prefix),
  ])
  const closed = new Map(holds.map((row) => [row.id as string, row.closed_as as string | null]))
  same(
    'accounts',
    accounts,
    [...books.accounts.values()].map((one) => accountRow(one, closed)),
  )
  same('transactions', movements, [...books.movements.values()].map(transactionRow))
  same(
    'holds',
    holds,
    [...books.accounts.values()].flatMap((one) => holdsOf(one, closed)),
  )
  same(
    'keys',
    keys,
    [...books.answers.keys()].map((key) => ({ id: key })),
  )
}

interface Row {
  id: string
  [column: string]: unknown
}

async function listOf(db: Pool, text: string, prefix: string): Promise<Row[]> {
  return (await db.query({ text, values: [prefix] })).rows as Row[]
}

const accountRows = `select id, balance, held, entry_no from account where starts_with(id, $1)`
const transactionRows = `
  select id, entry_no, balance_after, counterparty_entry_no, counterparty_balance_after
  from transaction where starts_with(account_id, $1)`
const holdRows = `
  select id, captured, expires_at, closed_as from hold where starts_with(account_id, $1)`
const keyRows = `select key as id from idempotency where starts_with(key, $1)`

function same(what: string, came: Row[], right: Row[]): void {
  const text = (rows: Row[]) => show([...rows].sort((a, b) => (a.id < b.id ? -1 : 1)))
  if (text(came) !== text(right))
    throw mismatch(`the table of ${what} is not right`, { came, right })
}

type Closed = ReadonlyMap<string, string | null>

/** Holds whose time is over count until somebody has looked: what the row says of them decides. */
function accountRow(account: AccountState, closed: Closed): Row {
  let held = 0n
  for (const hold of account.holds.values()) if (closed.get(hold.id) === null) held += leftOf(hold)
  const { id, balance, entries } = account
  return { id, balance, held, entry_no: BigInt(entries.length) }
}

function transactionRow(movement: Movement): Row {
  return {
    id: movement.id,
    entry_no: movement.entryNo,
    balance_after: movement.balanceAfter,
    counterparty_entry_no: movement.counterpartyEntryNo,
    counterparty_balance_after: movement.counterpartyBalanceAfter,
  }
}

const never = '9999-12-31T00:00:00.000000Z' as Instant

function holdsOf({ holds }: AccountState, closed: Closed): Row[] {
  return [...holds.values()].map((hold) => {
    const isUnnoticed = hold.closedAs === null && closed.get(hold.id) === null
    const { closedAs } = isUnnoticed ? hold : holdAt(hold, never)
    return { id: hold.id, captured: hold.captured, expires_at: hold.expiresAt, closed_as: closedAs }
  })
}
