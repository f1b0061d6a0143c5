import { writeFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { DatabaseConfig } from '../config/config'
import type { Log } from '../internal/log/log'
import type { ConnectionSettings } from '../internal/postgres/connection'
import { openDatabase } from '../internal/postgres/database'
import type { BenchOptions } from './arguments'
import { bigSizeOf, openBigBook } from './big/book'
import { newLatencyCase } from './big/latency'
import { newStreamCase } from './big/memory'
import { measureBigRound, type BigCases } from './big/round'
import { dropLeftovers, newBenchDatabase, type BenchDatabase } from './data/database'
import { countUnbalancedAccounts, findSession, readServer } from './data/data.sql.ts'
import { fillDatabase } from './data/fill'
import { chart } from './report/chart'
import { figuresOf } from './report/figure'
import { describeRun } from './report/machine'
import { figureLines, markdown } from './report/markdown'
import type { BenchResult, VerificationCase } from './report/result'
import { summarise } from './report/summary'
import { measureRound, newCases } from './round'
import { findPostmaster } from './usage'
import { measureVerification } from './verification'

export interface BenchDeps {
  database: DatabaseConfig['database']
  /** The file of this program, which serves the stores, too. */
  program: string
  commandLine: string
  log: Log
  print(line: string): void
}

// Not under version control, and gone with `make clean`.
const tryFolder = 'bin/bench'
const migrations = 'migrations'
// In the end there are millions of transactions, and each time all of them are read.
const verifiedMax = 3

/** Measures everything, prints what came out and writes it down. */
export async function run(options: BenchOptions, deps: BenchDeps): Promise<void> {
  const server = await openDatabase(deps.database, deps.print)
  await dropLeftovers(server.url)
  const database = await newBenchDatabase(server, { log: deps.log, migrations })
  const bench: Bench = { ...deps, options, server, database }
  try {
    const result = await measureAll(bench)
    deps.print('')
    for (const line of figureLines(result.figures)) deps.print(line)
    deps.print(`\nWritten: ${(await write(result, folderOf(options))).join(', ')}`)
  } finally {
    await database.close()
  }
}

interface Bench extends Omit<BenchDeps, 'database'> {
  options: BenchOptions
  server: ConnectionSettings
  database: BenchDatabase
}

async function measureAll(bench: Bench): Promise<BenchResult> {
  const { options, commandLine, database, print } = bench
  const { pool } = database
  print('Filling the database …')
  await pool.withClient(fillDatabase)
  const { cases, big } = await measureRounds(bench)
  const verification = options.withVerification ? await verify(bench) : null
  const { accounts } = await countUnbalancedAccounts(pool)
  if (accounts > 0n) throw new Error(`${accounts} balances are not the sum of their transactions`)
  const { latencies, stream } = big
  const measured = { cases: cases.map(summarise), latencies, stream, verification }
  return {
    ...describeRun(options, commandLine),
    postgres: await readServer(pool),
    figures: figuresOf(measured),
    ...measured,
  }
}

/** In each round everything is measured once, on either book. */
async function measureRounds(bench: Bench) {
  const { options, database, print, program } = bench
  const { pool, url: databaseUrl } = database
  const profileFolder = options.profile ? tryFolder : undefined
  const postmasterPid = findPostmaster((await findSession(pool)).pid)
  const deps = { program, profileFolder, postmasterPid, print }
  const size = bigSizeOf(options.bigEntries)
  const cases = newCases(options.routes)
  const big: BigCases = {
    routes: options.latencyRoutes,
    latencies: options.latencyRoutes.map((route) => newLatencyCase(route, size)),
    stream: options.withStream ? newStreamCase(size.large) : null,
  }
  const isBig = big.routes.length > 0 || big.stream !== null
  const book = isBig ? await openBigBook(bench.server, { ...bench, migrations, size }) : undefined
  try {
    for (let round = 1; round <= options.iterations; round++) {
      print(`\nRound ${round} of ${options.iterations}`)
      await measureRound(cases, options, { ...deps, pool, databaseUrl })
      if (book) await measureBigRound(big, { ...deps, databaseUrl: book.url, size })
    }
  } finally {
    await book?.close()
  }
  return { cases, big }
}

async function verify({ options, database, print }: Bench): Promise<VerificationCase> {
  print('\nVerifying what was posted …')
  const { pool, url: databaseUrl } = database
  return measureVerification({ pool, databaseUrl }, Math.min(options.iterations, verifiedMax))
}

function folderOf({ save }: BenchOptions): string {
  return save ? 'bench/results' : tryFolder
}

async function write(result: BenchResult, folder: string): Promise<string[]> {
  const files = {
    'latest.json': `${JSON.stringify(result, null, 2)}\n`,
    'latest.md': markdown(result),
    'latest.svg': chart(result),
  }
  await mkdir(folder, { recursive: true })
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return Object.keys(files).map((name) => join(folder, name))
}
