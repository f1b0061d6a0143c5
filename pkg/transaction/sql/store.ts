import type { Pool } from '../../../internal/postgres/pool'
import { lookupLimits, newLookup } from '../../../internal/lookup/lookup'
import type { Ids } from '../../../internal/id/id'
import type { Transaction, TransactionPosition, TransactionStore } from '../transaction'
import { newGroupPoster, type PostOptions } from './post'
import { newRollUpStore } from './rollup'
import { toTransaction } from './row'
import { listTransactionsByAccount, listTransactionsByIds } from './transaction.sql.ts'

export interface TransactionStoreDeps {
  /** For reading. */
  pool: Pool
  /** For group commits alone, so that readers cannot keep them waiting; pipelined. */
  lanes: Pool
  ids: Ids
  options: PostOptions
}

// The first page begins above every row there is.
const newest: TransactionPosition = {
  effectiveAt: 'infinity' as TransactionPosition['effectiveAt'],
  id: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
}

export function newTransactionStore({
  pool,
  lanes,
  ids,
  options,
}: TransactionStoreDeps): TransactionStore {
  const load = async (wanted: string[]) => {
    const rows = await listTransactionsByIds(pool, { ids: wanted })
    return new Map(rows.map((row) => [row.id, toTransaction(row)]))
  }
  const found = newLookup({ load, ...lookupLimits })
  return {
    post: newGroupPoster(lanes, ids, options),

    find: found.find,

    async listByAccount(accountId, { from, to, after = newest, limit }): Promise<Transaction[]> {
      const rows = await listTransactionsByAccount(pool, {
        account_id: accountId,
        from,
        to,
        before_at: after.effectiveAt,
        before_id: after.id,
        limit: BigInt(limit),
      })
      return rows.map(toTransaction)
    },

    ...newRollUpStore(pool),
  }
}
