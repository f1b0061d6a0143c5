/** Lets a bounded number of pieces of work run at once, and a bounded number wait for their turn. */
export interface Limiter {
  /** Throws what `overflow` makes, at once, when as many wait as may. */
  run<Result>(work: () => Promise<Result>): Promise<Result>
  counts(): { inFlight: number; queued: number }
}

export interface LimiterOptions {
  inFlightMax: number
  queueMax: number
  overflow(): Error
}

export function newLimiter({ inFlightMax, queueMax, overflow }: LimiterOptions): Limiter {
  const queue: (() => void)[] = []
  let inFlight = 0

  async function enter(): Promise<void> {
    if (inFlight < inFlightMax) {
      inFlight += 1
      return
    }
    if (queue.length >= queueMax) throw overflow()
    // Whoever leaves hands its place over, so that nobody can slip in between.
    await new Promise<void>((resolve) => queue.push(resolve))
  }

  function leave(): void {
    const next = queue.shift()
    if (next) next()
    else inFlight -= 1
  }

  return {
    async run(work) {
      await enter()
      try {
        return await work()
      } finally {
        leave()
      }
    },
    counts: () => ({ inFlight, queued: queue.length }),
  }
}
