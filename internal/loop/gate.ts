/** Where one waits until somebody calls, or for a time. */
export interface Gate {
  /** True when it was called, also before the waiting began; false when the time is over. */
  wait(timeoutMs: number): Promise<boolean>
  /** Waits for the time to be over, whoever calls. */
  pause(timeoutMs: number): Promise<void>
  wake(): void
  /** Ends any waiting, for good. */
  end(): void
  isEnded(): boolean
}

export function newGate(): Gate {
  let called = false
  let ended = false
  let resume = () => {}

  /** Resolves when `resume` is called or the time is over. */
  function sleep(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs)
      resume = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  return {
    async wait(timeoutMs) {
      if (!called && !ended) await sleep(timeoutMs)
      resume = () => {}
      const wasCalled = called
      called = false
      return wasCalled
    },
    async pause(timeoutMs) {
      const until = performance.now() + timeoutMs
      while (!ended && performance.now() < until) await sleep(until - performance.now())
    },
    wake() {
      called = true
      resume()
    },
    end() {
      ended = true
      resume()
    },
    isEnded: () => ended,
  }
}
