import type { Pool } from './pool'
import type { Executor } from './query'

/**
 * Runs the work in a transaction on one connection, READ COMMITTED unless the `begin` says otherwise;
 * rolls back when it throws.
 */
export function inTransaction<T>(
  pool: Pool,
  work: (tx: Executor) => Promise<T>,
  begin: 'begin' | 'begin isolation level repeatable read' = 'begin',
): Promise<T> {
  return pool.withClient(async (client) => {
    await client.query({ text: begin, values: [] })
    try {
      const result = await work(client)
      await client.query({ text: 'commit', values: [] })
      return result
    } catch (error) {
      await client.query({ text: 'rollback', values: [] }).catch(() => {})
      throw error
    }
  })
}
