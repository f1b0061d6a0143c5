import {
  startLeaseLoop,
  type Lease,
  type LeaseEvent,
  type LeaseLoop,
} from '../../../internal/lease/lease'
import type { Log } from '../../../internal/log/log'
import { traceFields } from '../../../internal/trace/traceparent'
import type { Tracer } from '../../../internal/trace/tracer'
import {
  firstStep,
  nextStep,
  type Called,
  type Draw,
  type Next,
  type Patience,
  type Step,
  type Taken,
} from '../drive'
import type { ReservationQueue } from '../queue'
import type { ReservationService, Waiting } from '../service'

export interface ReservationWorkerDeps {
  queue: ReservationQueue
  service: ReservationService
  limits: ReservationWorkerLimits
  log: Log
  /** Told what came of each reservation that was taken up. */
  onSettled?(what: Outcome): void
  draw?: Draw
  tracer?: Tracer | undefined
  onEvent?: ((event: LeaseEvent) => void) | undefined
}

export interface ReservationWorkerLimits extends Patience {
  inFlightMax: number
  renewMs: number
  pollMs: number
  graceMs: number
}

/** `again`: there was no answer to go by. `lost`: somebody else has it, and writes what comes of it. */
export type Outcome = 'reserved' | 'released' | 'failed' | 'again' | 'lost'

/**
 * Drives reservations to where they should be, those that are due, until it is closed. Any number of
 * processes may do so. Nothing is reserved twice: the service is always asked under the same key.
 */
export function startReservationWorker(deps: ReservationWorkerDeps): LeaseLoop {
  const { queue, service, limits, log, onSettled, tracer, onEvent } = deps

  async function handle(taken: Taken, lease: Lease): Promise<void> {
    const next = await drive(taken, deps, lease)
    const settled = await queue.settle(taken, lease.token, next)
    if (settled === 'changed') loop.nudge()
    onSettled?.(settled === 'lost' ? 'lost' : outcomeOf(next))
    if (next.actual === 'failed') {
      const fields = { reservation: taken.id, ...traceFields(lease.traceparent) }
      log.warn({ ...fields, reason: next.lastError }, 'a reservation failed')
    }
  }

  const loop = startLeaseLoop<Taken>({
    ...limits,
    name: 'reservations',
    // One at a time finds out whether the service is back; the others wait in the table.
    claim: (token, limit) => queue.claim(token, service.isWell?.() === false ? 1 : limit),
    renew: queue.renew,
    handle,
    log,
    tracer,
    onEvent,
  })
  return loop
}

/** Makes the calls that there are to make, to what is to be written down. */
async function drive(taken: Taken, deps: ReservationWorkerDeps, waiting: Waiting): Promise<Next> {
  const { service, limits, draw = Math.random } = deps
  let step = firstStep(taken)
  while (step.do !== 'write') {
    step = nextStep(taken, await call(step, taken, service, waiting), limits, draw)
  }
  return step.next
}

type CallStep = Exclude<Step, { do: 'write' }>

async function call(
  step: CallStep,
  { id, item }: Taken,
  service: ReservationService,
  waiting: Waiting,
): Promise<Called> {
  if (waiting.signal.aborted) return cut(step)
  switch (step.do) {
    case 'reserve': {
      const { isRepeat } = step
      const outcome = await service.reserve({ key: id, item }, waiting)
      return { call: 'reserve', isRepeat, outcome }
    }
    case 'find': {
      const outcome = (await service.findByKey?.(id, waiting)) ?? ({ kind: 'unsupported' } as const)
      return { call: 'find', outcome }
    }
    case 'release': {
      const { externalId } = step
      return { call: 'release', externalId, outcome: await service.release(externalId, waiting) }
    }
  }
}

function cut(step: CallStep): Called {
  const outcome = { kind: 'cut' } as const
  if (step.do === 'release') return { call: 'release', externalId: step.externalId, outcome }
  if (step.do === 'reserve') return { call: 'reserve', isRepeat: step.isRepeat, outcome }
  return { call: 'find', outcome }
}

function outcomeOf({ actual }: Next): Outcome {
  if (actual === 'held') return 'reserved'
  return actual === 'released' || actual === 'failed' ? actual : 'again'
}
