import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiConfig } from '../../../config/config'
import type { Log } from '../../../internal/log/log'
import type { ConnectionSettings } from '../../../internal/postgres/connection'
import { newPool, type Pool } from '../../../internal/postgres/pool'
import { addLanes } from '../../../pkg/cart/sql/add-group'

// Rows are looked up by index even where a table is so small that a scan would be cheaper: under
// SERIALIZABLE a scan counts as having read every row. And a plan is made once, not for each group.
const plans = ['-c enable_seqscan=off', '-c plan_cache_mode=force_generic_plan']

// Whatever the server's own setting is.
export const cartSession = [...plans, '-c default_transaction_isolation=read\\ committed'].join(' ')

// One by one, too: to join a small table as a whole its index would be read from end to end. And a group that is
// written by one statement is a transaction by itself, which has to be a serializable one.
export const ledgerSession = [
  ...plans,
  '-c enable_hashjoin=off',
  '-c enable_mergejoin=off',
  '-c default_transaction_isolation=serializable',
].join(' ')

// What runs in the background is made for the numbers of rows at hand, and leaves the other processor alone.
const backgroundSession =
  '-c plan_cache_mode=force_custom_plan -c max_parallel_workers_per_gather=0'

export interface Pools {
  /** For reading. */
  pool: Pool
  /** For group commits. */
  lanes: Pool
  /** For what is put into carts by name, together: those who wait for a cart keep nobody else waiting. */
  carts: Pool
  /** For what nobody waits for. */
  background: Pool
  close(): Promise<void>
}

// A statement that runs longer ends with the process: it only reads, or is rolled back.
const backgroundCloseMs = 2000

/** Pools of their own, so that neither readers nor the background can keep a commit waiting. */
export function openPools(
  { ledger, seal }: ApiConfig,
  settings: ConnectionSettings,
  log: Log,
): Pools {
  const pools = {
    pool: newPool(settings, log, { program: 'tillbook-api' }),
    lanes: newPool({ ...settings, lock_timeout_ms: ledger.lock_timeout_ms }, log, {
      program: 'tillbook-api ledger',
      connectionsMax: ledger.lanes,
      pipeline: true,
      sessionOptions: ledgerSession,
    }),
    carts: newPool(settings, log, {
      program: 'tillbook-api cart',
      connectionsMax: addLanes,
      sessionOptions: cartSession,
    }),
    background: newPool({ ...settings, statement_timeout_ms: seal.statement_timeout_ms }, log, {
      program: 'tillbook-api seal',
      connectionsMax: 2,
      sessionOptions: backgroundSession,
    }),
  }
  const close = async () => {
    await withinMs(backgroundCloseMs, pools.background.close())
    await Promise.all([pools.lanes, pools.carts, pools.pool].map((pool) => pool.close()))
  }
  return { ...pools, close }
}

/** Waits for it, but no longer than that. */
export async function withinMs(ms: number, closing: Promise<void>): Promise<void> {
  await Promise.race([closing, sleep(ms, undefined, { ref: false })])
}
