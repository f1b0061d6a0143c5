import type { Executor } from '../../../internal/postgres/query'
import type { ClaimedMessage, OutboxMessage, OutboxStore, Settlement } from '../outbox'
import {
  claimOutboxMessages,
  countOutboxMessages,
  deletePublishedOutboxMessages,
  insertOutboxMessages,
  settleOutboxMessages,
  type ClaimOutboxMessagesRow,
} from './outbox.sql.ts'

export function newOutboxStore(db: Executor): OutboxStore {
  return {
    async claim(limit, leaseMs) {
      const rows = await claimOutboxMessages(db, {
        limit: BigInt(limit),
        lease_ms: BigInt(leaseMs),
      })
      // `returning` has no order.
      return rows.map(toClaimed).sort((a, b) => (a.seq < b.seq ? -1 : 1))
    },

    async settle(settlements) {
      if (settlements.length === 0) return []
      const rows = await settleOutboxMessages(db, columnsOf(settlements))
      const settled = new Set(rows.map(({ id }) => id))
      return settlements.filter(({ id }) => settled.has(id))
    },

    async count(countMax) {
      const row = await countOutboxMessages(db, { limit: BigInt(countMax) })
      const { waiting, parked, oldest_seconds } = row
      return {
        waiting: Number(waiting),
        parked: Number(parked),
        oldestSeconds: Math.max(oldest_seconds ?? 0, 0),
      }
    },

    deletePublished: (ageMs, limit) =>
      deletePublishedOutboxMessages(db, { age_ms: BigInt(ageMs), limit: BigInt(limit) }),
  }
}

/** In the transaction `tx` that makes them true: they are gone when it is rolled back. */
export async function insertMessages(
  tx: Executor,
  messages: readonly OutboxMessage[],
): Promise<void> {
  if (messages.length === 0) return
  await insertOutboxMessages(tx, {
    ids: messages.map(({ id }) => id),
    aggregate_types: messages.map(({ aggregateType }) => aggregateType),
    aggregate_ids: messages.map(({ aggregateId }) => aggregateId),
    aggregate_versions: messages.map(({ aggregateVersion }) => aggregateVersion),
    exchanges: messages.map(({ exchange }) => exchange),
    routing_keys: messages.map(({ routingKey }) => routingKey),
    types: messages.map(({ type }) => type),
    payloads: messages.map(({ payload }) => payload),
    headers: messages.map(({ headers }) => JSON.stringify(headers)),
    created_at: messages.map(({ createdAt }) => createdAt),
  })
}

function columnsOf(settlements: readonly Settlement[]) {
  return {
    ids: settlements.map(({ id }) => id),
    claim_nos: settlements.map(({ claimNo }) => claimNo),
    states: settlements.map(({ state }) => state),
    are_attempts: settlements.map(({ isAttempt }) => isAttempt),
    errors: settlements.map(({ error }) => error),
    waits_ms: settlements.map(({ waitMs }) => (waitMs === null ? null : BigInt(waitMs))),
  }
}

function toClaimed(row: ClaimOutboxMessagesRow): ClaimedMessage {
  return {
    seq: row.seq,
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
    claimNo: row.claim_no,
    createdAt: row.created_at,
  }
}
