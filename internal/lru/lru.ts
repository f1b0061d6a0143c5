/** A map that forgets what was not asked for the longest, once it holds as many as it may. */
export interface Lru<Value> {
  get(key: string): Value | undefined
  set(key: string, value: Value): void
  delete(key: string): void
  size(): number
}

export function newLru<Value>(entriesMax: number): Lru<Value> {
  // A Map walks its keys in the order in which they were put in.
  const entries = new Map<string, Value>()
  return {
    get(key) {
      const value = entries.get(key)
      if (value === undefined) return undefined
      entries.delete(key)
      entries.set(key, value)
      return value
    },
    set(key, value) {
      entries.delete(key)
      entries.set(key, value)
      if (entries.size <= entriesMax) return
      const [oldest] = entries.keys()
      entries.delete(oldest!)
    },
    delete: (key) => void entries.delete(key),
    size: () => entries.size,
  }
}
