import { setTimeout as sleep } from 'node:timers/promises'
import type { RetryBudget } from './retry-budget'

export interface BackoffOptions {
  /** The longest pause before the first retry; it doubles from one to the next. */
  baseMs: number
  capMs: number
}

/** A pause of any length up to the bound ("full jitter"), so that those who failed together part. */
export function backoffMs(
  retry: number,
  { baseMs, capMs }: BackoffOptions,
  random: () => number,
): number {
  return random() * Math.min(capMs, baseMs * 2 ** (retry - 1))
}

/** What came of one try, for the rule of retries. */
export type Result<T> = { value: T } | { error: unknown }

/** A failure that another try may mend, and how long the service asks to wait; 'none' tells nothing of it. */
export type Verdict = 'success' | 'none' | { retryAfterMs: number }

export interface Repetition<T> {
  /** `deadlineMs` is when the time for all tries is over. */
  once(deadlineMs: number): Promise<T>
  judge(result: Result<T>): Verdict
  retriesMax: number
  backoff: BackoffOptions
  budget: RetryBudget
  /** For all tries together, pauses included. */
  budgetMs: number
  signal: AbortSignal | undefined
  onRetry(): void
  now(): number
  random(): number
}

/** Tries until it succeeds, or nothing is gained by another try, or there is no time or budget for one. */
export async function repeat<T>(repetition: Repetition<T>): Promise<T> {
  const { once, budgetMs, signal, onRetry, now } = repetition
  const deadlineMs = now() + budgetMs
  for (let retry = 1; ; retry++) {
    const result = await settle(once(deadlineMs))
    const pauseMs = pauseBefore(retry, result, repetition)
    if (pauseMs === undefined || now() + pauseMs >= deadlineMs) return unwrap(result)
    await pause(pauseMs, signal)
    onRetry()
  }
}

/** How long to wait before that retry; undefined when there shall be none. Counts for the budget. */
function pauseBefore<T>(
  retry: number,
  result: Result<T>,
  { judge, budget, retriesMax, backoff, random }: Repetition<T>,
): number | undefined {
  const verdict = judge(result)
  if (verdict === 'none') return undefined
  if (verdict === 'success') return void budget.succeeded()
  budget.failed()
  if (retry > retriesMax || !budget.allows()) return undefined
  return Math.max(verdict.retryAfterMs, backoffMs(retry, backoff, random))
}

/** Makes a value of what was thrown, and `unwrap` throws it again. */
export function settle<T>(work: Promise<T>): Promise<Result<T>> {
  return work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
}

export function unwrap<T>(result: Result<T>): T {
  if ('error' in result) throw result.error
  return result.value
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => signal?.throwIfAborted())
}
