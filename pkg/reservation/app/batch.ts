import type {
  ReservationService,
  ReserveMany,
  ReserveOutcome,
  ReserveRequest,
  Waiting,
} from '../service'

interface Asking {
  request: ReserveRequest
  waiting: Waiting
  resolve(outcome: ReserveOutcome): void
  reject(error: unknown): void
}

export interface BatchOptions {
  reserveMany: ReserveMany
  /** In one call. */
  batchMax: number
}

/**
 * The service, asked for many at once: what is asked for in one turn of the loop, as all that one claim
 * brought, goes out together.
 */
export function withBatches(
  service: ReservationService,
  { reserveMany, batchMax }: BatchOptions,
): ReservationService {
  let asking: Asking[] = []

  function flush(): void {
    const all = asking
    asking = []
    for (let i = 0; i < all.length; i += batchMax) void send(all.slice(i, i + batchMax))
  }

  async function send(batch: Asking[]): Promise<void> {
    const [only] = batch
    if (only && batch.length === 1) {
      return void service.reserve(only.request, only.waiting).then(only.resolve, only.reject)
    }
    const requests = batch.map(({ request }) => request)
    try {
      const outcomes = await reserveMany(requests, waitingOf(batch))
      for (const [i, one] of batch.entries()) settle(one, outcomes[i])
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  /** One that the answer to all says nothing certain about is asked for by itself. */
  function settle({ request, waiting, resolve, reject }: Asking, found?: ReserveOutcome): void {
    if (found) resolve(found)
    else service.reserve(request, waiting).then(resolve, reject)
  }

  return {
    ...service,
    reserve: (request, waiting) =>
      new Promise((resolve, reject) => {
        // Let go at once, while the call goes on for the others.
        waiting.signal.addEventListener('abort', () => resolve({ kind: 'cut' }), { once: true })
        if (asking.push({ request, waiting, resolve, reject }) === 1) setImmediate(flush)
      }),
  }
}

/** Aborts when nobody in the batch waits any more; one call can go on with one trace, the first one's. */
function waitingOf(batch: readonly Asking[]): Waiting {
  const controller = new AbortController()
  const look = () => batch.every(({ waiting }) => waiting.signal.aborted) && controller.abort()
  for (const { waiting } of batch) waiting.signal.addEventListener('abort', look, { once: true })
  look()
  return { signal: controller.signal, traceparent: batch[0]?.waiting.traceparent ?? null }
}
