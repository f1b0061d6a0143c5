import type { Metrics } from '../metrics/metrics'
import type { Pool } from './pool'

/** Tells Prometheus of pools, by name. */
export function tellOfPools(metrics: Metrics, pools: Record<string, Pick<Pool, 'counts'>>): void {
  metrics.gauge({
    name: 'tillbook_pool_connections',
    help: 'Connections to the database: total, idle, and how many requests wait for one.',
    read: () =>
      Object.entries(pools).flatMap(([pool, { counts }]) =>
        Object.entries(counts()).map(([state, value]) => ({ labels: { pool, state }, value })),
      ),
  })
}
