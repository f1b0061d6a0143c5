import type { Instant } from '../../../internal/clock/instant'
import type { Decimal } from '../../../internal/money/decimal'
import { withKey, type Ledger } from '../../transaction/app/ledger'
import type {
  CaptureHold,
  ExtendHold,
  OpenHold,
  ReleaseHold,
  Verdict,
} from '../../transaction/instruction'
import { newHoldNotFound, type Hold, type HoldRequest, type HoldStore } from '../hold'

/**
 * Each answers when it is on disk. A refusal is a verdict, not a fault. Faults of all that changes a
 * hold: those of the ledger, and hold.not_found.
 */
export interface HoldApp {
  open(request: HoldRequest): Promise<Verdict>
  get(id: string): Promise<Hold>
  /** Pays a part of it, all that is left when no amount is named. */
  capture(id: string, amount: Decimal | null, key: string | null): Promise<Verdict>
  /** Gives back what is left of it. */
  release(id: string, key: string | null): Promise<Verdict>
  /** Sets another end, or none. */
  extend(id: string, expiresAt: Instant | null, key: string | null): Promise<Verdict>
}

export function newHoldApp({ ledger, holds }: { ledger: Ledger; holds: HoldStore }): HoldApp {
  async function get(id: string): Promise<Hold> {
    const hold = await holds.find(id)
    if (hold) return hold
    throw newHoldNotFound(id)
  }

  /** What of it never changes: enough to know what has to be locked. */
  async function refer(id: string) {
    const { accountId, counterpartyId } = await get(id)
    return { id, accountId, counterpartyId }
  }

  return {
    get,
    open: ({ key, ...request }) =>
      ledger.submitOne(withKey<OpenHold>({ kind: 'open_hold', ...request }, key)),
    async capture(id, amount, key) {
      const hold = await refer(id)
      return ledger.submitOne(withKey<CaptureHold>({ kind: 'capture_hold', hold, amount }, key))
    },
    async release(id, key) {
      const hold = await refer(id)
      return ledger.submitOne(withKey<ReleaseHold>({ kind: 'release_hold', hold }, key))
    },
    async extend(id, expiresAt, key) {
      const hold = await refer(id)
      return ledger.submitOne(withKey<ExtendHold>({ kind: 'extend_hold', hold, expiresAt }, key))
    },
  }
}
