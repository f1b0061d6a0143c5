import type { ApiConfig } from '../../../config/config'
import type { Closers } from '../../../internal/cli/closers'
import type { Log } from '../../../internal/log/log'
import type { Metrics } from '../../../internal/metrics/metrics'
import type { Tracer } from '../../../internal/trace/tracer'
import type { ConnectionSettings } from '../../../internal/postgres/connection'
import type { Pool } from '../../../internal/postgres/pool'
import type { OrderStatus } from '../../../pkg/order/order'
import type { Ledger } from '../../../pkg/transaction/app/ledger'
import type { Commerce } from '../routes'
import { newCheckout } from './checkout'
import { newDemoUser } from './demo-user'
import { newOrders } from './orders'
import { withOutsideWorld } from './outside'
import { startReserving } from './reserving'
import { newShop } from './shop'

export interface CommerceDeps {
  pool: Pool
  /** For adding to carts. */
  carts: Pool
  settings: ConnectionSettings
  ledger: Ledger
  log: Log
  metrics: Metrics
  tracer: Tracer | undefined
  closers: Closers
}

/** What is served of it, and what runs behind it. */
export interface RunningCommerce extends Commerce {
  /** Undefined when the services are elsewhere, or nowhere. */
  simulatorUrl: string | undefined
}

/** Carts, reservations, orders and checkouts, and the work on them when it is done in this process. */
export async function startCommerce(
  given: ApiConfig,
  deps: CommerceDeps,
): Promise<RunningCommerce> {
  const { pool, ledger, closers } = deps
  const { config, simulatorUrl } = await withOutsideWorld(given, { log: deps.log, closers })
  const { reservations, watch, work, close } = startReserving(config, deps)
  closers.add(close)
  const onSaved = (status: OrderStatus) =>
    status === 'pending' ? work.nudgeOrders() : work.nudgeRelay()
  const admit = newDemoUser(pool, config.auth.demo_operator)
  const { store_id: defaultStoreId } = config.shop
  return {
    ...newShop(pool, config.shop, { admit, adds: deps.carts }),
    orders: newOrders(config, { ...deps, onSaved, admit }),
    checkouts: newCheckout({ pool, ledger, defaultStoreId, onOrdered: work.nudgeRelay }),
    reservations,
    watch,
    simulatorUrl,
  }
}
