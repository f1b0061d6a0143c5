import { z } from 'zod'
import type { Book, Reservation, Wish } from './book'
import { refuse, type Call, type Reply, type Service, type Wait } from './reply'

const key = z.string().min(1).max(200)
const item = z.string().min(1).max(200)
const single = z.object({ item })
const several = z.object({ items: z.array(z.object({ key, item })).min(1).max(100) })

/** What nobody can reserve, for those who want to see a refusal. */
const soldOut = 'sold-out'

export interface ReservationOptions {
  book: Book
  wait: Wait
  /** Whether `POST /reserve/batch` is there. */
  batch: boolean
}

/**
 * `POST /reserve` with an `Idempotency-Key`, `GET /reserve?key=`, `DELETE /reserve/{id}`, and
 * `POST /reserve/batch` when it is switched on.
 */
export function newReservationService({ book, wait, batch }: ReservationOptions): Service {
  async function reserve({ body, idempotencyKey }: Call): Promise<Reply> {
    const wish = single.safeParse(body)
    const known = key.optional().safeParse(idempotencyKey)
    if (!wish.success || !known.success) return refuse(wait, 400, 'an item is needed')
    const made = await reserveOne({ key: known.data, item: wish.data.item })
    if ('status' in made) return made
    return { status: 200, body: made }
  }

  async function reserveMany({ body }: Call): Promise<Reply> {
    const wishes = several.safeParse(body)
    if (!wishes.success) return refuse(wait, 400, 'between 1 and 100 items with a key are needed')
    const made = await Promise.all(wishes.data.items.map(reserveOne))
    const reservations = made.map((one, i) => {
      const answer = 'status' in one ? (one.body as object) : one
      return { key: wishes.data.items[i]!.key, ...answer }
    })
    return { status: 200, body: { reservations } }
  }

  /** The id, or why not. */
  async function reserveOne(wish: Wish): Promise<{ reservation_id: number } | Reply> {
    if (wish.item === soldOut) return refuse(wait, 409, 'sold out')
    const made = book.reserve(wish)
    if (made === undefined) return refuse(wait, 503, 'too many reservations')
    if (made === 'mismatch') return refuse(wait, 422, 'this key was used for another item')
    return { reservation_id: (await made).id }
  }

  async function find({ query }: Call): Promise<Reply> {
    const found = book.find(query.get('key') ?? '')
    if (!found) return refuse(wait, 404, 'nothing was asked for under this key')
    return describe(found)
  }

  async function release(id: string): Promise<Reply> {
    if (!/^\d{1,15}$/.test(id)) return refuse(wait, 404, 'there is no such reservation')
    book.release(Number(id))
    return { status: 204 }
  }

  return async (call) => {
    const [, part, ...further] = call.segments
    const asked = `${call.method} ${part === undefined ? '' : part === 'batch' ? 'batch' : 'id'}`
    if (further.length > 0) return refuse(wait, 404, 'not found')
    if (asked === 'POST ') return reserve(call)
    if (asked === 'GET ') return find(call)
    if (asked === 'DELETE id') return release(part!)
    if (asked === 'POST batch' && batch) return reserveMany(call)
    return refuse(wait, 404, 'not found')
  }
}

/** One that is being made has no id to tell yet; who asks has to come again, not to believe there is none. */
function describe({ id, status }: Reservation): Reply {
  if (status === 'pending') return { status: 202, body: { status } }
  return { status: 200, body: { reservation_id: id, status } }
}
