import type { WorkerConfig } from '../../../config/config'
import { newClosers } from '../../../internal/cli/closers'
import type { Log } from '../../../internal/log/log'
import type { Metrics } from '../../../internal/metrics/metrics'
import type { Tracer } from '../../../internal/trace/tracer'
import type { Pool } from '../../../internal/postgres/pool'
import { startForgetting } from './forgetting'
import { startOrders } from './orders'
import { startRelaying } from './relay'
import { startReservations } from './reservations'

/** The sections of the configuration that the background work needs. */
export type WorkConfig = Pick<WorkerConfig, 'broker' | 'upstreams' | 'worker'>

export interface WorkDeps {
  pool: Pool
  log: Log
  metrics: Metrics
  tracer?: Tracer | undefined
}

/** The background work of one process. */
export interface WorkerParts {
  /** An order was saved as pending in this process. */
  nudgeOrders(): void
  /** An order was created in this process, and its message with it. */
  nudgeRelay(): void
  /** A reservation became due in this process. */
  nudgeReservations(): void
  /** Takes nothing more up, finishes or hands back what is under way. */
  close(): Promise<void>
}

/** Starts all background work: in cmd/worker, or inside the API where the two are one process. */
export function startWorkerParts(config: WorkConfig, deps: WorkDeps): WorkerParts {
  const closers = newClosers()
  const relay = startRelaying(config, deps)
  closers.add(relay.close)
  const reservations = startReservations(config, deps)
  const orders = startOrders(config, deps, relay.nudge)
  // Side by side: one after the other, the second would go on claiming meanwhile, and its own grace may be too late.
  closers.add(() => Promise.all([orders.close(), reservations.close()]))
  closers.add(startForgetting(config, deps).close)
  return {
    nudgeOrders: orders.nudge,
    nudgeRelay: relay.nudge,
    nudgeReservations: reservations.nudge,
    close: closers.close,
  }
}
