import {
  circuitBreaker,
  CircuitState,
  DelegateBackoff,
  handleWhen,
  isBrokenCircuitError,
} from 'cockatiel'
import { newFailureWindow, type WindowOptions } from './window'

export type BreakerState = 'closed' | 'open' | 'half_open'

export interface BreakerOptions extends WindowOptions {
  /** How long the service is left alone, a fifth more or less, before one call may try it. */
  openMs: number
  /** Whether an error tells against the service; 'unknown' when it tells nothing at all. */
  judge(error: unknown): 'failure' | 'answer' | 'unknown'
  /** Thrown at once while the circuit is open, and while the one call that tries it is under way. */
  refusal(): Error
  onChange(state: BreakerState): void
  random(): number
}

export interface Breaker {
  run<T>(work: () => Promise<T>): Promise<T>
  state(): BreakerState
}

/** Stops asking a service that fails anyway, and asks again with one call at a time. */
export function newBreaker(options: BreakerOptions): Breaker {
  const { openMs, judge, refusal, onChange, random } = options
  const policy = circuitBreaker(handleWhen(tellsAgainst), {
    breaker: newFailureWindow(options),
    halfOpenAfter: new DelegateBackoff(() => openMs * (0.8 + 0.4 * random())),
  })
  policy.onStateChange((state) => onChange(nameOf(state)))

  /** A probe that its caller gave up has proven nothing, and the library would close the circuit. */
  function tellsAgainst(error: unknown): boolean {
    const verdict = judge(error)
    return verdict === 'failure' || (verdict === 'unknown' && isProbing())
  }

  function isProbing(): boolean {
    return policy.state === CircuitState.HalfOpen
  }

  return {
    async run(work) {
      // The library would let all others wait for the probe, which may take as long as a time-out.
      if (isProbing()) throw refusal()
      try {
        return await policy.execute(work)
      } catch (error) {
        throw isBrokenCircuitError(error) ? refusal() : error
      }
    },
    state: () => nameOf(policy.state),
  }
}

function nameOf(state: CircuitState): BreakerState {
  if (state === CircuitState.Closed) return 'closed'
  return state === CircuitState.HalfOpen ? 'half_open' : 'open'
}
