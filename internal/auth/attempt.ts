import { newLru } from '../lru/lru'

/** Who tries to sign in, and from where. */
export interface Attempt {
  userId: string
  address: string
}

export type AttemptOutcome = 'succeeded' | 'failed' | 'abandoned'

/**
 * Counts what fails, by user and by address, and makes both wait longer and longer. Asynchronous, so
 * that several processes can count together.
 */
export interface Attempts {
  /** Milliseconds to wait before another try; 0: go ahead, and tell by `end` what came of it. */
  begin(attempt: Attempt): Promise<number>
  end(attempt: Attempt, outcome: AttemptOutcome): Promise<void>
}

export interface AttemptOptions {
  /** So many may fail in a row before anybody has to wait. */
  userFailuresMax: number
  addressFailuresMax: number
  /** Users that are remembered, and addresses. */
  entriesMax: number
  nowMs(): number
  /** Told when a user or an address has to wait for the first time. */
  onDelay?(attempt: Attempt): void
}

/** What is known of one user, or of one address. */
interface Count {
  failures: number
  inFlight: number
  waitsUntilMs: number
}

export const firstDelayMs = 1000
export const delayMaxMs = 3_600_000

/** After so long without another failure, all is forgotten. */
export const forgetMs = 2 * delayMaxMs

/** In the memory of this process. */
export function newAttempts(options: AttemptOptions): Attempts {
  const { nowMs, entriesMax, userFailuresMax, addressFailuresMax, onDelay } = options
  const users = newCounts({ entriesMax, failuresMax: userFailuresMax, nowMs })
  const addresses = newCounts({ entriesMax, failuresMax: addressFailuresMax, nowMs })
  return {
    async begin({ userId, address }) {
      const waitMs = Math.max(users.waitMs(userId), addresses.waitMs(networkOf(address)))
      if (waitMs > 0) return waitMs
      users.begin(userId)
      addresses.begin(networkOf(address))
      return 0
    },

    async end(attempt, outcome) {
      const isFailed = outcome === 'failed'
      const delays = [
        users.end(attempt.userId, isFailed),
        addresses.end(networkOf(attempt.address), isFailed),
      ]
      // Whoever has an account could otherwise sign in between two guesses at another's: of the
      // address, nothing is forgotten.
      if (outcome === 'succeeded') users.forget(attempt.userId)
      if (delays.includes('begins')) onDelay?.(attempt)
    },
  }
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
