/** How much a caller may ask for: a bucket of `max` requests that fills up again within the window. */
export interface Quota {
  /** Its name on the wire. */
  name: string
  max: number
  windowMs: number
}

/** The quota in whole microseconds, so that Lua and JavaScript reckon alike to the last digit. */
export interface Pace {
  /** What one request takes. */
  intervalUs: number
  /** What can be taken at once. */
  capacityUs: number
}

/** What came of one request. */
export interface Taken {
  isAllowed: boolean
  /** When all of the quota is there again, should nothing else be asked for. */
  fullAtUs: number
}

/** Where a caller stands afterwards. */
export interface Standing {
  isAllowed: boolean
  /** Requests that could be sent at once. */
  remaining: number
  /** Until all of the quota is there again. */
  resetSeconds: number
  /** Until one request is; 0 when there is one. */
  retryAfterSeconds: number
}

export function paceOf({ max, windowMs }: Quota): Pace {
  const intervalUs = Math.max(1, Math.floor((windowMs * 1000) / max))
  return { intervalUs, capacityUs: intervalUs * max }
}

/**
 * The generic cell rate algorithm: all that is remembered of a caller is one instant. Written a second
 * time in Lua, in redis.ts.
 */
export function take(
  fullAtUs: number | undefined,
  nowUs: number,
  { intervalUs, capacityUs }: Pace,
): Taken {
  // An instant too far ahead comes from a clock that was set back, and must not lock anybody out.
  const from = Math.min(Math.max(fullAtUs ?? 0, nowUs), nowUs + capacityUs)
  const next = from + intervalUs
  if (next - nowUs > capacityUs) return { isAllowed: false, fullAtUs: from }
  return { isAllowed: true, fullAtUs: next }
}

export function standingOf(
  { isAllowed, fullAtUs }: Taken,
  nowUs: number,
  { intervalUs, capacityUs }: Pace,
): Standing {
  const takenUs = fullAtUs - nowUs
  return {
    isAllowed,
    remaining: Math.floor((capacityUs - takenUs) / intervalUs),
    resetSeconds: Math.ceil(takenUs / 1e6),
    retryAfterSeconds: isAllowed ? 0 : (takenUs + intervalUs - capacityUs) / 1e6,
  }
}
