import { newLru } from '../lru/lru'

/** Who tries to sign in, and from where. */
export interface Attempt {
  userId: string
  address: string
}

export type AttemptOutcome = 'succeeded' | 'failed' | 'abandoned'

/**
 * Counts what fails, and makes whoever fails wait longer and longer: a user from one network, an address
 * whoever it tries, and a user from everywhere only after far more failures. From a network from which they
 * have signed in lately, a user waits for what has failed there, and for nothing else: else anybody could
 * keep them out by sending wrong passwords. Asynchronous, so that several processes can count together.
 */
export interface Attempts {
  /** Milliseconds to wait before another try; 0: go ahead, and tell by `end` what came of it. */
  begin(attempt: Attempt): Promise<number>
  end(attempt: Attempt, outcome: AttemptOutcome): Promise<void>
}

/** So many may fail in a row before anybody has to wait. */
export interface FailureLimits {
  /** Of a user from one network. */
  userFailuresMax: number
  /** Of a user, wherever they come from. */
  userFailuresAnywhereMax: number
  addressFailuresMax: number
}

export interface AttemptOptions extends FailureLimits {
  /** Users that are remembered, addresses, and pairs of both. */
  entriesMax: number
  nowMs(): number
  /** Told when a user or an address has to wait for the first time. */
  onDelay?(attempt: Attempt): void
}

/** What is known of one user, of one address, or of a user at an address. */
interface Count {
  failures: number
  inFlight: number
  waitsUntilMs: number
}

export const firstDelayMs = 1000
export const delayMaxMs = 3_600_000

/** After so long without another failure, all is forgotten. */
export const forgetMs = 2 * delayMaxMs

/** For so long after a user has signed in from a network, what fails elsewhere keeps nobody waiting there. */
export const familiarMs = 7 * 86_400_000

/** In the memory of this process. */
export function newAttempts(options: AttemptOptions): Attempts {
  const { nowMs, entriesMax, onDelay } = options
  const newCountsOf = (failuresMax: number) => newCounts({ entriesMax, failuresMax, nowMs })
  const pairs = newCountsOf(options.userFailuresMax)
  const users = newCountsOf(options.userFailuresAnywhereMax)
  const addresses = newCountsOf(options.addressFailuresMax)
  /** Until when; by pair. */
  const familiar = newLru<number>(entriesMax)
  return {
    async begin({ userId, address }) {
      const network = networkOf(address)
      const pair = pairOf(userId, network)
      const isFamiliar = (familiar.get(pair) ?? -Infinity) > nowMs()
      const waits = [pairs.waitMs(pair)]
      if (!isFamiliar) waits.push(users.waitMs(userId), addresses.waitMs(network))
      const waitMs = Math.max(...waits)
      if (waitMs > 0) return waitMs
      pairs.begin(pair)
      users.begin(userId)
      addresses.begin(network)
      return 0
    },

    async end(attempt, outcome) {
      const { userId } = attempt
      const network = networkOf(attempt.address)
      const pair = pairOf(userId, network)
      const isFailed = outcome === 'failed'
      const delays = [
        pairs.end(pair, isFailed),
        users.end(userId, isFailed),
        addresses.end(network, isFailed),
      ]
      // Whoever has an account could otherwise sign in between two guesses at another's: of the
      // address, nothing is forgotten.
      if (outcome === 'succeeded') {
        pairs.forget(pair)
        users.forget(userId)
        familiar.set(pair, nowMs() + familiarMs)
      }
      if (delays.includes('begins')) onDelay?.(attempt)
    },
  }
}

/** The name of a user at a network; neither holds a NUL. */
export function pairOf(userId: string, network: string): string {
  return `${userId}\0${network}`
}

/** 1 s after the last failure that was free, twice as long after each further one, an hour at most. */
export function delayAfter(failures: number, failuresMax: number): number {
  if (failures < failuresMax) return 0
  // Beyond 2^30 the number would leave its range long after the hour is reached.
  return Math.min(firstDelayMs * 2 ** Math.min(failures - failuresMax, 30), delayMaxMs)
}

interface CountOptions {
  entriesMax: number
  failuresMax: number
  nowMs(): number
}

function newCounts({ entriesMax, failuresMax, nowMs }: CountOptions) {
  const counts = newLru<Count>(entriesMax)
  const find = (key: string): Count | undefined => {
    const known = counts.get(key)
    const isOld = known && known.inFlight === 0 && known.waitsUntilMs + forgetMs < nowMs()
    return isOld ? undefined : known
  }
  const findOrBegin = (key: string): Count => {
    const known = find(key)
    if (known) return known
    const count = { failures: 0, inFlight: 0, waitsUntilMs: nowMs() }
    counts.set(key, count)
    return count
  }
  return {
    /** Makes no entry: whoever is refused would push out the others at no cost. */
    waitMs(key: string): number {
      const count = find(key)
      if (!count) return 0
      const { failures, inFlight, waitsUntilMs } = count
      const waitMs = waitsUntilMs - nowMs()
      if (waitMs > 0) return waitMs
      // One at a time from now on, or a hundred guesses would fit into the moment that one takes.
      return failures >= failuresMax && inFlight > 0 ? firstDelayMs : 0
    },
    begin: (key: string) => void (findOrBegin(key).inFlight += 1),
    end(key: string, isFailed: boolean): 'begins' | undefined {
      const count = findOrBegin(key)
      count.inFlight = Math.max(0, count.inFlight - 1)
      if (!isFailed) return undefined
      count.failures += 1
      count.waitsUntilMs = nowMs() + delayAfter(count.failures, failuresMax)
      return count.failures === failuresMax ? 'begins' : undefined
    },
    forget: (key: string) => counts.delete(key),
  }
}

/** Whoever has one address of IPv6 has the 2^64 beside it as well. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  const [plain = ''] = address.split('%')
  const [head = '', tail] = plain.split('::')
  const groups = head === '' ? [] : head.split(':')
  if (tail === undefined) return groups.slice(0, 4).join(':')
  const last = tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - last.length) }, () => '0')
  return [...groups, ...zeros, ...last].slice(0, 4).join(':')
}
