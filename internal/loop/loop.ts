export interface LoopOptions {
  /** One bounded step of the work; answers whether there is more to do right away. */
  step(): Promise<boolean>
  /** Pause when there is nothing to do. */
  intervalMs: number
  /** The share of its time that it may work, from above 0 to 1: pauses are as long as that needs. */
  shareMax: number
  /** Told of each failure; the loop goes on. */
  onError(error: unknown): void
}

export interface Loop {
  /** There may be something to do: ends a pause that is there because there was nothing. */
  nudge(): void
  /** Begins no further step, and waits for the one that is under way. */
  stop(): Promise<void>
}

/** Repeats a piece of background work, one step at a time, until it is stopped. */
export function startLoop(options: LoopOptions): Loop {
  let isStopped = false
  let isNudged = false
  let isIdle = false
  let wake = (): void => {}
  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  async function run(): Promise<void> {
    while (!isStopped) {
      isNudged = false
      const { more, failed, tookMs } = await attempt(options)
      if (isStopped) return
      const restMs = tookMs * (1 / options.shareMax - 1)
      const goesOn = more || (isNudged && !failed)
      // What failed is given its time: whoever nudges does not know that it did.
      isIdle = !goesOn && !failed
      await pause(goesOn ? restMs : Math.max(options.intervalMs, restMs))
      isIdle = false
    }
  }

  const ended = run()
  return {
    nudge() {
      isNudged = true
      if (isIdle) wake()
    },
    stop() {
      isStopped = true
      wake()
      return ended
    },
  }
}

interface Attempt {
  more: boolean
  failed: boolean
  tookMs: number
}

async function attempt({ step, onError }: LoopOptions): Promise<Attempt> {
  const begin = performance.now()
  try {
    return { more: await step(), failed: false, tookMs: performance.now() - begin }
  } catch (error) {
    onError(error)
    return { more: false, failed: true, tookMs: performance.now() - begin }
  }
}
