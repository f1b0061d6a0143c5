import type { Instant } from '../../../internal/clock/instant'
import { sortObject } from '../../../internal/json/json'
import type { Pool } from '../../../internal/postgres/pool'
import type { Executor } from '../../../internal/postgres/query'
import { inSnapshot, type SnapshotLimits } from '../../../internal/postgres/snapshot'
import type { Period, Transaction } from '../../transaction/transaction'
import type { StatementOpening, StatementStore } from '../statement'
import {
  findStatementOpening,
  listStatementEntries,
  type ListStatementEntriesRow,
} from './statement.sql.ts'

export interface StatementStoreDeps {
  /** A pool of its own: each statement holds a connection for as long as its reader takes. */
  pool: Pool
  limits: SnapshotLimits
}

export function newStatementStore({ pool, limits }: StatementStoreDeps): StatementStore {
  return {
    read: (accountId, period) => inSnapshot(pool, limits, (tx) => readPages(tx, accountId, period)),
  }
}

// Below every id there is: they are UUIDs of version 7.
const lowestId = '00000000-0000-0000-0000-000000000000'

async function* readPages(tx: Executor, accountId: string, { from, to }: Period) {
  const row = await findStatementOpening(tx, { account_id: accountId, from })
  if (!row) return
  const opening: StatementOpening = {
    accountId: row.id,
    currency: row.currency,
    ...{ from, to },
    openingBalance: BigInt(row.opening_balance),
  }
  let after = { effectiveAt: from ?? ('-infinity' as Instant), id: lowestId }
  for (let isFirst = true; ; isFirst = false) {
    const rows = await listStatementEntries(tx, {
      ...{ account_id: accountId, to },
      after_at: after.effectiveAt,
      after_id: after.id,
    })
    const entries = rows.map(toTransaction)
    if (entries.length > 0 || isFirst) yield { opening, entries }
    const last = entries.at(-1)
    if (!last) return
    after = last
  }
}

function toTransaction(row: ListStatementEntriesRow): Transaction {
  return {
    id: row.id,
    accountId: row.account_id,
    currency: row.currency,
    amount: row.amount,
    balanceAfter: row.balance_after,
    counterpartyId: row.counterparty_id,
    description: row.description,
    metadata: sortObject(row.metadata),
    effectiveAt: row.effective_at,
    createdAt: row.created_at,
    reversesId: row.reverses_id,
    holdId: row.hold_id,
  }
}
