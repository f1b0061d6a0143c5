import type { IncomingMessage, ServerResponse } from 'node:http'
import { send, sendStruck } from './answer'
import { newBook, type BookState } from './book'
import {
  drawFault,
  faultsSchema,
  serviceNames,
  type Faults,
  type FaultsInput,
  type ServiceName,
} from './fault'
import { newRandom } from './random'
import type { Call, Reply, Service, Wait } from './reply'
import { newReservationService } from './reservation'
import { newProductService, newUserService } from './table'
import { newTally, type TallyState } from './tally'

export interface WorldOptions {
  /** Every delay of the tables is this many times as long. */
  delayScale: number
  /** How long a reservation takes, before it is scaled. */
  reserveDelayMs: number
  reservationsMax: number
  /** Whether reservations can be had in batches. */
  batch: boolean
  seed: number
  /** Unscaled; rejects when there is nothing to wait for any more. */
  wait: Wait
}

export interface WorldState {
  seed: number
  services: Record<ServiceName, TallyState>
  reservations: BookState
}

/** The three services, what goes wrong with them, and what they have seen. */
export interface World {
  /** Undefined for a path of none of them. */
  serviceOf(call: Call): ServiceName | undefined
  answer(name: ServiceName, call: Call, exchange: Exchange): Promise<void>
  faults(): Faults
  setFaults(faults: FaultsInput): void
  state(): WorldState
}

export interface Exchange {
  req: IncomingMessage
  res: ServerResponse
}

const serviceOfPath: Readonly<Record<string, ServiceName>> = {
  users: 'user',
  products: 'product',
  reserve: 'reservation',
}

const failure: Reply = { status: 500, body: { error: 'internal error' } }

export function newWorld(options: WorldOptions): World {
  const { book, services } = newServices(options)
  const tallies = { user: newTally(), product: newTally(), reservation: newTally() }
  let { seed } = options
  let random = newRandom(seed)
  let faults = faultsSchema.parse({})

  return {
    serviceOf: ({ segments: [first = ''] }) =>
      Object.hasOwn(serviceOfPath, first) ? serviceOfPath[first] : undefined,

    async answer(name, call, { req, res }) {
      const tally = tallies[name]
      follow(res, tally)
      const fault = drawFault(faults[name], random)
      if (fault) tally.strike(fault)
      const lateMs = faults[name].latency_ms
      if (lateMs > 0) await options.wait(lateMs)
      if (fault === 'error') return send(res, failure)
      const reply = await services[name](call)
      if (!fault) return send(res, reply)
      await sendStruck(res, { reply, fault, url: req.url ?? '/' })
    },

    faults: () => faults,

    setFaults(input) {
      faults = faultsSchema.parse(input)
      if (faults.seed === undefined) return
      seed = faults.seed
      random = newRandom(seed)
    },

    state: () => ({
      seed,
      services: Object.fromEntries(
        serviceNames.map((name) => [name, tallies[name].state()]),
      ) as Record<ServiceName, TallyState>,
      reservations: book.state(),
    }),
  }
}

function newServices({ wait, delayScale, reserveDelayMs, reservationsMax, batch }: WorldOptions) {
  const scaled: Wait = (ms) => wait(ms * delayScale)
  const book = newBook({ make: () => scaled(reserveDelayMs), reservationsMax })
  const services: Record<ServiceName, Service> = {
    user: newUserService(scaled),
    product: newProductService(scaled),
    reservation: newReservationService({ book, wait: scaled, batch }),
  }
  return { book, services }
}

/** Counts the call until its connection is free again. */
function follow(res: ServerResponse, tally: ReturnType<typeof newTally>): void {
  const { socket } = res
  const before = socket?.bytesWritten ?? 0
  tally.begin()
  res.once('close', () =>
    tally.end({ isAnswered: res.writableFinished, bytes: (socket?.bytesWritten ?? 0) - before }),
  )
}
