import type { Pool } from './pool'
import type { Executor } from './query'

export interface SnapshotLimits {
  /** How long whoever takes the rows may pause before the server ends the transaction. */
  idleTimeoutMs: number
}

/**
 * Reads in one REPEATABLE READ, READ ONLY transaction: everything that `read` gives is of one moment,
 * however long it takes. The connection goes back when the last was taken, when the reader is let go
 * (`return()`), or when something fails. Nothing is opened before the first `next()`.
 */
export async function* inSnapshot<T>(
  pool: Pool,
  { idleTimeoutMs }: SnapshotLimits,
  read: (tx: Executor) => AsyncIterable<T>,
): AsyncGenerator<T, void, void> {
  const { client, giveBack } = await borrow(pool)
  try {
    await client.query(command('begin isolation level repeatable read, read only'))
    const limit = `set local idle_in_transaction_session_timeout = ${Math.ceil(idleTimeoutMs)}`
    await client.query(command(limit))
    yield* read(client)
  } finally {
    // Nothing was written, so that it makes no difference whether it is committed.
    await client.query(command('rollback')).catch(() => {})
    await giveBack()
  }
}

function command(text: string) {
  return { text, values: [] }
}

interface Borrowed {
  client: Executor
  giveBack(): Promise<void>
}

/** A connection that is lent until it is given back, not for the length of one call. */
function borrow(pool: Pool): Promise<Borrowed> {
  return new Promise((resolve, reject) => {
    let end = () => {}
    const ended = new Promise<void>((resolve) => (end = resolve))
    const lent = pool.withClient(async (client) => {
      const giveBack = () => {
        end()
        return lent
      }
      resolve({ client, giveBack })
      await ended
    })
    lent.catch(reject)
  })
}
