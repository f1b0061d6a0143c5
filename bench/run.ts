import { writeFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { DatabaseConfig } from '../config/config'
import type { Log } from '../internal/log/log'
import { openDatabase } from '../internal/postgres/database'
import type { BenchOptions } from './arguments'
import { newBenchDatabase, type BenchDatabase } from './data/database'
import { countUnbalancedAccounts, readServer } from './data/data.sql.ts'
import { fillDatabase } from './data/fill'
import { chart } from './report/chart'
import { describeRun } from './report/machine'
import { markdown, ratioTable } from './report/markdown'
import type { BenchResult } from './report/result'
import { ratiosOf, summarise } from './report/summary'
import { measureRounds } from './round'

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

/** Measures everything, prints what came out and writes it down. */
export async function run(options: BenchOptions, deps: BenchDeps): Promise<void> {
  const server = await openDatabase(deps.database, deps.print)
  const database = await newBenchDatabase(server, { log: deps.log, migrations: 'migrations' })
  try {
    const result = await measureAll(options, deps, database)
    deps.print('')
    for (const line of ratioTable(result.ratios)) deps.print(line)
    deps.print(`\nWritten: ${(await write(result, folderOf(options))).join(', ')}`)
  } finally {
    await database.close()
  }
}

async function measureAll(
  options: BenchOptions,
  { program, commandLine, print }: BenchDeps,
  { url, pool }: BenchDatabase,
): Promise<BenchResult> {
  print('Filling the database …')
  await pool.withClient(fillDatabase)
  const execArgv = options.profile ? ['--cpu-prof', `--cpu-prof-dir=${tryFolder}`] : []
  const cases = await measureRounds(options, { program, databaseUrl: url, execArgv, print })
  const { accounts } = await countUnbalancedAccounts(pool)
  if (accounts > 0n) throw new Error(`${accounts} balances are not the sum of their transactions`)
  const summaries = cases.map(summarise)
  return {
    ...describeRun(options, commandLine),
    postgres: await readServer(pool),
    cases: summaries,
    ratios: ratiosOf(summaries),
  }
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
