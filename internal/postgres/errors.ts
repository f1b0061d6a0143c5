import { types } from 'node:util'
import { DatabaseError } from 'pg'
import { databaseUnavailable, Fault } from '../fault/fault'

/** The SQLSTATEs the code speaks of, by PostgreSQL's own names. */
export const sqlState = {
  invalid_parameter_value: '22023',
  foreign_key_violation: '23503',
  unique_violation: '23505',
  check_violation: '23514',
  read_only_sql_transaction: '25006',
  idle_in_transaction_session_timeout: '25P03',
  serialization_failure: '40001',
  deadlock_detected: '40P01',
  insufficient_privilege: '42501',
  undefined_table: '42P01',
  too_many_connections: '53300',
  object_in_use: '55006',
  lock_not_available: '55P03',
  query_canceled: '57014',
  admin_shutdown: '57P01',
  crash_shutdown: '57P02',
  cannot_connect_now: '57P03',
  database_dropped: '57P04',
  idle_session_timeout: '57P05',
} as const

/** The database's word, also when it lies beneath a Fault or another error. */
function databaseError(error: unknown): DatabaseError | undefined {
  for (let depth = 0; types.isNativeError(error) && depth < 5; depth++) {
    if (error instanceof DatabaseError) return error
    error = error.cause
  }
  return undefined
}

/** The SQLSTATE of an error that came from the database, found beneath a Fault too. */
export function sqlStateOf(error: unknown): string | undefined {
  return databaseError(error)?.code
}

/** True when this very constraint was violated: `violates(error, sqlState.unique_violation, 'app_user_pkey')`. */
export function violates(error: unknown, state: string, constraint: string): boolean {
  return sqlStateOf(error) === state && databaseError(error)?.constraint === constraint
}

// 28 and 3D000 come from connecting only: the role or the database is not there (any more).
const lostClasses = ['08', '28', '3D']

const lostStates = new Set<string>([
  sqlState.read_only_sql_transaction,
  sqlState.idle_in_transaction_session_timeout,
  sqlState.idle_session_timeout,
  sqlState.too_many_connections,
  sqlState.admin_shutdown,
  sqlState.crash_shutdown,
  sqlState.cannot_connect_now,
  sqlState.database_dropped,
])

// The driver gives these no code, so the words are all there is to know them by; test/postgres/pool.test.ts
// provokes them, so that a new version with new words is noticed.
const driverTimeouts = [
  'timeout expired',
  'timeout exceeded when trying to connect',
  'Connection terminated due to connection timeout',
  'Query read timeout',
]
const driverMessages = new Set([
  ...driverTimeouts,
  'Connection terminated',
  'Connection terminated unexpectedly',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
  'Cannot use a pool after calling end on the pool',
])

const socketCalls = new Set(['getaddrinfo', 'connect', 'read', 'write', 'shutdown'])

/**
 * True when no connection could be had, or the one in use is of no more use: broken, on a server that
 * is going down, or on one that became a read-only standby. Whether a COMMIT under way happened is open.
 */
export function isConnectionError(error: unknown): boolean {
  // Not `instanceof Error`: under jest, Node's own errors come from another realm.
  if (!types.isNativeError(error)) return false
  if (error instanceof Fault) return isConnectionError(error.cause)
  if (error instanceof DatabaseError) {
    const state = error.code ?? ''
    return (
      lostStates.has(state) ||
      lostClasses.includes(state.slice(0, 2)) ||
      // "cannot use serializable mode in a hot standby", with the state of all that is not supported.
      error.routine === 'GetSerializableTransactionSnapshot'
    )
  }
  const { syscall, errors } = error as NodeJS.ErrnoException & { errors?: unknown }
  if (syscall !== undefined) return socketCalls.has(syscall)
  // A host with several addresses fails with one error for each.
  if (Array.isArray(errors)) return errors.some(isConnectionError)
  return driverMessages.has(error.message) || isConnectionError(error.cause)
}

/** True when the connection broke, and not only gave no answer in time: another one may be had at once. */
export function isBreak(error: unknown): boolean {
  if (!isConnectionError(error)) return false
  let innermost = error
  while (types.isNativeError(innermost) && types.isNativeError(innermost.cause))
    innermost = innermost.cause
  return !driverTimeouts.includes((innermost as Error).message)
}

/** True when the database gave up waiting: for the statement to end, or for a lock. */
export function isTimeout(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state === sqlState.query_canceled || state === sqlState.lock_not_available
}

/**
 * A Fault `database.unavailable` for what passes by itself when the request is sent
 * again: no connection, a lost one, a time-out. Everything else is given back as it is.
 */
export function toFault(error: unknown): unknown {
  if (error instanceof Fault) return error
  if (isConnectionError(error)) return unavailable('The database cannot be reached.', error)
  if (isTimeout(error)) return unavailable('The database took too long.', error)
  // Class 53: it has no disk, memory or connection left.
  if (sqlStateOf(error)?.startsWith('53')) return unavailable('The database is full.', error)
  return error
}

/**
 * What was thrown by connecting, where the server also refuses a session that may not have the role or
 * the settings it asks for: `database.unavailable`, because an operator can change that meanwhile.
 */
export function toConnectFault(error: unknown): unknown {
  if (!isRefusedSession(error)) return toFault(error)
  return unavailable('The database refuses the session.', error)
}

const refusedStates: unknown[] = [sqlState.invalid_parameter_value, sqlState.insufficient_privilege]

function isRefusedSession(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && refusedStates.includes(error.code)
}

function unavailable(detail: string, cause: unknown): Fault {
  return new Fault(databaseUnavailable, {
    detail: `${detail} Send the request again.`,
    retryAfterSeconds: 1,
    cause,
  })
}
