import type { ApiConfig } from '../../../config/config'
import { newSystemClock } from '../../../internal/clock/clock'
import { systemIds } from '../../../internal/id/id'
import type { Log } from '../../../internal/log/log'
import type { Pool } from '../../../internal/postgres/pool'
import { newMetrics, type Metrics } from '../../../internal/metrics/metrics'
import type { Tracer } from '../../../internal/trace/tracer'
import { newMeasuredUpstream } from '../../../internal/upstream/metrics'
import type { Upstream } from '../../../internal/upstream/upstream'
import { newOrderApp, type OrderApp, type OrderAppDeps } from '../../../pkg/order/app/order'
import { newOrderServices } from '../../../pkg/order/http/services'
import type { OrderStatus } from '../../../pkg/order/order'
import { newOrderStore } from '../../../pkg/order/sql/store'

interface OrdersDeps {
  pool: Pool
  log: Log
  metrics?: Metrics
  tracer?: Tracer | undefined
  /** A pending order has to be looked up in the background, a created one to be published. */
  onSaved(status: OrderStatus): void
  admit?: OrderAppDeps['admit']
}

/** The use cases that requests wait for, and the services behind them. */
export function newOrders(
  { orders, upstreams }: Pick<ApiConfig, 'orders' | 'upstreams'>,
  deps: OrdersDeps,
): OrderApp {
  const { pool, onSaved, admit } = deps
  const user = openUpstream('user', upstreams.user, deps)
  const product = openUpstream('product', upstreams.product, deps)
  return newOrderApp({
    orders: newOrderStore(pool),
    services: newOrderServices({ users: user, products: product }),
    ids: systemIds,
    clock: newSystemClock(),
    currency: orders.currency,
    budgetMs: orders.budget_ms,
    onSaved,
    admit,
  })
}

function openUpstream(
  name: string,
  settings: ApiConfig['upstreams']['user'],
  { log, tracer, metrics = newMetrics() }: OrdersDeps,
): Upstream | undefined {
  if (settings.url === undefined) return undefined
  const options = {
    ...{ name, baseUrl: settings.url, log, tracer },
    timeoutMs: settings.timeout_ms,
    retries: settings.retries,
    inFlightMax: settings.in_flight_max,
    queueMax: settings.queue_max,
    breaker: { openMs: settings.circuit_open_ms },
  }
  return newMeasuredUpstream(options, { metrics, caller: 'request' })
}
