import type { Instant } from '../../internal/clock/instant'

/** Microseconds since 1970 as an instant. */
export function instantOf(micros: number): Instant {
  const text = new Date(Math.floor(micros / 1000)).toISOString().slice(0, 23)
  return `${text}${String(micros % 1000).padStart(3, '0')}Z` as Instant
}

export function microsOf(instant: Instant): number {
  return Date.parse(`${instant.slice(0, 23)}Z`) * 1000 + Number(instant.slice(23, 26))
}

export function justBefore(instant: Instant): Instant {
  return instantOf(microsOf(instant) - 1)
}

/** Up to the whole millisecond. */
export function roundedUp(instant: Instant): Instant {
  return instantOf(Math.ceil(microsOf(instant) / 1000) * 1000)
}

/** A stretch of the database's clock, both ends included. */
export interface Span {
  from: Instant
  until: Instant
}
