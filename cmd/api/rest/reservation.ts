import { z } from 'zod'
import type { Principal } from '../../../internal/auth/principal'
import { operators } from '../../../internal/auth/principal'
import { route, type Route } from '../../../internal/http/route'
import { decodeCursor, encodeCursor, invalidCursor } from '../../../internal/page/cursor'
import { toPage } from '../../../internal/page/page'
import type { ReservationApp } from '../../../pkg/reservation/app/reservation'
import type { Watch } from '../../../pkg/reservation/app/watch'
import {
  lineIdSchema,
  listReservationsQuery,
  reservationDto,
  toReservationDto,
  toTroubledReservationDto,
  troubledReservationPageDto,
  watchHeaders,
} from '../../../pkg/reservation/dto/reservation'
import { reservationFaults } from '../../../pkg/reservation/reservation'
import { uuidSchema } from '../../../internal/wire/id'
import { toEventPieces } from './reservation-events'

const tag = 'Items'
const shoppers = ['customer', 'operator'] as const
const position = z.tuple([uuidSchema])

const eventStream = z.string().meta({
  description:
    'Server-sent events `reservation`: `data` is one as POST …/retry answers it. First what is in the ' +
    'open cart, then whatever changes. A comment now and then is a sign of life; an event ' +
    '`end`, whose data is a problem, comes last when the reader may not read on.',
})

/** To be served before GET /items/:id, should there be one. */
export function reservationRoutes(deps: { reservations: ReservationApp; watch: Watch }): Route[] {
  const { reservations, watch } = deps
  return [
    route({
      method: 'get',
      path: '/items/events',
      uncounted: true,
      tag,
      summary: 'Watch the reservations of your cart',
      description:
        'One stream for all lines. Each event tells how a line stands now: it may come twice, and of ' +
        'several quick changes only the last may come.',
      roles: shoppers,
      headers: watchHeaders,
      answers: {
        200: { description: 'A stream.', content: { 'text/event-stream': eventStream } },
      },
      faults: [reservationFaults.tooManyStreams],
      async handle({ principal, headers }) {
        const batches = watch.stream(principal.userId, headers['last-event-id'])
        return {
          status: 200,
          body: toEventPieces(batches),
          headers: {
            'Content-Type': 'text/event-stream',
            // A proxy that gathers bytes before it passes them on would keep events back.
            'X-Accel-Buffering': 'no',
          },
          endless: true,
        }
      },
    }),

    route({
      method: 'post',
      path: '/items/:line_id/reservation/retry',
      tag,
      summary: 'Ask for a failed reservation again',
      description: 'One that is being asked for anyway stays as it is.',
      roles: shoppers,
      params: z.strictObject({ line_id: lineIdSchema }),
      answers: { 202: { description: 'It is being asked for.', schema: reservationDto } },
      faults: [reservationFaults.notFound, reservationFaults.notFailed],
      async handle({ params, principal }) {
        const line = { lineId: params.line_id, userId: reachOf(principal) }
        return { status: 202, body: toReservationDto(await reservations.retry(line)) }
      },
    }),

    route({
      method: 'get',
      path: '/reservations',
      tag,
      summary: 'List the reservations that need looking after',
      roles: operators,
      query: listReservationsQuery,
      answers: { 200: { description: 'A page of them.', schema: troubledReservationPageDto } },
      faults: [invalidCursor],
      async handle({ query: { trouble, limit, cursor } }) {
        const list = `reservations ${trouble}`
        const [afterId] = cursor === undefined ? [] : decodeCursor(list, cursor, position)
        const rows = await reservations.listTrouble({ trouble, afterId, limit: limit + 1 })
        const cursorOf = ({ id }: { id: string }) => encodeCursor(list, [id])
        return {
          status: 200,
          body: toPage(rows, limit, { toDto: toTroubledReservationDto, cursorOf }),
        }
      },
    }),
  ]
}

/** An operator reaches everybody's. */
function reachOf({ role, userId }: Principal): string | undefined {
  return role === 'operator' ? undefined : userId
}
