import { sortObject } from '../../../internal/json/json'
import type { Executor } from '../../../internal/postgres/query'
import { judgedAt, type Hold, type HoldEnd, type HoldStore } from '../hold'
import { findHoldById, type FindHoldByIdRow } from './hold.sql.ts'

export function newHoldStore(db: Executor): HoldStore {
  return {
    async find(id) {
      const row = await findHoldById(db, { id })
      return row && judgedAt(toHold(row), row.now)
    },
  }
}

function toHold(row: FindHoldByIdRow): Hold {
  return {
    id: row.id,
    accountId: row.account_id,
    counterpartyId: row.counterparty_id,
    currency: row.currency,
    amount: row.amount,
    captured: row.captured,
    expiresAt: row.expires_at,
    createdAt: row.created_at,
    closedAt: row.closed_at,
    closedAs: row.closed_as as HoldEnd | null,
    description: row.description,
    metadata: sortObject(row.metadata),
  }
}
