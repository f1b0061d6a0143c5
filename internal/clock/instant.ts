/**
 * A point in time to the microsecond, UTC, always in the one form `2026-01-31T09:30:00.000000Z`,
 * years 0001 to 9999, so that instants compare as strings do. JavaScript's Date keeps milliseconds
 * only.
 */
export type Instant = string & { readonly __instant: unique symbol }

const rfc3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/

/** Reads an RFC 3339 date-time with at most six decimals; undefined for anything else. */
export function readInstant(text: string): Instant | undefined {
  const match = rfc3339.exec(text)
  if (!match) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as SixNumbers
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const offsetMinutes = readOffset(match[8], Number(match[9] ?? 0), Number(match[10] ?? 0))
  if (offsetMinutes === undefined) return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined
  date.setUTCHours(hour, minute - offsetMinutes, second)
  return toInstant(date, match[7] ?? '')
}

type SixNumbers = [number, number, number, number, number, number]

function readOffset(sign: string | undefined, hours: number, minutes: number): number | undefined {
  if (hours > 23 || minutes > 59) return undefined
  return (sign === '-' ? -1 : 1) * (hours * 60 + minutes)
}

function toInstant(date: Date, fraction: string): Instant | undefined {
  const year = date.getUTCFullYear()
  if (year < 1 || year > 9999) return undefined
  return `${date.toISOString().slice(0, 19)}.${fraction.padEnd(6, '0')}Z` as Instant
}
