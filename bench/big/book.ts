import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Instant } from '../../internal/clock/instant'
import { listMigrations } from '../../internal/postgres/migrate'
import type { ConnectionSettings } from '../../internal/postgres/connection'
import type { Pool } from '../../internal/postgres/pool'
import type { Executor } from '../../internal/postgres/query'
import {
  newBenchDatabase,
  openKeptDatabase,
  type BenchDatabase,
  type BenchDatabaseOptions,
} from '../data/database'
import {
  finishBook,
  insertBigAccounts,
  insertBigEntries,
  insertBigUsers,
  listSlowParts,
  updateBigAccount,
  updateXactOffset,
} from './big.sql.ts'

/** One account with a year of so many entries; its user has no other, and both have this id. */
export interface SizedAccount {
  id: string
  entries: number
}

export interface BigSize {
  large: SizedAccount
  small: SizedAccount
}

/** The year that all entries count in. */
export const year = {
  from: '2025-01-01T00:00:00.000000Z' as Instant,
  to: '2026-01-01T00:00:00.000000Z' as Instant,
}

/** The small account is a hundredth of the large one, in a book that is only tried a tenth. */
export function bigSizeOf(entries: number): BigSize {
  const share = entries >= keptFrom ? 100 : 10
  return {
    large: { id: 'large', entries },
    small: { id: 'small', entries: Math.ceil(entries / share) },
  }
}

/** The time of the n-th entry of an account, counted from 0. */
export function timeOfEntry(n: number, { entries }: SizedAccount): string {
  const [from, to] = [Date.parse(year.from), Date.parse(year.to)]
  return new Date(from + ((to - from) * n) / entries).toISOString()
}

export interface BigBookOptions extends BenchDatabaseOptions {
  size: BigSize
  print(line: string): void
}

// A smaller book is made in a moment, and dropped in the end.
const keptFrom = 1_000_000
const chunkEntries = 1_000_000
// Counts up when big.sql fills the book otherwise.
const version = 1

/** The book with the large account; one that takes long to make is kept for the next run. */
export async function openBigBook(
  server: ConnectionSettings,
  { size, print, ...options }: BigBookOptions,
): Promise<BenchDatabase> {
  const fill = async (pool: Pool) => {
    const startedAt = performance.now()
    print(`Making a book of ${size.large.entries.toLocaleString('en')} entries …`)
    await pool.withClient((client) => fillBook(client, size, print))
    print(`  done in ${Math.round((performance.now() - startedAt) / 1000)} s`)
  }
  if (size.large.entries >= keptFrom) {
    const shape = await describeShape(size, options.migrations)
    return openKeptDatabase(server, { ...options, shape, fill })
  }
  const database = await newBenchDatabase(server, options)
  try {
    await fill(database.pool)
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}

async function describeShape(size: BigSize, migrations: string): Promise<string> {
  const digest = createHash('sha256')
  for (const name of await listMigrations(migrations)) {
    digest.update(await readFile(join(migrations, name)))
  }
  return `${JSON.stringify({ version, ...size })} ${digest.digest('hex')}`
}

async function fillBook(client: Executor, size: BigSize, print: (line: string) => void) {
  const run = (text: string) => client.query({ text, values: [] })
  await run("set maintenance_work_mem = '1GB'")
  await run("set work_mem = '256MB'")
  const parts = await listSlowParts(client)
  for (const { drop } of parts) await run(drop)
  const accounts = [size.large, size.small]
  const ids = accounts.map(({ id }) => id)
  await insertBigUsers(client, { ids })
  await insertBigAccounts(client, { ids })
  let xactNo = 1n
  for (const [index, account] of accounts.entries()) {
    await insertAccountEntries(client, account, { idPrefix: idPrefixOf(index), xactNo })
    print(`  ${account.entries.toLocaleString('en')} entries of one account`)
    xactNo += BigInt(account.entries)
  }
  await updateXactOffset(client, { xact_offset: xactNo })
  for (const { make } of parts.reverse()) await run(make)
  await finishBook(client)
}

const idPrefixOf = (index: number) => `01940000-0000-7000-8${index}00-`

async function insertAccountEntries(
  client: Executor,
  { id, entries }: SizedAccount,
  { idPrefix, xactNo }: { idPrefix: string; xactNo: bigint },
): Promise<void> {
  const count = BigInt(entries)
  let balance = 0n
  for (let first = 0; first < entries; first += chunkEntries) {
    const last = BigInt(Math.min(first + chunkEntries, entries) - 1)
    const part = { ...year, first: BigInt(first), last, count, xact_no: xactNo, balance }
    ;({ balance } = await insertBigEntries(client, {
      ...part,
      account_id: id,
      id_prefix: idPrefix,
    }))
  }
  await updateBigAccount(client, { id, balance, entry_no: count })
}
