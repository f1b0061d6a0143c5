/** Closes one thing that was opened. */
export type Closer = () => Promise<unknown> | unknown

export interface Closers {
  /** What opens a resource registers here how it is closed. */
  add(closer: Closer): void
  /**
   * Closes everything once, the last opened first. A closer that fails does not keep the others from
   * closing; the first failure is thrown in the end.
   */
  close(): Promise<void>
}

export function newClosers(): Closers {
  const closers: Closer[] = []
  let closing: Promise<void> | undefined
  const closeAll = async (): Promise<void> => {
    const failures: unknown[] = []
    for (let closer = closers.pop(); closer; closer = closers.pop()) {
      await Promise.resolve()
        .then(closer)
        .catch((error: unknown) => failures.push(error))
    }
    if (failures.length > 0) throw failures[0]
  }
  return {
    add: (closer) => void closers.push(closer),
    close: () => (closing ??= closeAll()),
  }
}
