import type { Log } from '../log/log'

/** What fails for a while and comes back, as a database: told of once, however often it is tried. */
export interface Outage {
  /** Answers how long to wait before the next try: longer each time, and never in step with others. */
  failed(error: unknown): number
  worked(): void
}

export interface OutageOptions {
  log: Log
  /** What does not work, as `reservations cannot be claimed`. */
  message: string
  /** The first wait is up to this long. */
  baseMs: number
  capMs: number
}

export function newOutage({ log, message, baseMs, capMs }: OutageOptions): Outage {
  let failures = 0
  return {
    failed(error) {
      if (failures === 0) log.warn({ err: error }, message)
      const ceilingMs = Math.min(capMs, baseMs * 2 ** Math.min(failures, 30))
      failures += 1
      return ceilingMs * (0.5 + Math.random() / 2)
    },
    worked() {
      if (failures > 0) log.info({ failures }, `no more: ${message}`)
      failures = 0
    },
  }
}
