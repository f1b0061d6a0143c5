import type { Executor } from '../../../internal/postgres/query'
import type { Actual, Desired, Reservation, ReservationStore } from '../reservation'
import {
  countReservations,
  findLastReservationChange,
  findReservationByLine,
  listCartReservations,
  listFailedReservations,
  listLeakedReservations,
  listReservationChanges,
  retryReservation,
  type FindReservationByLineRow,
} from './reservation.sql.ts'

export function newReservationStore(db: Executor): ReservationStore {
  return {
    async find({ lineId, userId }) {
      const row = await findReservationByLine(db, { line_id: lineId, user_id: userId ?? null })
      return row && toReservation(row)
    },

    async retry({ lineId, userId }) {
      const row = await retryReservation(db, { line_id: lineId, user_id: userId ?? null })
      return row && toReservation(row)
    },

    async listTrouble({ trouble, afterId, limit }) {
      const list = trouble === 'failed' ? listFailedReservations : listLeakedReservations
      const rows = await list(db, { after_id: afterId ?? null, limit: BigInt(limit) })
      return rows.map(toReservation)
    },

    findLastChange: async () => (await findLastReservationChange(db))?.updated_at,

    async listChanges({ userIds, after, overlapMs, limit }) {
      const rows = await listReservationChanges(db, {
        user_ids: userIds,
        after_updated_at: after.updatedAt,
        after_id: after.id,
        overlap_ms: BigInt(overlapMs),
        limit: BigInt(limit),
      })
      return rows.map(toReservation)
    },

    async listOfCarts({ userId, after, overlapMs, limit }) {
      const rows = await listCartReservations(db, {
        user_id: userId,
        after_updated_at: after ?? null,
        overlap_ms: BigInt(overlapMs),
        limit: BigInt(limit),
      })
      return rows.map(toReservation)
    },

    async count() {
      const row = await countReservations(db)
      return {
        due: Number(row.due),
        oldestDueSeconds: row.oldest_due_seconds,
        waiting: Number(row.waiting),
        leased: Number(row.leased),
        failed: Number(row.failed),
        leaked: Number(row.leaked),
      }
    },
  }
}

/** Every list answers the same columns. */
function toReservation(row: FindReservationByLineRow): Reservation {
  return {
    id: row.id,
    lineId: row.line_id,
    userId: row.user_id,
    item: row.item,
    externalId: row.external_id,
    desired: row.desired as Desired,
    actual: row.actual as Actual,
    attempts: row.attempts,
    lastError: row.last_error,
    nextAt: row.next_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
