import { Fault } from '../../../internal/fault/fault'
import { sqlState, violates } from '../../../internal/postgres/errors'
import { userFaults } from '../../user/user'
import { noCart, ordered } from '../refusal'

/**
 * Throws unless the cart was locked. `status` is of the snapshot before the wait for the lock: null is
 * no cart of the user, and a cart that was open then and is not locked was ordered meanwhile.
 */
export function assertLocked(id: string, row: { status: string | null; is_locked: boolean }): void {
  if (row.is_locked) return
  throw row.status === null ? noCart(id) : ordered(id)
}

/** user.not_found when a cart was refused because the caller is no user; any other error as it is. */
export function toUserFault(error: unknown): unknown {
  if (!violates(error, sqlState.foreign_key_violation, 'cart_user_fkey')) return error
  return new Fault(userFaults.notFound, { detail: 'The caller is no user.', cause: error })
}
