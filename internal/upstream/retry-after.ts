const dayMs = 86_400_000

/** `Retry-After` in milliseconds, from seconds or a date; undefined when it makes no sense. */
export function parseRetryAfter(value: string | null, nowMs: number): number | undefined {
  if (value === null) return undefined
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : parseDate(value) - nowMs
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), dayMs)
}

/** Date.parse alone takes "-1" for a year. */
function parseDate(value: string): number {
  return value.endsWith(' GMT') ? Date.parse(value) : NaN
}
