export interface ArrivalLimits {
  /** Bodies that are awaited at once. */
  arrivalsMax: number
  /** Of them, those from one network. */
  arrivalsOfNetworkMax: number
}

/** Bodies that are on their way: they cost memory and a connection, and no work yet. */
export interface Arrivals {
  /**
   * Always lets in. Beyond a bound, the body that has been awaited the longest gives way instead: first of
   * the same network, else of the one with the most. Gives back how to leave, which may be called twice.
   */
  enter(network: string, giveWay: () => void): () => void
  /** How many are awaited. */
  count(): number
}

type Awaited = Set<() => void>

/**
 * Whoever sends slowly on purpose pushes out their own, and those who send as fast as they can are there
 * long before it would be their turn. To refuse whoever comes last would do them the favour.
 */
export function newArrivals({ arrivalsMax, arrivalsOfNetworkMax }: ArrivalLimits): Arrivals {
  // A Map and a Set walk what they hold in the order in which it came.
  const networks = new Map<string, Awaited>()
  let count = 0

  function evictFrom(awaited: Awaited): void {
    const [giveWay] = awaited
    giveWay?.()
  }
  /** Walks all networks, of which there are no more than bodies, and only when there is no room. */
  function fullest(): Awaited {
    let most: Awaited = new Set()
    for (const awaited of networks.values()) if (awaited.size > most.size) most = awaited
    return most
  }
  return {
    enter(network, giveWay) {
      const own = networks.get(network)
      if (own && own.size >= arrivalsOfNetworkMax) evictFrom(own)
      else if (count >= arrivalsMax) evictFrom(fullest())
      // Looked up again: the last one of a network takes the network along.
      const awaited = networks.get(network) ?? new Set()
      networks.set(network, awaited)
      const leave = () => {
        if (!awaited.delete(evict)) return
        count -= 1
        if (awaited.size === 0) networks.delete(network)
      }
      const evict = () => {
        leave()
        giveWay()
      }
      awaited.add(evict)
      count += 1
      return leave
    },
    count: () => count,
  }
}
