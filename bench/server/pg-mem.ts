import { DataType, newDb, type IMemoryDb } from 'pg-mem'
import type { QueryResult } from 'pg'
import { encodeArray } from '../../internal/postgres/array'
import type { Pool } from '../../internal/postgres/pool'
import type { Executor, Statement } from '../../internal/postgres/query'
import {
  accountId,
  currencyOf,
  description,
  entryTime,
  history,
  historyBalance,
  ownerId,
  smallSize,
  transactionId,
  userId,
} from '../data/data'

type Columns = Record<string, DataType>

const { text, bigint, uuid, timestamptz, jsonb } = DataType

// Declared, because it cannot run the migrations: no triggers, no collations, few functions. The
// first column is the primary key.
const tables: Record<string, Columns> = {
  app_user: { id: text, first_name: text, last_name: text, created_at: timestamptz },
  account: {
    ...{ id: text, user_id: text, name: text, currency: text },
    ...{ balance: bigint, min_balance: bigint, held: bigint, entry_no: bigint },
    ...{ closed_at: timestamptz, created_at: timestamptz },
    ...{ rolled_up_until: timestamptz, rolled_up_until_id: uuid },
  },
  transaction: {
    ...{ id: uuid, account_id: text, currency: text, amount: bigint, balance_after: bigint },
    ...{ entry_no: bigint, counterparty_id: text, counterparty_balance_after: bigint },
    ...{ counterparty_entry_no: bigint, description: text, metadata: jsonb },
    ...{ effective_at: timestamptz, created_at: timestamptz, reverses_id: uuid, hold_id: uuid },
  },
  idempotency: {
    ...{ key: text, fingerprint: text, transaction_id: uuid, refusal: jsonb },
    ...{ hold: jsonb, created_at: timestamptz },
  },
}

const indexes = [
  'create index account_user_idx on account (user_id)',
  'create index transaction_account_idx on transaction (account_id)',
]

/** The production queries over pg-mem: one process, no isolation, no disk. */
export function newPgMemPool(): Pool {
  const db = newDb()
  // It has no such functions: bytes are kept as the text that they are written in.
  for (const name of ['encode', 'decode']) {
    db.public.registerFunction({
      ...{ name, args: [text, text], returns: text },
      implementation: (value: string) => value,
    })
  }
  for (const [name, columns] of Object.entries(tables)) declare(db, name, columns)
  for (const index of indexes) db.public.none(index)
  fill(db)
  const { Pool: MemPool } = db.adapters.createPg() as { Pool: new () => MemDriver }
  const driver = new MemPool()
  const executor: Executor = {
    query: async ({ text, values }: Statement) =>
      toResult(await driver.query(text, values.map(toParameter))),
  }
  const counts = () => ({ total: 1, idle: 0, waiting: 0 })
  return {
    ...executor,
    withClient: (work) => work({ pid: 0, ...executor }),
    counts,
    close: async () => {},
  }
}

interface MemDriver {
  query(text: string, values: unknown[]): Promise<QueryResult>
}

function declare(db: IMemoryDb, name: string, columns: Columns): void {
  const fields = Object.entries(columns).map(([column, type], index) => ({
    name: column,
    type,
    constraints: index === 0 ? [{ type: 'primary key' as const }] : [],
  }))
  db.public.declareTable({ name, fields })
}

/** As it takes it: it knows no bigint and nothing binary, which arrays are in the production queries. */
function toParameter(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  return Buffer.isBuffer(value) ? encodeArray(readArray(value)) : value
}

/** The other way round than internal/postgres/binary-array.ts; no element is null here. */
function readArray(array: Buffer): string[] {
  const elements: string[] = []
  for (let at = 20; at < array.length;) {
    const end = at + 4 + array.readInt32BE(at)
    elements.push(readElement(array.readInt32BE(8), array.subarray(at + 4, end)))
    at = end
  }
  return elements
}

/** By the type's number in pg_type. */
function readElement(oid: number, bytes: Buffer): string {
  if (oid === 20) return String(bytes.readBigInt64BE())
  if (oid === 25) return bytes.toString()
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** The types that the driver of the real one gives: all numbers in these tables are int8. */
function toResult(result: QueryResult<Record<string, unknown>>): QueryResult {
  for (const row of result.rows) {
    for (const [column, value] of Object.entries(row)) row[column] = toValue(value)
  }
  return result
}

function toValue(value: unknown): unknown {
  if (typeof value === 'number') return BigInt(value)
  return value instanceof Date ? value.toISOString().replace('Z', '000Z') : value
}

function fill(db: IMemoryDb): void {
  const created_at = entryTime(0)
  const insert = (table: string, row: object) => db.public.getTable(table).insert(row)
  for (let n = 0; n < smallSize.users; n++) {
    insert('app_user', { id: userId(n), first_name: 'Ada', last_name: `Number ${n}`, created_at })
  }
  for (let n = 0; n < smallSize.accounts; n++) {
    insert('account', {
      ...{ id: accountId(n), user_id: ownerId(n), name: 'Checking', currency: currencyOf(n) },
      ...{ balance: Number(historyBalance), min_balance: 0, held: 0, entry_no: history.length },
      ...{ closed_at: null, created_at, rolled_up_until: null, rolled_up_until_id: null },
    })
  }
  let balance_after = 0
  for (const [index, amount] of history.entries()) {
    const time = new Date(entryTime(index + 1))
    balance_after += Number(amount)
    for (let n = 0; n < smallSize.accounts; n++) {
      insert('transaction', {
        ...{ id: transactionId(index * smallSize.accounts + n), account_id: accountId(n) },
        ...{ currency: currencyOf(n), amount: Number(amount), balance_after, entry_no: index + 1 },
        ...{ description, effective_at: time, created_at: time },
      })
    }
  }
}
