export interface RetryBudgetOptions {
  /** Full at the start. Retries are off while half of it or less is left. */
  tokensMax: number
  /** What a success gives back. A failure takes one token. */
  perSuccess: number
  /** What comes back by itself, so that few calls an hour do not stay without retries. */
  perSecond: number
  /** Milliseconds that never go backwards. */
  now(): number
}

/**
 * Allows retries as long as they are the exception, as gRPC does (proposal A6): while a service fails
 * for everybody, retries would only multiply what it cannot do.
 */
export interface RetryBudget {
  succeeded(): void
  failed(): void
  allows(): boolean
}

export function newRetryBudget(options: RetryBudgetOptions): RetryBudget {
  const { tokensMax, perSuccess, perSecond, now } = options
  let tokens = tokensMax
  let countedAtMs = now()

  function add(change: number): void {
    const nowMs = now()
    const refilled = tokens + ((nowMs - countedAtMs) / 1000) * perSecond
    countedAtMs = nowMs
    tokens = Math.max(0, Math.min(tokensMax, refilled) + change)
    tokens = Math.min(tokensMax, tokens)
  }

  return {
    succeeded: () => add(perSuccess),
    failed: () => add(-1),
    allows() {
      add(0)
      return tokens > tokensMax / 2
    },
  }
}
