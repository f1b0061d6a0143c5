import { randomBytes } from 'node:crypto'
import pg from 'pg'
import type { ConnectionSettings } from '../../internal/postgres/connection'
import { migrate } from '../../internal/postgres/migrate'
import { newPool, type Pool } from '../../internal/postgres/pool'
import type { Log } from '../../internal/log/log'
import { listIdleDatabases } from './data.sql.ts'

export interface BenchDatabase {
  url: string
  pool: Pool
  /** Drops it, whoever is still connected. */
  close(): Promise<void>
}

const prefix = 'tillbook_bench_'
const program = 'tillbook-bench'
// Filling it takes longer than any request may.
const statementTimeoutMs = 300_000

/** A database of the benchmark's own beside the one that is configured, with the migrated schema. */
export async function newBenchDatabase(
  server: ConnectionSettings,
  { log, migrations }: { log: Log; migrations: string },
): Promise<BenchDatabase> {
  await dropLeftovers(server.url)
  const name = `${prefix}${process.pid}_${randomBytes(3).toString('hex')}`
  await onServer(server.url, (client) => client.query(`create database ${name} template template0`))
  const url = urlOf(server.url, name)
  const drop = () => onServer(server.url, (client) => dropDatabase(client, name))
  try {
    const settings = { ...server, url, statement_timeout_ms: statementTimeoutMs }
    await migrate({ settings, directory: migrations, program })
    const pool = newPool(settings, log, { program, connectionsMax: 2 })
    const close = () => pool.close().finally(drop)
    return { url, pool, close }
  } catch (error) {
    await drop()
    throw error
  }
}

/** What runs left behind that were killed. */
async function dropLeftovers(url: string): Promise<void> {
  await onServer(url, async (client) => {
    for (const { name } of await listIdleDatabases(client, { prefix })) {
      await dropDatabase(client, name)
    }
  })
}

async function dropDatabase(client: pg.Client, name: string): Promise<void> {
  await client.query(`drop database if exists "${name}" with (force)`)
}

async function onServer<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${database}`
  return url.href
}
