import type { Pool } from '../../../internal/postgres/pool'
import type { Executor } from '../../../internal/postgres/query'
import { inTransaction } from '../../../internal/postgres/transaction'
import { exportSnapshot } from './recheck.sql.ts'

/**
 * Runs each piece of work on a connection of its own, side by side, all of them looking at one and the
 * same state of the database.
 */
export async function inOneSnapshot(
  pool: Pool,
  work: ((tx: Executor) => Promise<void>)[],
): Promise<void> {
  const [first, ...others] = work
  if (!first) return
  await inTransaction(
    pool,
    async (tx) => {
      const { snapshot } = await exportSnapshot(tx)
      const joined = others.map((one) => joining(pool, snapshot, one))
      // The snapshot is there as long as the transaction that exported it.
      const ended = await Promise.allSettled([first(tx), ...joined])
      const failed = ended.find((one) => one.status === 'rejected')
      if (failed) throw failed.reason
    },
    'begin isolation level repeatable read',
  )
}

function joining(
  pool: Pool,
  snapshot: string,
  work: (tx: Executor) => Promise<void>,
): Promise<void> {
  return inTransaction(
    pool,
    async (tx) => {
      // A setting, for which PostgreSQL takes no parameter; the name is its own, `00000003-0000001B-1`.
      if (!/^[\w-]+$/.test(snapshot)) throw new Error(`no name of a snapshot: ${snapshot}`)
      await tx.query({ text: `set transaction snapshot '${snapshot}'`, values: [] })
      await work(tx)
    },
    'begin isolation level repeatable read',
  )
}
