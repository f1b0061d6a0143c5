import type { ApiConfig } from '../../../config/config'
import type { Log } from '../../../internal/log/log'
import type { Metrics } from '../../../internal/metrics/metrics'
import type { Tracer } from '../../../internal/trace/tracer'
import type { ConnectionSettings } from '../../../internal/postgres/connection'
import { newPool, type Pool } from '../../../internal/postgres/pool'
import { tellOfPools } from '../../../internal/postgres/pool-metrics'
import { newReservationApp } from '../../../pkg/reservation/app/reservation'
import { newWatch } from '../../../pkg/reservation/app/watch'
import { newReservationStore } from '../../../pkg/reservation/sql/store'
import { startWork } from './work'

// Of what works in the background and of the one who looks what is new, which no request waits for.
const connectionsMax = 4

interface ReservingDeps {
  pool: Pool
  settings: ConnectionSettings
  log: Log
  metrics: Metrics
  tracer: Tracer | undefined
}

/** What users and operators see of reservations, and the work on them when it is done in this process. */
export function startReserving(config: ApiConfig, deps: ReservingDeps) {
  const { pool, settings, log, metrics, tracer } = deps
  const background = newPool(settings, log, { program: 'tillbook-api work', connectionsMax })
  tellOfPools(metrics, { work: background })
  const work = startWork(config, { pool: background, log, metrics, tracer })
  const watch = newWatch({
    store: newReservationStore(background),
    streamsMax: config.watch.streams_max,
    streamsOfUserMax: config.watch.streams_of_user_max,
    pollIntervalMs: config.watch.poll_interval_ms,
    onFailure: (err) => log.warn({ err }, 'changes of reservations cannot be read; trying on'),
  })
  metrics.gauge({
    name: 'tillbook_reservation_streams_open',
    help: 'Streams of reservations that are open.',
    read: watch.open,
  })
  const reservations = newReservationApp({
    reservations: newReservationStore(pool),
    nudge: work.nudgeReservations,
  })
  const close = async () => {
    await work.close()
    await background.close()
  }
  return { reservations, watch, work, close }
}
