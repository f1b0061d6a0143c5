import { sortObject } from '../../../internal/json/json'
import type { Executor } from '../../../internal/postgres/query'
import type { Movement } from '../../transaction/transaction'
import type { EventStore, LedgerEvent } from '../event'
import { findLastPosition, listEvents, type ListEventsRow } from './event.sql.ts'

export function newEventStore(db: Executor): EventStore {
  return {
    async list(after, limit) {
      const rows = await listEvents(db, {
        after_xact_no: after.xactNo,
        after_id: after.id,
        limit: BigInt(limit),
      })
      const [first] = rows
      if (!first) throw new Error('xact_epoch has lost its row')
      return { events: rows.filter(isEvent).map(toEvent), horizon: first.horizon }
    },

    async findLast() {
      const row = await findLastPosition(db, undefined)
      return row && { xactNo: row.xact_no, id: row.id }
    },
  }
}

type EventRow = ListEventsRow & { id: string }

/** Not the lone row that tells the horizon when there is nothing. */
function isEvent(row: ListEventsRow): row is EventRow {
  return row.id !== null
}

function toEvent(row: EventRow): LedgerEvent {
  return { position: { xactNo: row.xact_no, id: row.id }, transaction: toMovement(row) }
}

function toMovement(row: EventRow): Movement {
  return {
    id: row.id,
    accountId: row.account_id,
    currency: row.currency,
    amount: row.amount,
    balanceAfter: row.balance_after,
    entryNo: row.entry_no,
    counterpartyId: row.counterparty_id,
    counterpartyBalanceAfter: row.counterparty_balance_after,
    counterpartyEntryNo: row.counterparty_entry_no,
    description: row.description,
    metadata: sortObject(row.metadata),
    effectiveAt: row.effective_at,
    createdAt: row.created_at,
    reversesId: row.reverses_id,
    holdId: row.hold_id,
  }
}
