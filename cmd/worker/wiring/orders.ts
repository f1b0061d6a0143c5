import { systemIds } from '../../../internal/id/id'
import { newLeaseMetrics } from '../../../internal/lease/metrics'
import { newMetrics } from '../../../internal/metrics/metrics'
import { newMeasuredUpstream } from '../../../internal/upstream/metrics'
import { startPendingOrders, type PendingOrders } from '../../../pkg/order/app/pending'
import { newOrderServices } from '../../../pkg/order/http/services'
import { newPendingOrderStore } from '../../../pkg/order/sql/pending'
import { countPending } from './pending-counts'
import type { WorkConfig, WorkDeps } from './parts'

type OrderWorkDeps = Pick<WorkDeps, 'pool' | 'log' | 'tracer'> & Partial<Pick<WorkDeps, 'metrics'>>

/**
 * Goes on with pending orders, when there are services to ask. Its calls are apart from those that
 * requests wait for: calls that last a minute would fill the same bulkheads.
 */
export function startOrders(
  { upstreams, worker }: WorkConfig,
  { metrics = newMetrics(), ...deps }: OrderWorkDeps,
  onCreated?: () => void,
): PendingOrders {
  const { pool, log, tracer } = deps
  const { user, product } = upstreams
  const orders = newPendingOrderStore(pool)
  const counting = countPending(orders, { metrics, log })
  if (user.url === undefined || product.url === undefined) {
    log.warn('no user or no product service is configured: orders by product code stay pending')
    return { nudge: () => {}, inFlight: () => 0, close: counting.stop }
  }
  const leases = newLeaseMetrics(metrics, 'pending orders')
  const open = (name: 'user' | 'product', url: string) => {
    const openMs = upstreams[name].circuit_open_ms
    return openUpstream({ name, baseUrl: url, breaker: { openMs } }, worker.order, {
      ...deps,
      metrics,
    })
  }
  const pending = startPendingOrders({
    orders,
    services: newOrderServices({
      users: open('user', user.url),
      products: open('product', product.url),
    }),
    ...{ ids: systemIds, log, tracer, limits: limitsOf(worker), onEvent: leases.onEvent },
    ...(onCreated && { onCreated }),
  })
  leases.watch(pending)
  const close = async () => void (await Promise.all([pending.close(), counting.stop()]))
  return { ...pending, close }
}

function limitsOf({ order, ...worker }: WorkConfig['worker']) {
  return {
    timeoutMs: order.timeout_ms,
    attemptsMax: order.attempts_max,
    backoffBaseMs: order.backoff_base_ms,
    backoffMsMax: order.backoff_ms_max,
    busyMs: order.busy_ms,
    inFlightMax: order.in_flight_max,
    leaseMs: worker.lease_ms,
    renewMs: worker.renew_interval_ms,
    pollMs: worker.poll_interval_ms,
    graceMs: worker.grace_ms,
  }
}

/** Without retries: an attempt that fails is made again later, and that is counted. */
function openUpstream(
  service: { name: string; baseUrl: string; breaker: { openMs: number } },
  order: WorkConfig['worker']['order'],
  { log, tracer, metrics }: Omit<WorkDeps, 'pool'>,
) {
  const { timeout_ms: timeoutMs, in_flight_max: inFlightMax } = order
  const limits = { timeoutMs, retries: 0, inFlightMax, queueMax: 0 }
  return newMeasuredUpstream({ ...service, log, tracer, ...limits }, { metrics, caller: 'worker' })
}
