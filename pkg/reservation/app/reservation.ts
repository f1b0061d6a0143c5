import { Fault } from '../../../internal/fault/fault'
import {
  reservationFaults,
  statusOf,
  type LineOf,
  type Reservation,
  type ReservationStore,
  type TroubleQuery,
} from '../reservation'

export interface ReservationApp {
  /**
   * Has what failed for a line asked for again; one that is being asked for anyway stays as it is.
   * Faults: reservation.not_found, reservation.not_failed.
   */
  retry(line: LineOf): Promise<Reservation>
  /** What an operator looks after. */
  listTrouble(query: TroubleQuery): Promise<Reservation[]>
}

export interface ReservationAppDeps {
  reservations: ReservationStore
  /** There is something to do for a worker of this process. */
  nudge?(): void
}

export function newReservationApp({ reservations, nudge }: ReservationAppDeps): ReservationApp {
  return {
    async retry(line) {
      const retried = await reservations.retry(line)
      if (retried) {
        nudge?.()
        return retried
      }
      const found = await reservations.find(line)
      if (found && statusOf(found) === 'pending') return found
      throw found ? notFailed(found) : notFound(line)
    },

    listTrouble: (query) => reservations.listTrouble(query),
  }
}

function notFound({ lineId }: LineOf): Fault {
  const detail = `There is no line "${lineId}" in a cart of yours.`
  return new Fault(reservationFaults.notFound, { detail })
}

function notFailed(reservation: Reservation): Fault {
  const status = statusOf(reservation)
  return new Fault(reservationFaults.notFailed, {
    detail: `It is ${status}: only what has failed can be asked for again.`,
    members: { reservation_status: status },
  })
}
