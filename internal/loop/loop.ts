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
  /** Begins no further step, and waits for the one that is under way. */
  stop(): Promise<void>
}

/** Repeats a piece of background work, one step at a time, until it is stopped. */
export function startLoop(options: LoopOptions): Loop {
  let isStopped = false
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
      const { more, tookMs } = await attempt(options)
      if (isStopped) return
      const restMs = tookMs * (1 / options.shareMax - 1)
      await pause(more ? restMs : Math.max(options.intervalMs, restMs))
    }
  }

  const ended = run()
  return {
    stop() {
      isStopped = true
      wake()
      return ended
    },
  }
}

async function attempt({ step, onError }: LoopOptions): Promise<{ more: boolean; tookMs: number }> {
  const begin = performance.now()
  try {
    return { more: await step(), tookMs: performance.now() - begin }
  } catch (error) {
    onError(error)
    return { more: false, tookMs: performance.now() - begin }
  }
}
