import type { Pool } from '../../../internal/postgres/pool'
import { rollUpLimits, type RollUpLimits, type RollUpOutcome, type RollUpStore } from '../rollup'
import { findBalanceAt, listAccountsToRollUp, listLargestExpenses, rollUp } from './rollup.sql.ts'
import { toTransaction } from './row'

/** The limits are the test's own where it wants small buckets. */
export function newRollUpStore(
  pool: Pool,
  { entriesMin, entriesMax, splitAbove }: RollUpLimits = rollUpLimits,
): RollUpStore {
  return {
    async rollUp(accountId) {
      const { outcome } = await rollUp(pool, {
        account_id: accountId,
        entries_min: entriesMin,
        entries_max: entriesMax,
        split_above: splitAbove,
      })
      return outcome as RollUpOutcome
    },

    async listToRollUp({ afterId, limit }) {
      const page = { after_id: afterId, limit: BigInt(limit), entries_min: entriesMin }
      const rows = await listAccountsToRollUp(pool, page)
      return rows.map((row) => ({ id: row.id, isDue: row.is_due }))
    },

    async findBalanceAt(accountId, at) {
      const row = await findBalanceAt(pool, { account_id: accountId, at })
      return row && BigInt(row.balance)
    },

    async listLargestExpenses(userId, { from, to, currency }) {
      const rows = await listLargestExpenses(pool, { user_id: userId, from, to, currency })
      return rows.map(toTransaction)
    },
  }
}
