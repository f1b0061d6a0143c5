/**
 * Lets work pass in the order in which it comes: together with its neighbours, or alone, when everything
 * before it is over and nothing after it has begun.
 */
export interface Gate {
  together<T>(work: () => Promise<T>): Promise<T>
  alone<T>(work: () => Promise<T>): Promise<T>
}

export function newGate(): Gate {
  /** The last that passes alone. */
  let opened: Promise<unknown> = Promise.resolve()
  /** What came since. */
  const passing = new Set<Promise<unknown>>()
  return {
    together(work) {
      const passed = opened.then(work)
      const settled = passed.then(forget, forget)
      function forget(): void {
        passing.delete(settled)
      }
      passing.add(settled)
      return passed
    },
    alone(work) {
      const passed = Promise.all([opened, ...passing]).then(work)
      opened = passed.catch(() => {})
      passing.clear()
      return passed
    },
  }
}
