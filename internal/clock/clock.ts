import type { Instant } from './instant'

/** Where "now" comes from, so that a test can say what time it is. */
export interface Clock {
  now(): Instant
}

/** The machine's clock; never the same instant twice, never backwards within the process. */
export function newSystemClock(): Clock {
  let lastMs = 0
  let micros = 0
  return {
    now() {
      const nowMs = Math.max(Date.now(), lastMs)
      micros = nowMs === lastMs ? micros + 1 : 0
      if (micros > 999) {
        lastMs = nowMs + 1
        micros = 0
      } else {
        lastMs = nowMs
      }
      const text = new Date(lastMs).toISOString()
      return `${text.slice(0, 23)}${String(micros).padStart(3, '0')}Z` as Instant
    },
  }
}
