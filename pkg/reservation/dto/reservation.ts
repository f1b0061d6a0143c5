import { z } from 'zod'
import { readInstant, type Instant } from '../../../internal/clock/instant'
import { pageInput, pageOutput } from '../../../internal/page/page'
import { uuidSchema } from '../../../internal/wire/id'
import { instantOutput } from '../../../internal/wire/instant'
import { reservationStatuses, statusOf, type Reservation } from '../reservation'

export const lineIdSchema = uuidSchema.meta({
  description: 'The line of a cart, as GET /items lists it.',
  example: '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e',
})

/** How far the external service has come with a line of a cart. */
export const reservationDto = z
  .strictObject({
    line_id: lineIdSchema,
    item: z.string().meta({ description: 'What the service is asked for.', example: 'laptop' }),
    status: z.enum(reservationStatuses),
    reservation_id: z
      .int()
      .nullable()
      .meta({ description: 'What the service gave; null until then.', example: 1234 }),
    attempts: z.int().meta({ description: 'Calls that ended without an answer to go by.' }),
    next_attempt_at: instantOutput.nullable().meta({
      description: 'Null while one is under way, and when there will be none.',
    }),
    reason: z
      .string()
      .nullable()
      .meta({ description: 'Why the last attempt failed, or why there is no further one.' }),
    updated_at: instantOutput,
  })
  .meta({ id: 'Reservation' })

export function toReservationDto(reservation: Reservation): z.input<typeof reservationDto> {
  const { externalId } = reservation
  return {
    line_id: reservation.lineId,
    item: reservation.item,
    status: statusOf(reservation),
    reservation_id: externalId === null ? null : Number(externalId),
    attempts: reservation.attempts,
    next_attempt_at: reservation.nextAt,
    reason: reservation.lastError,
    updated_at: reservation.updatedAt,
  }
}

/** What an operator sees of one that needs looking after. */
export const troubledReservationDto = reservationDto
  .extend({
    id: uuidSchema.meta({ description: 'The key under which the service is asked.' }),
    user_id: z.string(),
    desired: z.enum(['held', 'released']),
    created_at: instantOutput,
  })
  .meta({ id: 'TroubledReservation' })

export const troubledReservationPageDto = pageOutput(troubledReservationDto).meta({
  id: 'TroubledReservationPage',
})

export function toTroubledReservationDto(
  reservation: Reservation,
): z.input<typeof troubledReservationDto> {
  const { id, userId, desired, createdAt } = reservation
  return { ...toReservationDto(reservation), id, user_id: userId, desired, created_at: createdAt }
}

/** GET /reservations */
export const listReservationsQuery = z.strictObject({
  trouble: z.enum(['failed', 'leaked']).meta({
    description:
      '`failed`: attempts used up, or refused. `leaked`: taken out of its cart, and the service could ' +
      'not be made to take it back yet.',
  }),
  ...pageInput,
})

/** GET /items/events */
export const watchHeaders = z.object({
  'last-event-id': z
    .string()
    .transform((text, context): Instant => {
      const instant = readInstant(text)
      if (instant) return instant
      context.addIssue({ code: 'custom', message: 'must be the id of an event' })
      return z.NEVER
    })
    .optional()
    .meta({
      description: 'What an EventSource sends when it connects again: what has changed since.',
      example: '2026-01-31T09:30:00.000000Z',
    }),
})
