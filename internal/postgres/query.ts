import type { QueryResult } from 'pg'
import { encodeArray } from './array'
import { encodeBinaryArray, type BinaryElement } from './binary-array'

/** Whatever runs a statement: a pool, a client, a transaction on it. */
export interface Executor {
  query(statement: Statement): Promise<QueryResult>
}

/** What goes to the driver. With a name the statement is prepared once per connection. */
export interface Statement {
  name?: string
  text: string
  values: unknown[]
}

/** A named query of a `.sql` file, as the generator writes it into its `.sql.ts`. */
export interface QueryText {
  /** Domain and name, `account.FindAccountById`: prepared under it, found again in pg_stat_activity. */
  name: string
  text: string
  /** The names behind $1, $2, … */
  params: readonly string[]
  /** Those of them that are arrays and go out in binary, with the type of their elements. */
  arrays?: Readonly<Record<string, BinaryElement>>
}

/**
 * Parameters that cannot be encoded are thrown at once and not by the promise: nothing was sent then, and
 * whoever sends more behind it, as a commit, has not done so yet.
 */
type Run<Params, Answer> = (db: Executor, params: Params) => Promise<Answer>

/** A query of which exactly one row is expected; throws otherwise. */
export function one<Params, Row>(query: QueryText): Run<Params, Row> {
  return (db, params) =>
    db.query(statement(query, params)).then(({ rows }) => {
      if (rows.length !== 1) throw new Error(`${query.name} gave ${rows.length} rows, not one`)
      return rows[0] as Row
    })
}

/** A query that gives a row or none. */
export function maybe<Params, Row>(query: QueryText): Run<Params, Row | undefined> {
  return (db, params) =>
    db.query(statement(query, params)).then(({ rows }) => {
      if (rows.length > 1)
        throw new Error(`${query.name} gave ${rows.length} rows, not one or none`)
      return rows[0] as Row | undefined
    })
}

/** A query that gives any number of rows. */
export function many<Params, Row>(query: QueryText): Run<Params, Row[]> {
  return (db, params) => db.query(statement(query, params)).then(({ rows }) => rows as Row[])
}

/** A statement that gives no rows; answers how many it touched. */
export function exec<Params>(query: QueryText): Run<Params, number> {
  return (db, params) => db.query(statement(query, params)).then(({ rowCount }) => rowCount ?? 0)
}

function statement({ name, text, params, arrays = {} }: QueryText, given: unknown): Statement {
  const named = given as Record<string, unknown>
  return { name, text, values: params.map((param) => encode(named[param], arrays[param])) }
}

function encode(value: unknown, element: BinaryElement | undefined): unknown {
  if (!Array.isArray(value)) return value
  return element ? encodeBinaryArray(element, value) : encodeArray(value)
}
