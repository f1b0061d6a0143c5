import { z } from 'zod'
import { Fault } from '../../../internal/fault/fault'
import type {
  Busy,
  Cut,
  FindOutcome,
  ReleaseOutcome,
  ReservationService,
  ReserveMany,
  ReserveOutcome,
  Unanswered,
  Waiting,
} from '../service'

/** What is called: 2xx and 4xx are answers, everything else is thrown as a fault. */
export interface Caller {
  call<T>(call: {
    method: 'GET' | 'POST' | 'DELETE'
    path: string
    body?: unknown
    headers?: Record<string, string>
    schema: z.ZodType<T>
    signal: AbortSignal
    withoutRetries: boolean
  }): Promise<{ status: number; body: T | undefined; retryAfterMs?: number }>
  state?(): { breaker: 'closed' | 'open' | 'half_open' }
}

const externalId = z.int().positive()
const reserved = z.object({ reservation_id: externalId })
const found = z.object({ reservation_id: externalId.optional(), status: z.string().optional() })
const batch = z.object({
  reservations: z.array(z.object({ key: z.string(), reservation_id: externalId.optional() })),
})
const nothing = z.unknown()

const idempotencyKey = 'idempotency-key'

/**
 * 4xx that say "not now", by RFC 9110, 8470 and 6585, and those that say who may ask and nothing about
 * what was asked: a password that was changed over there refuses no reservation, and gives back none.
 */
const notNow = [401, 403, 407, 408, 425, 429]
/** There is no such route: the service cannot be asked that. */
const noRoute = [405, 501]

/**
 * `POST /reserve`, `GET /reserve?key=` unless the service is said not to know it, `DELETE /reserve/{id}`,
 * over HTTP. How often something is tried is the worker's affair, so nothing is repeated here.
 */
export function newReservationService(
  upstream: Caller,
  { canFind }: { canFind: boolean },
): ReservationService {
  const call = <T>(asked: Asked<T>, { signal, traceparent }: Waiting) => {
    const headers = { ...asked.headers, ...(traceparent !== null && { traceparent }) }
    return upstream.call({ ...asked, headers, signal, withoutRetries: true })
  }

  const service: ReservationService = {
    reserve: ({ key, item }, waiting) =>
      answered<ReserveOutcome>(waiting.signal, async () => {
        const headers = { [idempotencyKey]: key }
        const asked = { method: 'POST', path: '/reserve', body: { item }, headers } as const
        const { status, body, retryAfterMs } = await call({ ...asked, schema: reserved }, waiting)
        if (body) return { kind: 'reserved', externalId: BigInt(body.reservation_id) }
        if (notNow.includes(status)) return unanswered(status, retryAfterMs)
        const reason = `The reservation service refuses it (${status}).`
        return status === 409
          ? { kind: 'conflict', reason, retryAfterMs }
          : { kind: 'refused', reason }
      }),

    release: (id, waiting) =>
      answered<ReleaseOutcome>(waiting.signal, async () => {
        const asked = { method: 'DELETE', path: `/reserve/${id}`, schema: nothing } as const
        const { status, retryAfterMs } = await call(asked, waiting)
        if (status < 300 || status === 404 || status === 410) return { kind: 'given_back' }
        return unanswered(status, retryAfterMs)
      }),

    isWell: () => upstream.state?.().breaker !== 'open',
  }
  if (!canFind) return service
  return {
    ...service,
    findByKey: (key, waiting) =>
      answered<FindOutcome>(waiting.signal, async () => {
        const path = `/reserve?key=${encodeURIComponent(key)}`
        const asked = { method: 'GET', path, schema: found } as const
        const { status, body, retryAfterMs } = await call(asked, waiting)
        if (status === 404) return { kind: 'absent' }
        if (noRoute.includes(status)) return { kind: 'unsupported' }
        if (status >= 400) return unanswered(status, retryAfterMs)
        if (body?.status === 'released') return { kind: 'given_back' }
        // One that is still being made has no id yet: whoever asks for it again waits for the same one.
        if (body?.reservation_id === undefined) return { kind: 'under_way' }
        return { kind: 'reserved', externalId: BigInt(body.reservation_id) }
      }),
  }
}

/** `POST /reserve/batch`. A refusal in it may be for now or for good, so it is not taken for an answer. */
export function newReserveMany(upstream: Caller): ReserveMany {
  return async (requests, { signal, traceparent }) => {
    const headers: Record<string, string> = traceparent === null ? {} : { traceparent }
    const outcome = await answered<Ids | Unanswered | Busy | Cut>(signal, async () => {
      const { status, body, retryAfterMs } = await upstream.call({
        ...{ method: 'POST', path: '/reserve/batch', body: { items: requests }, headers },
        ...{ schema: batch, signal, withoutRetries: true },
      })
      if (!body) return unanswered(status, retryAfterMs)
      return { kind: 'ids', ids: new Map(body.reservations.map((one) => [one.key, one])) }
    })
    if (outcome.kind !== 'ids') return requests.map(() => outcome)
    return requests.map(({ key }) => {
      const id = outcome.ids.get(key)?.reservation_id
      return id === undefined ? undefined : { kind: 'reserved', externalId: BigInt(id) }
    })
  }
}

type Ids = { kind: 'ids'; ids: Map<string, { reservation_id?: number | undefined }> }

type Asked<T> = Omit<Parameters<Caller['call']>[0], 'signal' | 'withoutRetries' | 'schema'> & {
  schema: z.ZodType<T>
}

function unanswered(status: number, retryAfterMs?: number): Unanswered {
  return { kind: 'unanswered', reason: `The reservation service answered ${status}.`, retryAfterMs }
}

/** The work's outcome, or in place of what it throws that there was no answer. */
async function answered<Outcome>(
  signal: AbortSignal,
  work: () => Promise<Outcome>,
): Promise<Outcome | Unanswered | Busy | Cut> {
  try {
    return await work()
  } catch (error) {
    if (signal.aborted) return { kind: 'cut' }
    if (!(error instanceof Fault)) throw error
    if (error.code === 'upstream.busy') return { kind: 'busy', reason: error.detail }
    const { detail: reason, retryAfterSeconds } = error
    const retryAfterMs = retryAfterSeconds === undefined ? undefined : retryAfterSeconds * 1000
    return { kind: 'unanswered', reason, retryAfterMs }
  }
}
