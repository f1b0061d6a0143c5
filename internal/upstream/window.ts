import { CircuitState, type IBreaker } from 'cockatiel'

export interface WindowOptions {
  windowMs: number
  /** Fewer calls than that within the window prove nothing. */
  callsMin: number
  /** The share of failed calls, from 0 to 1, at which the circuit opens. */
  failureShare: number
  /** Milliseconds that never go backwards. */
  now(): number
}

interface Slot {
  number: number
  calls: number
  failures: number
}

const slotsPerWindow = 10

/**
 * When a circuit is to open: at so large a share of failures among the calls of the last seconds. The
 * library's own SamplingBreaker moves its window on by one slot per call, so that after a quiet hour it
 * still counts the failures before it.
 */
export function newFailureWindow(options: WindowOptions): IBreaker {
  const { windowMs, callsMin, failureShare, now } = options
  let slots: Slot[] = []

  function record(failures: 0 | 1): void {
    const number = Math.floor((now() * slotsPerWindow) / windowMs)
    slots = slots.filter((slot) => slot.number > number - slotsPerWindow)
    const last = slots.at(-1)
    if (last?.number !== number) slots.push({ number, calls: 1, failures })
    else {
      last.calls += 1
      last.failures += failures
    }
  }

  return {
    // Nothing to keep beyond the process.
    state: undefined,
    success(state) {
      if (state === CircuitState.HalfOpen) slots = []
      record(0)
    },
    failure() {
      record(1)
      const calls = slots.reduce((sum, slot) => sum + slot.calls, 0)
      const failures = slots.reduce((sum, slot) => sum + slot.failures, 0)
      const isBroken = calls >= callsMin && failures >= failureShare * calls
      // Begins anew, so that calls from before, which fail later, do not open it a second time.
      if (isBroken) slots = []
      return isBroken
    },
  }
}
