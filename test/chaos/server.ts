import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { migrate } from '../../internal/postgres/migrate'
import { removeEmbedded, startEmbedded } from '../../internal/postgres/embedded/embedded'
import { isAlive } from '../../internal/postgres/embedded/program'
import { connectionSettings } from '../harness/database'
import { pollUntil } from '../harness/poll'
import * as sql from './nemesis.sql.ts'

/** A PostgreSQL of the run's own, which may be killed. */
export interface OwnServer {
  url: string
  /** Resolves when it is gone: while it dies, a start would still find it running. */
  killPostmaster(): Promise<void>
  /** Starts it again on the same port; it recovers by itself. */
  restart(): Promise<void>
  close(): Promise<void>
}

// The clock's search path names the database.
const database = 'tillbook'

/** In a folder that is thrown away, with the migrated schema and a clock that can be shifted. */
export async function startOwnServer(): Promise<OwnServer> {
  // Named as the one of the tests, which remove what a killed run left behind.
  const folder = mkdtempSync(join(tmpdir(), `tillbook-test-${process.pid}-`))
  chmodSync(folder, 0o755)
  const options = { directory: join(folder, 'data'), database, onProgress: () => {} }
  const close = async () => {
    await removeEmbedded(options)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const { url, directory } = await startEmbedded(options)
    const settings = connectionSettings(url, { statement_timeout_ms: 60_000 })
    await migrate({ settings, directory: 'migrations', program: 'tillbook-chaos' })
    await installClock(url)
    return {
      url,
      killPostmaster: () => kill(postmasterOf(directory)),
      async restart() {
        const again = await startEmbedded(options)
        if (again.url !== url) throw new Error('PostgreSQL came back on another port')
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

function postmasterOf(directory: string): number {
  return Number(readFileSync(join(directory, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0])
}

async function kill(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL')
  await pollUntil(() => !isAlive(pid), { what: 'end of the killed server' })
}

async function installClock(url: string): Promise<void> {
  await onDatabase(url, async (client) => {
    await sql.createClockSchema(client)
    await sql.createClockShift(client)
    await sql.createClock(client)
    await sql.createTransactionClock(client)
    await sql.createStatementClock(client)
    await sql.grantClock(client)
    await sql.grantClockShift(client)
    await sql.putClockFirst(client)
  })
}

/** One connection past the proxies, for as long as the work takes. */
export async function onDatabase<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
