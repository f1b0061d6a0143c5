import type { WorkerConfig } from '../../config/config'
import { migrationNames } from '../../internal/build/build'
import { newClosers } from '../../internal/cli/closers'
import { closeWithin } from '../../internal/cli/close-within'
import type { Running } from '../../internal/cli/program'
import { stranger } from '../../internal/auth/principal'
import { databaseUnavailable, Fault, type FaultSpec } from '../../internal/fault/fault'
import { newHttpApp } from '../../internal/http/app'
import { healthRoutes } from '../../internal/http/health'
import { metricsRoutes } from '../../internal/http/metrics'
import { startServer } from '../../internal/http/server'
import type { Log } from '../../internal/log/log'
import { newMetrics } from '../../internal/metrics/metrics'
import { openDatabase } from '../../internal/postgres/database'
import { newPool, type Pool } from '../../internal/postgres/pool'
import { tellOfPools } from '../../internal/postgres/pool-metrics'
import { openTracer } from '../../internal/trace/open'
import { findLack } from '../../internal/postgres/schema-check'
import { startWorkerParts } from './wiring/parts'

export interface WorkerDeps {
  log: Log
  version: string
}

/** The worker; `port` is where its health and its metrics are told. */
export interface Worker extends Running {
  port: number
}

const notReady = {
  kind: 'unavailable',
  code: 'worker.not_ready',
  title: 'The worker cannot work at the moment',
} satisfies FaultSpec

/** Does the background work until it is closed, and tells how it is. */
export async function run(config: WorkerConfig, { log, version }: WorkerDeps): Promise<Worker> {
  const closers = newClosers()
  try {
    const settings = await openDatabase(config.database, (step) => log.info(step))
    const pool = newPool(settings, log, { program: 'tillbook-worker' })
    closers.add(pool.close)
    await refuseToStart(pool, log)
    const metrics = newMetrics()
    tellOfPools(metrics, { worker: pool })
    const tracing = { service: 'tillbook-worker', version, log, metrics }
    const tracer = await openTracer(config.trace, tracing)
    if (tracer) closers.add(tracer.close)
    const { http } = config
    const app = newHttpApp({
      routes: [
        ...healthRoutes({ whyNotReady: () => whyNotReady(pool), fault: notReady }),
        ...metricsRoutes({ metrics, readers: 'anyone' }),
      ],
      faults: [databaseUnavailable],
      info: { title: 'Tillbook worker', version },
      // No route asks who somebody is.
      authenticate: () => stranger,
      log,
      bodyBytesMax: http.body_bytes_max,
      requestTimeoutMs: http.request_timeout_ms,
      observe: metrics.observeRequest,
    })
    const shutdownTimeoutMs = http.shutdown_timeout_ms
    const server = await startServer({
      app,
      host: http.host,
      port: http.port,
      shutdownTimeoutMs,
      log,
    })
    closers.add(server.close)
    const parts = startWorkerParts(config, { pool, log, metrics, tracer })
    closers.add(parts.close)
    return { port: server.port, close: () => closeWithin(shutdownTimeoutMs, closers.close(), log) }
  } catch (error) {
    await closers.close()
    throw error
  }
}

/** A database that is away comes back by itself; another schema does not. */
async function refuseToStart(pool: Pool, log: Log): Promise<void> {
  try {
    const reason = await whyNotReady(pool)
    if (reason !== undefined) throw new Error(reason)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    log.warn({ err: error }, 'the database cannot be reached; waiting for it')
  }
}

/** While a new version is rolled out, or taken back, the old one works with a newer schema. */
function whyNotReady(pool: Pool): Promise<string | undefined> {
  return findLack(pool, migrationNames())
}
