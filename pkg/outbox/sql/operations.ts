import type { Executor } from '../../../internal/postgres/query'
import type { OutboxOperations, StoredMessage } from '../operations'
import {
  discardOutboxMessages,
  listOutboxMessages,
  replayOutboxMessages,
  type ListOutboxMessagesRow,
} from './operate.sql.ts'

export function newOutboxOperations(db: Executor): OutboxOperations {
  return {
    async list({ state, ids, from = null, to = null, limit }) {
      const rows = await listOutboxMessages(db, {
        ...{ state, from, to, limit: BigInt(limit) },
        has_ids: ids !== undefined,
        ids: ids ?? [],
      })
      return rows.map(toStored)
    },
    replay: async (ids) => (await replayOutboxMessages(db, { ids })).length,
    discard: async (ids) => (await discardOutboxMessages(db, { ids })).length,
  }
}

function toStored(row: ListOutboxMessagesRow): StoredMessage {
  return {
    id: row.id,
    aggregateType: row.aggregate_type,
    aggregateId: row.aggregate_id,
    aggregateVersion: row.aggregate_version,
    exchange: row.exchange,
    routingKey: row.routing_key,
    type: row.type,
    payload: row.payload,
    headers: row.headers as Record<string, string>,
    attempts: row.attempts,
    lastError: row.last_error,
    createdAt: row.created_at,
    publishedAt: row.published_at,
    parkedAt: row.parked_at,
  }
}
