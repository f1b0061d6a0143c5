import type { Instant } from './instant'

/**
 * Tells the time of another machine's clock between two answers from it. Behind that clock by as long as
 * the answer took, as it was read there before it was heard here; ahead of it only by what the two drift.
 */
export interface Follower {
  /** Heard at this moment: what the other clock showed a little earlier. */
  hear(instant: Instant): void
  /**
   * Rises with each call, and above all that was heard. Undefined when nothing was heard for so long that the
   * clocks may have parted.
   */
  now(): Instant | undefined
}

/** Quartz drifts by some 50 microseconds a second. */
const followedMs = 10_000

export function newFollower(elapsedMs = () => performance.now()): Follower {
  let heardMicros = 0
  let heardAtMs = -Infinity
  let lastMicros = 0
  return {
    hear(instant) {
      heardMicros = toMicros(instant)
      heardAtMs = elapsedMs()
      // Set back over there: so be it here. Otherwise never below what was heard before, from an answer that
      // overtook this one.
      const isSetBack = heardMicros + followedMs * 1000 < lastMicros
      lastMicros = isSetBack ? heardMicros : Math.max(lastMicros, heardMicros)
    },
    now() {
      const sinceMs = elapsedMs() - heardAtMs
      if (sinceMs > followedMs) return undefined
      lastMicros = Math.max(heardMicros + Math.floor(sinceMs * 1000), lastMicros + 1)
      return toInstant(lastMicros)
    },
  }
}

/** Since 1970; exact until the year 2255. */
function toMicros(instant: Instant): number {
  return Date.parse(`${instant.slice(0, 23)}Z`) * 1000 + Number(instant.slice(23, 26))
}

function toInstant(micros: number): Instant {
  const text = new Date(Math.floor(micros / 1000)).toISOString()
  return `${text.slice(0, 23)}${String(micros % 1000).padStart(3, '0')}Z` as Instant
}
