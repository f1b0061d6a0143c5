import type { Actual, Desired } from './reservation'
import type { Conflict, FindOutcome, ReleaseOutcome, ReserveOutcome } from './service'

// How a reservation is driven from what it is to what it should be. Pure: the worker makes the calls.

/** A reservation as a worker took it up: `actual` is how far it had come before. */
export interface Taken {
  id: string
  item: string
  desired: Desired
  actual: Actual
  externalId: bigint | null
  attempts: number
  /** W3C trace context of the request that asked for it. */
  traceparent?: string | null
}

/**
 * What to do next: a call to the service, or writing down how far it has come. It is a repeat when another
 * request under the same key may be under way over there.
 */
export type Step =
  | { do: 'find' }
  | { do: 'reserve'; isRepeat: boolean }
  | { do: 'release'; externalId: bigint }
  | { do: 'write'; next: Next }

/** What is written down. */
export interface Next {
  actual: Actual
  externalId: bigint | null
  attempts: number
  lastError: string | null
  /** Until it is due again; null: it is not, for all that is wished now. */
  inMs: number | null
}

export type Called =
  | { call: 'find'; outcome: FindOutcome }
  | { call: 'reserve'; isRepeat: boolean; outcome: ReserveOutcome }
  | { call: 'release'; externalId: bigint; outcome: ReleaseOutcome }

export interface Patience {
  /** Then it has failed. Giving back is never given up. */
  attemptsMax: number
  /** A wait is any length up to this, doubled with each attempt. */
  backoffBaseMs: number
  backoffMsMax: number
  /** While the way to the service is closed. */
  busyMs: number
}

/** From 0 to below 1. */
export type Draw = () => number

/** The first step with a reservation that was just taken up. */
export function firstStep(taken: Taken): Step {
  return taken.desired === 'held' ? stepToHeld(taken) : stepToReleased(taken)
}

function stepToHeld(taken: Taken): Step {
  switch (taken.actual) {
    case 'none':
      return { do: 'reserve', isRepeat: false }
    case 'requesting':
    case 'unknown':
      return { do: 'find' }
    // A wish for what is given back never comes up; if it does, the giving back is seen to its end.
    case 'releasing':
      return { do: 'release', externalId: taken.externalId! }
    case 'held':
    case 'released':
    case 'failed':
      return rest(taken, taken.actual)
  }
}

function stepToReleased(taken: Taken): Step {
  switch (taken.actual) {
    case 'none':
    case 'released':
      return rest(taken, 'released')
    case 'held':
    case 'releasing':
      return { do: 'release', externalId: taken.externalId! }
    case 'requesting':
    case 'unknown':
    // Also what was refused: what failed without an answer stands there as it does.
    case 'failed':
      return { do: 'find' }
  }
}

/** The step after a call. */
export function nextStep(taken: Taken, called: Called, patience: Patience, draw: Draw): Step {
  const { outcome } = called
  switch (outcome.kind) {
    // Also when it should be released: a request that never answered may still be under way over there,
    // and reserve after we looked. Only an answer to the key itself tells what there is to give back.
    case 'absent':
      return { do: 'reserve', isRepeat: false }
    case 'under_way':
    case 'unsupported':
      return { do: 'reserve', isRepeat: true }
    case 'reserved':
      return taken.desired === 'held'
        ? write({ ...clean, actual: 'held', externalId: outcome.externalId })
        : { do: 'release', externalId: outcome.externalId }
    case 'refused':
      return refused(taken, outcome.reason)
    case 'conflict':
      return isRefusal(taken, called, outcome, patience)
        ? refused(taken, outcome.reason)
        : again(taken, { ...called, outcome: { ...outcome, kind: 'unanswered' } }, patience, draw)
    case 'given_back':
      return taken.desired === 'held' && called.call === 'find'
        ? refused(taken, 'The service does not hold it any more.')
        : rest({ externalId: idOf(taken, called) }, 'released')
    case 'unanswered':
    case 'busy':
    case 'cut':
      return again(taken, called, patience, draw)
  }
}

const clean = { attempts: 0, lastError: null, inMs: null }

function rest({ externalId }: Pick<Taken, 'externalId'>, actual: Actual): Step {
  return write({ ...clean, actual, externalId })
}

function refused(taken: Taken, reason: string): Step {
  if (taken.desired === 'released') return rest(taken, 'released')
  return write({ ...clean, actual: 'failed', externalId: null, lastError: reason })
}

/**
 * A conflict with nothing else under way is a no. What should be given back is believed to be none, too,
 * once the service has said so as often as it is asked for anything: no request is under way for that long.
 */
function isRefusal(
  { desired, attempts }: Taken,
  called: Called,
  { retryAfterMs }: Conflict,
  { attemptsMax }: Patience,
): boolean {
  if (desired === 'released' && attempts + 1 >= attemptsMax) return true
  return retryAfterMs === undefined && called.call === 'reserve' && !called.isRepeat
}

/** There is no answer, so another try: soon, later, or never. */
function again(taken: Taken, called: Called, patience: Patience, draw: Draw): Step {
  const { outcome } = called
  const externalId = idOf(taken, called)
  const open = { actual: openAfter(taken, called), externalId, attempts: taken.attempts }
  if (outcome.kind === 'cut')
    return write({ ...open, lastError: 'The call was cut short.', inMs: 0 })
  if (outcome.kind === 'busy') {
    const inMs = Math.round(patience.busyMs * (0.5 + draw() / 2))
    return write({ ...open, lastError: outcome.reason, inMs })
  }
  if (outcome.kind !== 'unanswered') throw new Error(`${outcome.kind} is an answer`)
  const attempts = taken.attempts + 1
  const lastError = outcome.reason
  if (taken.desired === 'held' && attempts >= patience.attemptsMax) {
    return write({ ...open, actual: 'failed', attempts, lastError, inMs: null })
  }
  const inMs = Math.max(backoffMs(taken.attempts, patience, draw), outcome.retryAfterMs ?? 0)
  return write({ ...open, attempts, lastError, inMs })
}

/** Whatever was asked without an answer is open, except that it is known to be held, or was not asked. */
function openAfter(taken: Taken, { call, outcome }: Called): Actual {
  if (call === 'release') return 'releasing'
  return outcome.kind === 'busy' ? taken.actual : 'unknown'
}

function idOf(taken: Taken, called: Called): bigint | null {
  return called.call === 'release' ? called.externalId : taken.externalId
}

/** Any time up to a limit that doubles, so that those who failed together do not come again together. */
export function backoffMs(attempts: number, patience: Patience, draw: Draw): number {
  const { backoffBaseMs, backoffMsMax } = patience
  return Math.round(draw() * Math.min(backoffMsMax, backoffBaseMs * 2 ** Math.min(attempts, 30)))
}

function write(next: Next): Step {
  return { do: 'write', next }
}
