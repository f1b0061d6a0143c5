import { toReservationDto } from '../../../pkg/reservation/dto/reservation'
import type { Reservation } from '../../../pkg/reservation/reservation'

/** Milliseconds after which a client that lost the stream connects again. */
const retryMs = 2_000

/** Reservations as server-sent events; an empty batch becomes a comment. */
export function toEventPieces(batches: AsyncIterable<Reservation[]>): AsyncIterable<string> {
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

async function* write(batches: AsyncIterator<Reservation[]>): AsyncGenerator<string, void, void> {
  let head = `retry: ${retryMs}\n\n`
  // Changes may come out of order; a client resumes behind the latest that it has seen.
  let latest = ''
  for (let next = await batches.next(); !next.done; next = await batches.next()) {
    let piece = head
    for (const reservation of next.value) {
      if (reservation.updatedAt > latest) latest = reservation.updatedAt
      const data = JSON.stringify(toReservationDto(reservation))
      piece += `id: ${latest}\nevent: reservation\ndata: ${data}\n\n`
    }
    yield piece === '' ? ':\n\n' : piece
    head = ''
  }
}
