import { randomBytes } from 'node:crypto'
import pg from 'pg'
import type { ConnectionSettings } from '../../internal/postgres/connection'
import { migrate } from '../../internal/postgres/migrate'
import { newPool, type Pool } from '../../internal/postgres/pool'
import type { Log } from '../../internal/log/log'
import { findDatabaseComment, listIdleDatabases, makeDatabaseComment } from './data.sql.ts'

export interface BenchDatabase {
  url: string
  pool: Pool
  /** Drops it, whoever is still connected. */
  close(): Promise<void>
}

const prefix = 'tillbook_bench_'
/** Takes minutes to make, so it is kept between runs. */
const keptName = `${prefix}big`
const program = 'tillbook-bench'
// Filling it takes longer than any request may.
const statementTimeoutMs = 300_000
// The script that bulks are compared with has as many workers as there are requests under way.
const connectionsMax = 8

export interface BenchDatabaseOptions {
  log: Log
  /** The folder. */
  migrations: string
}

/** A database of the benchmark's own beside the one that is configured, with the migrated schema. */
export async function newBenchDatabase(
  server: ConnectionSettings,
  options: BenchDatabaseOptions,
): Promise<BenchDatabase> {
  const name = `${prefix}${process.pid}_${randomBytes(3).toString('hex')}`
  await createDatabase(server, name, options)
  const { pool, url } = open(server, name, options)
  const drop = () => onServer(server.url, (client) => dropDatabase(client, name))
  return { url, pool, close: () => pool.close().finally(drop) }
}

/**
 * The one that is kept, as it is when its comment says that it has this shape; otherwise it is made anew
 * and filled, and gets the comment when that is done.
 */
export async function openKeptDatabase(
  server: ConnectionSettings,
  {
    shape,
    fill,
    ...options
  }: BenchDatabaseOptions & { shape: string; fill(pool: Pool): Promise<void> },
): Promise<BenchDatabase> {
  const row = await onServer(server.url, (client) =>
    findDatabaseComment(client, { name: keptName }),
  )
  const isKept = row?.comment === shape
  if (!isKept) {
    await onServer(server.url, (client) => dropDatabase(client, keptName))
    await createDatabase(server, keptName, options)
  }
  const { pool, url } = open(server, keptName, options)
  try {
    if (!isKept) {
      await fill(pool)
      const { statement } = await makeDatabaseComment(pool, { comment: shape })
      await pool.query({ text: statement, values: [] })
    }
    return { url, pool, close: pool.close }
  } catch (error) {
    await pool.close()
    throw error
  }
}

async function createDatabase(
  server: ConnectionSettings,
  name: string,
  { migrations }: BenchDatabaseOptions,
): Promise<void> {
  await onServer(server.url, (client) => client.query(`create database ${name} template template0`))
  try {
    const settings = { ...server, url: urlOf(server.url, name) }
    await migrate({ settings, directory: migrations, program })
  } catch (error) {
    await onServer(server.url, (client) => dropDatabase(client, name))
    throw error
  }
}

function open(server: ConnectionSettings, name: string, { log }: BenchDatabaseOptions) {
  const url = urlOf(server.url, name)
  const waits = { statement_timeout_ms: statementTimeoutMs, lock_timeout_ms: statementTimeoutMs }
  const settings = { ...server, url, ...waits }
  return { url, pool: newPool(settings, log, { program, connectionsMax }) }
}

/** What runs left behind that were killed. To be called before there is anything of this one. */
export async function dropLeftovers(url: string): Promise<void> {
  await onServer(url, async (client) => {
    for (const { name } of await listIdleDatabases(client, { prefix, kept: keptName })) {
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
