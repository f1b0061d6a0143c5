import type { VerifyConfig } from '../../config/config'
import { Fault, type FaultSpec } from '../../internal/fault/fault'
import type { Log } from '../../internal/log/log'
import { openDatabase } from '../../internal/postgres/database'
import { newPool, type Pool } from '../../internal/postgres/pool'
import { requireCurrent } from '../../internal/postgres/schema-check'
import { newProgress, type ProgressStream } from '../../internal/progress/progress'
import { recheck } from '../../pkg/seal/sql/recheck'
import { newSealStore } from '../../pkg/seal/sql/store'
import { newVerificationStore } from '../../pkg/seal/sql/verification'
import type { VerifyArguments } from './arguments'
import { catchUp } from './catch-up'
import { describeRecheck, describeVerification, type Described } from './describe'

export interface VerifyDeps {
  log: Log
  /** The file names of the migrations that the database must have. */
  migrations: readonly string[]
  /** One line of the answer. */
  print(line: string): void
  /** Where the progress is shown. */
  stream: ProgressStream
}

const bookWrong = {
  kind: 'conflict',
  code: 'verification.book_wrong',
  title: 'The book is not right',
} satisfies FaultSpec

// Each statement is made for the book at hand, and has room to sum up its accounts.
const sessionOptions =
  '-c plan_cache_mode=force_custom_plan -c jit=off -c max_parallel_workers_per_gather=0 -c work_mem=64MB'

/** Rechecks the book and prints what it came to. Throws the Fault verification.book_wrong when anything is wrong. */
export async function run(
  config: VerifyConfig,
  args: Omit<VerifyArguments, 'path'>,
  { log, migrations, print, stream }: VerifyDeps,
): Promise<void> {
  const settings = await openDatabase(config.database, print)
  const pool = newPool(settings, log, { program: 'tillbook-verify', sessionOptions })
  const progress = newProgress(stream)
  try {
    await requireCurrent(pool, migrations)
    const described = await verify(pool, args, progress.update)
    progress.close()
    for (const line of described.lines) print(line)
    if (described.wrong > 0) {
      const detail = `the book is not right: ${described.wrong.toLocaleString('en')} findings`
      throw new Fault(bookWrong, { detail })
    }
  } finally {
    progress.close()
    await pool.close()
  }
}

type OnProgress = (progress: { step: string; done: number; total: number }) => void

async function verify(
  pool: Pool,
  { isIncremental, expected }: Omit<VerifyArguments, 'path'>,
  onProgress: OnProgress,
): Promise<Described> {
  const begin = performance.now()
  if (!isIncremental) {
    const result = await recheck(pool, { expected, onProgress })
    return describeRecheck(result, performance.now() - begin)
  }
  const verifications = newVerificationStore({ pool, background: pool })
  await catchUp({ seals: newSealStore({ pool }), verifications, onProgress })
  return describeVerification(await verifications.find(), performance.now() - begin)
}
