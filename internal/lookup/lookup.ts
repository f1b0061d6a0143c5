/**
 * Looks up by key, many keys at once: what is asked for while a look-up is under way goes into the next
 * one. Nobody waits for a timer: alone, a key goes out at once; under load one round trip answers many.
 */
export interface Lookup<Value> {
  /** Undefined when there is none. What comes back was read after the call. */
  find(key: string): Promise<Value | undefined>
}

export interface LookupOptions<Value> {
  /** Reads the values of the keys, each of which is there once; what is missing is left out. */
  load(keys: string[]): Promise<ReadonlyMap<string, Value>>
  /** Look-ups under way at once. */
  lanes: number
  /** In one look-up. */
  keysMax: number
}

/** For rows that are found by their primary key: one look-up waits for the server while another is made. */
export const lookupLimits = { lanes: 2, keysMax: 100 }

interface Asked<Value> {
  resolve(value: Value | undefined): void
  reject(error: unknown): void
}

export function newLookup<Value>({ load, lanes, keysMax }: LookupOptions<Value>): Lookup<Value> {
  /** Who waits for each key, in the order in which keys were first asked for. */
  let waiting = new Map<string, Asked<Value>[]>()
  let lanesFree = lanes
  let isScheduled = false

  // setImmediate, because requests that are read from many sockets arrive in one turn of the loop.
  function schedule(): void {
    if (isScheduled || lanesFree === 0) return
    isScheduled = true
    setImmediate(() => {
      isScheduled = false
      while (lanesFree > 0 && waiting.size > 0) void runLane(take())
    })
  }

  function take(): Map<string, Asked<Value>[]> {
    const all = waiting
    if (all.size <= keysMax) {
      waiting = new Map()
      return all
    }
    const first = new Map([...all].slice(0, keysMax))
    for (const key of first.keys()) all.delete(key)
    return first
  }

  async function runLane(asked: Map<string, Asked<Value>[]>): Promise<void> {
    lanesFree -= 1
    try {
      const values = await load([...asked.keys()])
      for (const [key, callers] of asked) {
        for (const { resolve } of callers) resolve(values.get(key))
      }
    } catch (error) {
      for (const callers of asked.values()) for (const { reject } of callers) reject(error)
    }
    lanesFree += 1
    if (waiting.size > 0) schedule()
  }

  return {
    find: (key) =>
      new Promise((resolve, reject) => {
        const callers = waiting.get(key)
        if (callers) callers.push({ resolve, reject })
        else waiting.set(key, [{ resolve, reject }])
        schedule()
      }),
  }
}
