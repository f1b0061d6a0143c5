import { authFaults } from '../../../internal/auth/fault'
import type { Principal } from '../../../internal/auth/principal'
import { Fault } from '../../../internal/fault/fault'
import type { Ownership } from '../../account/app/ownership'
import { newHoldNotFound, type Hold, type HoldStore } from '../hold'

/** What a caller may see and do of holds. An operator may all, and is not kept waiting by a look-up. */
export interface HoldAccess {
  /** Faults: hold.not_found, also when neither of its accounts is the caller's. */
  assertMaySee(principal: Principal, hold: Hold): Promise<void> | void
  /** For what is up to the one whose money it is. Faults: hold.not_found, auth.forbidden. */
  assertPayer(principal: Principal, id: string): Promise<void> | void
  /** For what is up to the one who is paid. Faults: hold.not_found, auth.forbidden. */
  assertPayee(principal: Principal, id: string): Promise<void> | void
}

export interface HoldAccessDeps {
  ownership: Ownership
  holds: Pick<HoldStore, 'find'>
}

export function newHoldAccess({ ownership, holds }: HoldAccessDeps): HoldAccess {
  /** Whether the caller is the one who pays, and the one who is paid; at least one of both. */
  async function sidesOf(principal: Principal, { id, accountId, counterpartyId }: Hold) {
    const isPayer = await ownership.isOwn(principal, accountId)
    const isPayee = counterpartyId !== null && (await ownership.isOwn(principal, counterpartyId))
    if (!isPayer && !isPayee) throw newHoldNotFound(id)
    return { isPayer, isPayee }
  }

  async function find(id: string): Promise<Hold> {
    const hold = await holds.find(id)
    if (!hold) throw newHoldNotFound(id)
    return hold
  }

  async function assertSide(principal: Principal, id: string, side: 'isPayer' | 'isPayee') {
    const sides = await sidesOf(principal, await find(id))
    if (sides[side]) return
    const who = side === 'isPayer' ? 'whose money it is' : 'whom it pays'
    throw new Fault(authFaults.forbidden, { detail: `This is up to the one ${who}.` })
  }

  /** Done at once for an operator. */
  const unlessOperator = (principal: Principal, check: () => Promise<unknown>) =>
    principal.role === 'operator' ? undefined : check().then(() => {})

  return {
    assertMaySee: (principal, hold) => unlessOperator(principal, () => sidesOf(principal, hold)),
    assertPayer: (principal, id) =>
      unlessOperator(principal, () => assertSide(principal, id, 'isPayer')),
    assertPayee: (principal, id) =>
      unlessOperator(principal, () => assertSide(principal, id, 'isPayee')),
  }
}
