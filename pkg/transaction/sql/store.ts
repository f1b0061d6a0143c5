import type { Pool } from '../../../internal/postgres/pool'
import { lookupLimits, newLookup } from '../../../internal/lookup/lookup'
import type { Ids } from '../../../internal/id/id'
import type { Period, Transaction, TransactionPosition, TransactionStore } from '../transaction'
import { newGroupPoster, type PostOptions } from './post'
import { newRollUpStore } from './rollup'
import { toTransaction } from './row'
import {
  findCounterside,
  listTransactionsByAccount,
  listTransactionsByIds,
} from './transaction.sql.ts'

export interface TransactionStoreDeps {
  /** For reading. */
  pool: Pool
  /** For group commits alone, so that readers cannot keep them waiting; pipelined. */
  lanes: Pool
  ids: Ids
  options: PostOptions
}

/** Above every row that counts at `to` or before, above every row there is when there is no end. */
function above(to: Period['to']): TransactionPosition {
  const effectiveAt = to ?? ('infinity' as TransactionPosition['effectiveAt'])
  return { effectiveAt, id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }
}

/** The row of the page before, unless it lies above the end of the period. */
function startOf(after: TransactionPosition | undefined, to: Period['to']): TransactionPosition {
  return after && (to === null || after.effectiveAt <= to) ? after : above(to)
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
    ...newGroupPoster(lanes, ids, options),

    find: found.find,

    async findCounterside(id) {
      const row = await findCounterside(pool, { id })
      return row && toTransaction(row)
    },

    async listByAccount(accountId, { from, to, after, limit }): Promise<Transaction[]> {
      const before = startOf(after, to)
      const rows = await listTransactionsByAccount(pool, {
        account_id: accountId,
        from,
        before_at: before.effectiveAt,
        before_id: before.id,
        limit: BigInt(limit),
      })
      return rows.map(toTransaction)
    },

    ...newRollUpStore(pool),
  }
}
