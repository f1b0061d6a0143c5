import { z } from 'zod'
import { operators } from '../../../internal/auth/principal'
import { route, type Route } from '../../../internal/http/route'
import { formatMoney } from '../../../internal/money/currency'
import { moneyOutput } from '../../../internal/wire/money'
import type { EventApp, Start } from '../../../pkg/event/app/event'
import { eventHeaders, eventIdOutput, listEventsQuery } from '../../../pkg/event/dto/event'
import { eventFaults, type LedgerEvent } from '../../../pkg/event/event'
import { beginning, formatPosition } from '../../../pkg/event/position'
import { toTransactionDto, transactionDto } from '../../../pkg/transaction/dto/transaction'

const type = 'transaction.created'

const eventDto = z
  .strictObject({
    id: eventIdOutput,
    type: z.literal(type),
    transaction: transactionDto.extend({
      entry_no: z.int().meta({ description: 'Its number among the entries of account_id.' }),
      counterparty_entry_no: z.int().nullable(),
      counterparty_balance_after: moneyOutput.nullable(),
    }),
  })
  .meta({ id: 'Event' })

export const eventPageDto = z
  .strictObject({
    data: z.array(eventDto),
    next_cursor: eventIdOutput.meta({
      description: 'Where to go on; always there, also while there is nothing new.',
    }),
  })
  .meta({ id: 'EventPage' })

const eventStream = z.string().meta({
  description:
    'Server-sent events: `id`, `event` and `data`, which is an event as on a page. A comment now and ' +
    'then is a sign of life; an event `end`, whose data is a problem, comes last when the reader may not read on.',
})

export function eventRoutes({ events }: { events: EventApp }): Route[] {
  return [
    route({
      method: 'get',
      path: '/events',
      uncounted: true,
      tag: 'Events',
      summary: 'Read every committed transaction in one order',
      roles: operators,
      description:
        'As a page, or as a stream that does not end. None is missed and none comes twice, from ' +
        'whatever position on and however often it is resumed.',
      query: listEventsQuery,
      headers: eventHeaders,
      answers: {
        200: {
          description: 'The events after a position.',
          content: { 'application/json': eventPageDto, 'text/event-stream': eventStream },
        },
      },
      faults: Object.values(eventFaults),
      async handle({ query: { after = beginning, limit }, headers, mediaType }) {
        if (mediaType === 'text/event-stream')
          return toStream(events, headers['last-event-id'] ?? after)
        const page = await events.list(after, limit)
        const body = { data: page.events.map(toEventDto), next_cursor: formatPosition(page.next) }
        return { status: 200, body, headers: { Vary: 'Accept' } }
      },
    }),
  ]
}

function toStream(events: EventApp, after: Start) {
  return {
    status: 200,
    body: toPieces(events.stream(after)),
    headers: {
      'Content-Type': 'text/event-stream',
      Vary: 'Accept',
      // A proxy that gathers bytes before it passes them on would keep events back.
      'X-Accel-Buffering': 'no',
    },
    endless: true,
  }
}

/** Milliseconds after which a client that lost the stream connects again. */
const retryMs = 2_000

/** Characters after which a piece goes out, so that a slow client keeps little in memory. */
const pieceLength = 65_536

function toPieces(batches: AsyncIterable<LedgerEvent[]>): AsyncIterable<string> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = batches[Symbol.asyncIterator]()
      const pieces = write(iterator)
      return {
        next: () => pieces.next(),
        async return() {
          // Not only the generator, which may be waiting for the next batch.
          await iterator.return?.()
          return pieces.return()
        },
      }
    },
  }
}

async function* write(batches: AsyncIterator<LedgerEvent[]>): AsyncGenerator<string, void, void> {
  let piece = `retry: ${retryMs}\n\n`
  for (let next = await batches.next(); !next.done; next = await batches.next()) {
    for (const event of next.value) {
      piece += toText(event)
      if (piece.length < pieceLength) continue
      yield piece
      piece = ''
    }
    yield piece === '' && next.value.length === 0 ? ':\n\n' : piece
    piece = ''
  }
}

const texts = new WeakMap<LedgerEvent, string>()

/** The same event goes out on many streams. */
function toText(event: LedgerEvent): string {
  const known = texts.get(event)
  if (known !== undefined) return known
  const dto = toEventDto(event)
  const text = `id: ${dto.id}\nevent: ${type}\ndata: ${JSON.stringify(dto)}\n\n`
  texts.set(event, text)
  return text
}

function toEventDto({ position, transaction }: LedgerEvent): z.input<typeof eventDto> {
  const { currency, entryNo, counterpartyEntryNo, counterpartyBalanceAfter } = transaction
  return {
    id: formatPosition(position),
    type,
    transaction: {
      ...toTransactionDto(transaction),
      entry_no: Number(entryNo),
      counterparty_entry_no: counterpartyEntryNo === null ? null : Number(counterpartyEntryNo),
      counterparty_balance_after:
        counterpartyBalanceAfter === null ? null : formatMoney(counterpartyBalanceAfter, currency),
    },
  }
}
