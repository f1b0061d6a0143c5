import { randomInt } from 'node:crypto'
import { Client } from 'pg'

/** Every database of a test run begins with this, a time in seconds and the process id of jest. */
const prefix = 'tillbook_test'

const hourSeconds = 3600

/** What the tests of one run share; handed from globalSetup to the workers in the environment. */
export interface TestServer {
  /** The URL of a database on the server that is always there, to create others from. */
  url: string
  /** The beginning of the names of this run's databases. */
  run: string
  /** A migrated, empty database to copy. */
  template: string
}

const variable = 'TILLBOOK_TEST_SERVER'

export function shareServer(server: TestServer): void {
  process.env[variable] = JSON.stringify(server)
}

export function sharedServer(): TestServer {
  const shared = process.env[variable]
  if (!shared) throw new Error('no test server: this file runs in the jest project "postgres" only')
  return JSON.parse(shared) as TestServer
}

export function newRunName(now = Date.now()): string {
  return `${prefix}_${Math.floor(now / 1000)}_${process.pid}_${randomInt(1e6)}`
}

export function urlOf(server: { url: string }, database: string): string {
  const url = new URL(server.url)
  url.pathname = `/${database}`
  return url.href
}

/** Runs one statement on the server, outside of any test database. */
export async function onServer(url: string, text: string, values: unknown[] = []) {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  client.on('error', () => {})
  await client.connect()
  try {
    return await client.query(text, values)
  } finally {
    await client.end()
  }
}

/** Drops whatever this run made. */
export async function dropRun(url: string, run: string): Promise<void> {
  await drop(
    url,
    (await listDatabases(url)).filter((name) => name.startsWith(`${run}_`)),
  )
}

/** Drops what crashed runs left behind, once it is an hour old: a younger run may be going on. */
export async function dropLeftovers(url: string, now = Date.now()): Promise<void> {
  const old = (name: string) => Number(name.split('_')[2]) < now / 1000 - hourSeconds
  await drop(url, (await listDatabases(url)).filter(old))
}

async function listDatabases(url: string): Promise<string[]> {
  const text = 'select datname from pg_database where starts_with(datname, $1) order by datname'
  const { rows } = await onServer(url, text, [`${prefix}_`])
  return rows.map((row: { datname: string }) => row.datname)
}

async function drop(url: string, names: string[]): Promise<void> {
  // `if exists`: two runs may clean up at once.
  for (const name of names) await onServer(url, `drop database if exists "${name}" with (force)`)
}
