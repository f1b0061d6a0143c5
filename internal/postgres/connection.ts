import type { ClientConfig } from 'pg'
import { typeParsers } from './types'

/** How to reach a PostgreSQL and how long to wait for it. The names are those of the configuration. */
export interface ConnectionSettings {
  /** `postgres://user:password@host:port/database` */
  url: string
  /** What the session works as, once its login is let in; without one it works as the login. */
  role?: string | undefined
  pool_connections_max: number
  connect_timeout_ms: number
  statement_timeout_ms: number
  lock_timeout_ms: number
  /** Off behind a pooler that hands a connection to another client between two statements. */
  prepared_statements: boolean
}

/** The server gives up first and says why; the client's own limit is for a server that says nothing. */
const queryGraceMs = 250

// For every session, whatever the server or the role has as its default. A 2xx is on disk; and no
// statement here runs so long that it would be worth compiling, which takes a third of a second.
const sessionOptions = '-c synchronous_commit=on -c jit=off -c timezone=UTC -c datestyle=ISO'

/** The driver's configuration: types, session settings and a limit for every wait. */
export function connectionConfig(settings: ConnectionSettings, program: string): ClientConfig {
  const { connectionString, options } = takeOptions(settings.url)
  const role = settings.role === undefined ? '' : `-c role=${settings.role}`
  return {
    connectionString,
    options: [options, sessionOptions, role].filter(Boolean).join(' '),
    application_name: program,
    types: typeParsers,
    connectionTimeoutMillis: settings.connect_timeout_ms,
    statement_timeout: settings.statement_timeout_ms,
    lock_timeout: settings.lock_timeout_ms,
    idle_in_transaction_session_timeout: settings.statement_timeout_ms,
    query_timeout: settings.statement_timeout_ms + queryGraceMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  }
}

/** Options in the URL would replace ours, so they are taken out of it and put in front. */
function takeOptions(url: string): { connectionString: string; options: string } {
  const mark = url.indexOf('?')
  if (mark < 0) return { connectionString: url, options: '' }
  const query = new URLSearchParams(url.slice(mark + 1))
  const options = query.get('options') ?? ''
  query.delete('options')
  const rest = query.toString()
  return { connectionString: url.slice(0, mark) + (rest ? `?${rest}` : ''), options }
}

/** The URL as it may be shown: without the password, which may hold an @ itself: the last one ends it. */
export function redactUrl(url: string): string {
  return url.replace(/^([a-z]+:\/\/[^:/@]*):[^?]*@/i, '$1@').replace(/([?&]password=)[^&]*/i, '$1…')
}
