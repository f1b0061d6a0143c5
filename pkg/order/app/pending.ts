import type { Ids } from '../../../internal/id/id'
import { startLeaseLoop, type Lease, type LeaseEvent } from '../../../internal/lease/lease'
import type { Log } from '../../../internal/log/log'
import { traceFields } from '../../../internal/trace/traceparent'
import type { Tracer } from '../../../internal/trace/tracer'
import { judge, type OrderServices } from '../lookup'
import { toCreatedMessage } from '../message'
import {
  handBack,
  nextStep,
  type Claim,
  type NextStep,
  type PendingOrder,
  type PendingOrderStore,
  type Persistence,
} from '../pending'
import { lookUpBoth } from './look-up'

export interface PendingOrderDeps {
  orders: PendingOrderStore
  /** With time-outs that outlast the slowest answer, and apart from those that requests wait for. */
  services: OrderServices
  ids: Ids
  log: Log
  limits: PendingOrderLimits
  /** Told of each order that was created, so that nobody has to look for its message. */
  onCreated?(): void
  tracer?: Tracer | undefined
  onEvent?: ((event: LeaseEvent) => void) | undefined
}

export interface PendingOrderLimits extends Persistence {
  /** For both look-ups of one attempt together. */
  timeoutMs: number
  inFlightMax: number
  /** An order whose worker is gone is taken over after so long. */
  leaseMs: number
  renewMs: number
  /** Between two looks when nobody nudges. */
  pollMs: number
  /** How long closing waits for answers before the orders are handed back. */
  graceMs: number
}

export interface PendingOrders {
  /** An order was saved as pending in this process: look now. */
  nudge(): void
  inFlight(): number
  /** Hands back what is still waited for, as if it had never been tried. */
  close(): Promise<void>
}

/** Asks on for orders that could not be created at once, until they are, or have failed. */
export function startPendingOrders(deps: PendingOrderDeps): PendingOrders {
  const { orders, log, limits, tracer, onEvent } = deps
  const { leaseMs, renewMs, inFlightMax, pollMs, graceMs } = limits
  return startLeaseLoop<PendingOrder>({
    name: 'pending orders',
    claim: (token, limit) => orders.claim({ token, leaseMs, limit }),
    renew: (token, ids) => orders.renew({ token, ids, leaseMs }),
    handle: (order, lease) => attempt(deps, order, lease),
    ...{ renewMs, inFlightMax, pollMs, graceMs, log, tracer, onEvent },
  })
}

async function attempt(deps: PendingOrderDeps, order: PendingOrder, lease: Lease): Promise<void> {
  const { services, limits, log } = deps
  const { signal, token, traceparent } = lease
  const wanted = { ...order, traceparent }
  const findings = await lookUpBoth(services, wanted, { budgetMs: limits.timeoutMs, signal })
  const judgement = judge(findings)
  const step =
    signal.aborted && judgement.status === 'pending'
      ? handBack(judgement.known, order)
      : nextStep(order, judgement, limits, Math.random())
  const isOurs = await write(deps, order, { id: order.id, token }, step)
  const fields = { order_id: order.id, step: step.status, ...traceFields(traceparent) }
  if (!isOurs) log.info(fields, 'another worker has taken the order over')
  else if (step.status === 'fail') log.warn({ ...fields, failure: step.failure }, 'an order failed')
  else log.debug(fields, 'an order was looked after')
}

async function write(
  { orders, ids, onCreated }: PendingOrderDeps,
  order: PendingOrder,
  claim: Claim,
  step: NextStep,
): Promise<boolean> {
  if (step.status === 'postpone') return orders.postpone(claim, step.known, step)
  if (step.status === 'fail') return orders.fail(claim, step.known, step)
  const message = toCreatedMessage({ ...order, ...step.whole }, ids.next())
  const isOurs = await orders.complete(claim, step.whole, message)
  if (isOurs) onCreated?.()
  return isOurs
}
