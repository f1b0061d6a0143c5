export interface BulkheadOptions {
  inFlightMax: number
  queueMax: number
  queueWaitMsMax: number
  /** Thrown when the queue is full, or was waited in for too long. */
  refusal(): Error
}

/**
 * Bounds what is under way at once, with a short queue, first come, first served. Cockatiel's bulkhead
 * was tried: when one that waits is aborted, those behind it wait for ever, and it knows no longest wait.
 */
export interface Bulkhead {
  run<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T>
  inFlight(): number
  queued(): number
}

export function newBulkhead(options: BulkheadOptions): Bulkhead {
  const { inFlightMax, queueMax, queueWaitMsMax, refusal } = options
  let inFlight = 0
  // Each takes over a place that is free; a Set keeps their order and lets one in the middle leave.
  const waiting = new Set<() => void>()

  async function enter(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    if (inFlight < inFlightMax) inFlight += 1
    else if (waiting.size < queueMax) await waitForPlace(signal)
    else throw refusal()
  }

  function waitForPlace(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (settle: () => void) => {
        waiting.delete(takeOver)
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
        settle()
      }
      const takeOver = () => leave(resolve)
      const onAbort = () => leave(() => reject(signal!.reason as Error))
      const timer = setTimeout(() => leave(() => reject(refusal())), queueWaitMsMax)
      signal?.addEventListener('abort', onAbort, { once: true })
      waiting.add(takeOver)
    })
  }

  /** Hands the place on, so that nobody who comes now can overtake. */
  function exit(): void {
    const [next] = waiting
    if (next) next()
    else inFlight -= 1
  }

  return {
    async run(work, signal) {
      await enter(signal)
      try {
        return await work()
      } finally {
        exit()
      }
    },
    inFlight: () => inFlight,
    queued: () => waiting.size,
  }
}
