import { z } from 'zod'
import { readInstant, type Instant } from '../clock/instant'

const form = 'must be an RFC 3339 time such as "2026-01-31T09:30:00Z", with at most six decimals'

/** A time in a request, read into an Instant. */
export const instantInput = z
  .string()
  .transform((text, context): Instant => {
    const instant = readInstant(text)
    if (instant) return instant
    context.addIssue({ code: 'custom', message: form })
    return z.NEVER
  })
  .meta({ format: 'date-time', example: '2026-01-31T09:30:00Z' })

/** A time in an answer. */
export const instantOutput = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  .meta({
    format: 'date-time',
    description: 'UTC, to the microsecond.',
    example: '2026-01-31T09:30:00.000000Z',
  })

/** Two optional ends, both inclusive, with `from` no later than `to`. */
export const periodInput = {
  from: instantInput.optional().meta({ description: 'Inclusive; about effective_at.' }),
  to: instantInput.optional().meta({ description: 'Inclusive; about effective_at.' }),
}

/** The check that goes with `periodInput`. */
export function refusesReversedPeriod(
  { from, to }: { from?: Instant | undefined; to?: Instant | undefined },
  context: z.RefinementCtx,
): void {
  if (from === undefined || to === undefined || from <= to) return
  context.addIssue({ code: 'custom', path: ['from'], message: 'must not be after "to"' })
}
