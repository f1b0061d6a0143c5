import { newLru } from '../lru/lru'
import { paceOf, standingOf, take, type Pace, type Quota, type Standing } from './rate'

/** Whose requests are counted: a user or, as long as nobody has signed in, an address. */
export interface Counted {
  of: 'user' | 'address'
  id: string
}

/** Counts the requests of one kind. */
export interface Rate {
  quota: Quota
  /** Takes one request out of the caller's quota; at once where nobody else has to be asked. */
  take(counted: Counted): Standing | Promise<Standing>
}

export interface MemoryRate extends Rate {
  take(counted: Counted): Standing
  size(): number
}

export interface MemoryRateOptions {
  quota: Quota
  /** Users that are remembered, and addresses: apart, so that many of these forget none of those. */
  entriesMax: number
  nowMs(): number
}

/** In the memory of this process. Whoever is forgotten has their whole quota again. */
export function newMemoryRate({ quota, entriesMax, nowMs }: MemoryRateOptions): MemoryRate {
  const pace: Pace = paceOf(quota)
  const fullAt = { user: newLru<number>(entriesMax), address: newLru<number>(entriesMax) }
  return {
    quota,
    take({ of, id }) {
      const known = fullAt[of]
      const nowUs = Math.floor(nowMs() * 1000)
      const taken = take(known.get(id), nowUs, pace)
      known.set(id, taken.fullAtUs)
      return standingOf(taken, nowUs, pace)
    },
    size: () => fullAt.user.size() + fullAt.address.size(),
  }
}
