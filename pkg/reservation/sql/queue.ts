import type { Executor } from '../../../internal/postgres/query'
import type { Taken } from '../drive'
import type { ReservationQueue } from '../queue'
import type { Actual, Desired } from '../reservation'
import {
  claimReservations,
  renewReservations,
  settleReservation,
  type ClaimReservationsRow,
} from './reservation.sql.ts'

/** As the table has it. */
const errorLengthMax = 1000

export function newReservationQueue(db: Executor, leaseMs: number): ReservationQueue {
  const lease_ms = BigInt(leaseMs)
  return {
    async claim(token, limit) {
      const params = { lease_token: token, limit: BigInt(limit), lease_ms }
      return (await claimReservations(db, params)).map(toTaken)
    },

    async renew(token, ids) {
      const rows = await renewReservations(db, { lease_token: token, ids, lease_ms })
      return rows.map(({ id }) => id)
    },

    async settle({ id, desired }, token, next) {
      const row = await settleReservation(db, {
        id,
        desired,
        lease_token: token,
        external_id: next.externalId,
        actual: next.actual,
        attempts: next.attempts,
        last_error: next.lastError?.slice(0, errorLengthMax) ?? null,
        in_ms: next.inMs === null ? null : BigInt(next.inMs),
      })
      if (!row) return 'lost'
      return row.is_wish_changed ? 'changed' : 'written'
    },
  }
}

function toTaken(row: ClaimReservationsRow): Taken {
  return {
    id: row.id,
    item: row.item,
    desired: row.desired as Desired,
    actual: row.actual as Actual,
    externalId: row.external_id,
    attempts: row.attempts,
    traceparent: row.traceparent,
  }
}
