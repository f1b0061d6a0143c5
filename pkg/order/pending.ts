import type { Instant } from '../../internal/clock/instant'
import type { Judgement, Known, Whole } from './lookup'
import type { OrderMessage } from './order'
import { toRefusal } from './place'

/** A pending order in a worker's hands. */
export interface PendingOrder extends Known {
  id: string
  userId: string
  productCode: string
  currency: string
  attempts: number
  createdAt: Instant
  traceparent: string | null
}

/** Who shows the token may write; each write answers false to whoever has lost the order meanwhile. */
export interface Claim {
  id: string
  token: string
}

/** How pending orders are taken up: each by one worker at a time, and by another when that one is gone. */
export interface PendingOrderStore {
  /** Orders that are due, for so long unless it is renewed. */
  claim(claim: { token: string; leaseMs: number; limit: number }): Promise<PendingOrder[]>
  /** The ids that are still the token's. */
  renew(lease: { token: string; ids: string[]; leaseMs: number }): Promise<string[]>
  /** Created, with its message in the same commit. */
  complete(claim: Claim, known: Whole, message: OrderMessage): Promise<boolean>
  /** Tried again after the delay, with what is known by then. */
  postpone(
    claim: Claim,
    known: Known,
    next: { attempts: number; delayMs: number },
  ): Promise<boolean>
  fail(claim: Claim, known: Known, end: { attempts: number; failure: string }): Promise<boolean>
  /** What there is to do, in all processes; each counts to 10,000. */
  count(): Promise<PendingCounts>
}

export interface PendingCounts {
  due: number
  /** 0 when none is due. */
  oldestDueSeconds: number
  /** For their next attempt. */
  waiting: number
  leased: number
}

export interface Persistence {
  attemptsMax: number
  /** The pause after the first attempt is up to so long, and up to twice that with each further one. */
  backoffBaseMs: number
  backoffMsMax: number
  /** Until a service that could not even be asked is asked again. */
  busyMs: number
}

/** What becomes of a pending order after an attempt. */
export type NextStep =
  | { status: 'complete'; whole: Whole }
  | { status: 'postpone'; known: Known; attempts: number; delayMs: number }
  | { status: 'fail'; known: Known; attempts: number; failure: string }

/**
 * `random`: at least 0 and below 1, so that orders which failed together do not come back together. An
 * outage that is known of is no attempt.
 */
export function nextStep(
  order: PendingOrder,
  judgement: Judgement,
  persistence: Persistence,
  random: number,
): NextStep {
  const { attempts } = order
  if (judgement.status === 'created') return { status: 'complete', whole: judgement.whole }
  if (judgement.status === 'refused') {
    const { detail: failure } = toRefusal(order, judgement.unknown)
    return { status: 'fail', known: knownOf(order), attempts, failure }
  }
  const { known, reasons, wasAsked } = judgement
  if (!wasAsked) {
    const delayMs = Math.round(persistence.busyMs * (0.5 + random / 2))
    return { status: 'postpone', known, attempts, delayMs }
  }
  return afterFailure({ known, reasons, attempts: attempts + 1 }, persistence, random)
}

function afterFailure(
  { known, reasons, attempts }: { known: Known; reasons: string[]; attempts: number },
  { attemptsMax, backoffBaseMs, backoffMsMax }: Persistence,
  random: number,
): NextStep {
  if (attempts >= attemptsMax) {
    const failure = `${reasons.join(' ')} It was tried ${attempts} times.`
    return { status: 'fail', known, attempts, failure }
  }
  const ceilingMs = Math.min(backoffMsMax, backoffBaseMs * 2 ** (attempts - 1))
  return { status: 'postpone', known, attempts, delayMs: Math.round(ceilingMs * random) }
}

/** As if it had never been tried, but for what was learnt. */
export function handBack(known: Known, { attempts }: PendingOrder): NextStep {
  return { status: 'postpone', known, attempts, delayMs: 0 }
}

function knownOf({ customer, product }: PendingOrder): Known {
  return { customer, product }
}
