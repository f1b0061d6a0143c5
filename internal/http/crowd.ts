export interface CrowdLimits {
  /** At once. */
  max: number
  /** Of them, from one network. */
  ofNetworkMax: number
}

/** What costs room just by being there, without any work: bodies on their way, connections. */
export interface Crowd {
  /**
   * Always lets in. Beyond a bound, whoever has been there the longest gives way instead: first of the
   * same network, else of the one with the most. Gives back how to leave, which may be called twice.
   */
  enter(network: string, giveWay: () => void): () => void
}

type Members = Set<() => void>

/**
 * Whoever stays on purpose pushes out their own, and those who are as fast as they can have left long
 * before it would be their turn. To refuse whoever comes last would do the others the favour.
 */
export function newCrowd({ max, ofNetworkMax }: CrowdLimits): Crowd {
  // A Map and a Set walk what they hold in the order in which it came.
  const networks = new Map<string, Members>()
  let count = 0

  function evictFrom(members: Members): void {
    const [evict] = members
    evict?.()
  }
  /** Walks all networks, of which there are no more than members, and only when there is no room. */
  function fullest(): Members {
    let most: Members = new Set()
    for (const members of networks.values()) if (members.size > most.size) most = members
    return most
  }
  return {
    enter(network, giveWay) {
      const own = networks.get(network)
      if (own && own.size >= ofNetworkMax) evictFrom(own)
      else if (count >= max) evictFrom(fullest())
      // Looked up again: the last one of a network takes the network along.
      const members = networks.get(network) ?? new Set()
      networks.set(network, members)
      const leave = () => {
        if (!members.delete(evict)) return
        count -= 1
        if (members.size === 0) networks.delete(network)
      }
      const evict = () => {
        leave()
        giveWay()
      }
      members.add(evict)
      count += 1
      return leave
    },
  }
}
