import { newMetrics, type Metrics } from '../../internal/metrics/metrics'
import type { Pool } from '../../internal/postgres/pool'
import type { Readers } from './routes'

/** What the API tells Prometheus, beyond its requests and the process. */
export function newApiMetrics(
  pools: Record<string, Pool>,
  { statements, events }: Pick<Readers, 'statements' | 'events'>,
): Metrics {
  const metrics = newMetrics()
  metrics.gauge({
    name: 'tillbook_pool_connections',
    help: 'Connections to the database: total, idle, and how many requests wait for one.',
    read: () =>
      Object.entries(pools).flatMap(([pool, { counts }]) =>
        Object.entries(counts()).map(([state, value]) => ({ labels: { pool, state }, value })),
      ),
  })
  metrics.gauge({
    name: 'tillbook_statements_open',
    help: 'Statements being read.',
    read: statements.open,
  })
  metrics.gauge({
    name: 'tillbook_event_streams_open',
    help: 'Event streams that are open.',
    read: events.open,
  })
  return metrics
}
