import { sqlState, sqlStateOf } from '../../internal/postgres/errors'
import type { ConnectionSettings } from '../../internal/postgres/connection'
import { onServer, sharedServer, urlOf } from './server'
import { pollUntil } from './poll'

export interface TestDatabase {
  url: string
  /** Drops it, whoever is still connected. */
  close(): Promise<void>
}

let count = 0

/** A database of the test's own with the migrated schema, or an `empty` one, or a copy of one that nobody uses now. */
export async function newDatabase(
  options: { empty?: boolean; copyOf?: TestDatabase } = {},
): Promise<TestDatabase> {
  const server = sharedServer()
  const name = `${server.run}_${process.env.JEST_WORKER_ID ?? '0'}_${++count}`
  const own = options.copyOf && new URL(options.copyOf.url).pathname.slice(1)
  const template = own ?? (options.empty ? 'template0' : server.template)
  await pollUntil(() => create(server.url, name, template), {
    what: `a copy of ${template}`,
    timeoutMs: 20_000,
  })
  return {
    url: urlOf(server, name),
    close: async () => {
      await onServer(server.url, `drop database if exists "${name}" with (force)`)
    },
  }
}

/** False when somebody is connected to the template at this moment, autovacuum for one. */
async function create(serverUrl: string, name: string, template: string): Promise<boolean> {
  try {
    await onServer(serverUrl, `create database "${name}" template "${template}"`)
    return true
  } catch (error) {
    if (sqlStateOf(error) === sqlState.object_in_use) return false
    throw error
  }
}

/** The limits of config/api/local.json, for a database of a test. */
export function connectionSettings(
  url: string,
  changes: Partial<ConnectionSettings> = {},
): ConnectionSettings {
  return {
    url,
    pool_connections_max: 10,
    connect_timeout_ms: 1000,
    statement_timeout_ms: 2000,
    lock_timeout_ms: 1000,
    prepared_statements: true,
    ...changes,
  }
}
