import { Fault } from '../fault/fault'
import type { UpstreamAnswer } from './exchange'
import { upstreamFaultName, type UpstreamFaultName } from './fault'
import type { Result, Verdict } from './retry'

/**
 * What became of a call: `refused` is a 4xx, `aborted` that its caller gave up; the others are the
 * faults of the same names.
 */
export type Outcome = 'ok' | 'refused' | 'aborted' | UpstreamFaultName

export function outcomeOf(result: Result<UpstreamAnswer<unknown>>): Outcome {
  if ('error' in result) return upstreamFaultName(result.error) ?? 'aborted'
  return result.value.status < 400 ? 'ok' : 'refused'
}

/** What another try may mend: these say nothing about the request itself. */
const passing: ReadonlySet<Outcome> = new Set(['timeout', 'unreachable', 'failed'])
const passingStatus = [408, 429]

/** For the retries and their budget. */
export function judgeForRetry(result: Result<UpstreamAnswer<unknown>>): Verdict {
  const outcome = outcomeOf(result)
  if ('value' in result) {
    const { status, retryAfterMs = 0 } = result.value
    return passingStatus.includes(status) ? { retryAfterMs } : 'success'
  }
  if (!passing.has(outcome)) return 'none'
  const { error } = result
  const seconds = error instanceof Fault ? error.retryAfterSeconds : undefined
  return { retryAfterMs: (seconds ?? 0) * 1000 }
}

/**
 * For the breaker. An answer that cannot be used is not counted: it came, and one bad product must
 * not close the way to all others.
 */
export function judgeForBreaker(error: unknown): 'failure' | 'answer' | 'unknown' {
  const outcome = outcomeOf({ error })
  if (passing.has(outcome)) return 'failure'
  return outcome === 'invalid' ? 'answer' : 'unknown'
}
