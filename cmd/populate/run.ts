import type { PopulateConfig } from '../../config/config'
import type { Log } from '../../internal/log/log'
import { openDatabase } from '../../internal/postgres/database'
import { newPool } from '../../internal/postgres/pool'
import { requireCurrent } from '../../internal/postgres/schema-check'
import { newProgress, type ProgressStream } from '../../internal/progress/progress'
import { populate, populateIfEmpty, type Populated } from '../../seeds/populate'
import type { PopulateArguments } from './arguments'

export interface PopulateDeps {
  log: Log
  /** The file names of the migrations that the database must have. */
  migrations: readonly string[]
  /** One line of the answer. */
  print(line: string): void
  /** Where the progress is shown. */
  stream: ProgressStream
}

/** Fills the book and says what is in it now. */
export async function run(
  config: PopulateConfig,
  args: Omit<PopulateArguments, 'path'>,
  { log, migrations, print, stream }: PopulateDeps,
): Promise<void> {
  const settings = await openDatabase(config.database, print)
  const pool = newPool(settings, log, { program: 'tillbook-populate', connectionsMax: 1 })
  const progress = newProgress(stream)
  const fill = args.ifEmpty ? populateIfEmpty : populate
  try {
    const populated = await pool.withClient(async (client) => {
      await requireCurrent(client, migrations)
      return fill(client, { ...args, onProgress: progress.update })
    })
    progress.close()
    for (const line of describe(populated)) print(line)
  } finally {
    progress.close()
    await pool.close()
  }
}

function describe(populated: Populated | undefined): string[] {
  if (!populated) return ['The book is in use already: nothing to do.']
  const { users, accounts, transactions, alreadyThere, tryUserId } = populated
  const counts = [
    `${users.toLocaleString('en')} users`,
    `${accounts.toLocaleString('en')} accounts`,
    `${transactions.toLocaleString('en')} transactions`,
  ].join(', ')
  return [
    alreadyThere ? `Nothing to do, they are there already: ${counts}.` : `Filled: ${counts}.`,
    `A user to try: ${tryUserId}`,
  ]
}
