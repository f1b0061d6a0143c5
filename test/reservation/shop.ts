import { newLog, type Log } from '../../internal/log/log'
import { newPool, type Pool } from '../../internal/postgres/pool'
import { startSimulator, type Simulator } from '../../internal/simulator/simulator'
import { startWorkerParts, type WorkConfig, type WorkerParts } from '../../cmd/worker/wiring/parts'
import { worker as workerConfig } from '../../config/schema'
import { newMetrics, type Metrics } from '../../internal/metrics/metrics'
import { connectionSettings, newDatabase } from '../harness/database'
import { silentLog } from '../harness/log'
import { startProxy } from '../harness/proxy'
import { newCarts, openStore } from './cart'

export interface ShopOptions {
  reserveDelayMs?: number
  batch?: boolean
  seed?: number
  withProxy?: boolean
}

export type Shop = Awaited<ReturnType<typeof openShop>>

/** A database with a shop in it, and the world outside: carts are filled by SQL, as a cart's own does. */
export async function openShop({ withProxy, ...outside }: ShopOptions = {}) {
  const database = await newDatabase()
  // Between the workers and their database, for it to be away.
  const proxy = withProxy ? await startProxy(database.url) : undefined
  const db = newPool(connectionSettings(database.url), silentLog(), { program: 'tillbook-test' })
  const simulator = await startSimulator({
    ...{ host: '127.0.0.1', port: 0, delayScale: 1, log: silentLog() },
    ...{ reserveDelayMs: 5, batch: false, seed: 1, ...outside },
  })
  const started: WorkerParts[] = []
  const sql = async <T>(text: string, values: unknown[] = []) =>
    (await db.query({ text, values })).rows as T[]

  await openStore(sql)

  return {
    database,
    proxy,
    db,
    simulator,
    sql,
    ...newCarts(sql),
    /** The worker's parts in this process, with short times. */
    startWorker: (changes: WorkerChanges = {}) => {
      const parts = startParts(proxy?.url ?? database.url, simulator, changes)
      started.push(parts)
      return parts
    },
    /** What the service has of each reservation: nothing twice, and nothing that nobody wants. */
    held: () => simulator.state().reservations,
    async close() {
      await Promise.all(started.map((parts) => parts.close()))
      await simulator.close()
      await proxy?.close()
      await db.close()
      await database.close()
    },
  }
}

export interface WorkerChanges {
  upstream?: Partial<WorkConfig['upstreams']['reservation']>
  reservation?: Partial<WorkConfig['worker']['reservation']>
  worker?: Record<string, number>
  log?: Log
  metrics?: Metrics
}

/** Times a hundredth of the usual, so that what takes a minute takes half a second. */
export function workConfig(url: string, { upstream, reservation, worker }: WorkerChanges) {
  return {
    upstreams: {
      reservation: { url, timeout_ms: 2_000, circuit_open_ms: 300, ...upstream },
    },
    worker: {
      ...{ lease_ms: 900, renew_interval_ms: 200, poll_interval_ms: 20, grace_ms: 200, ...worker },
      reservation: { backoff_base_ms: 10, backoff_ms_max: 100, busy_ms: 20, ...reservation },
    },
  }
}

function startParts(databaseUrl: string, simulator: Simulator, changes: WorkerChanges) {
  const log = changes.log ?? silentLog()
  const settings = connectionSettings(databaseUrl)
  const config = workerConfig.parse({
    environment: 'test',
    database: settings,
    ...workConfig(simulator.url, changes),
  })
  const pool: Pool = newPool(settings, log, { program: 'tillbook-test worker' })
  const parts = startWorkerParts(config, { pool, log, metrics: changes.metrics ?? newMetrics() })
  let closing: Promise<void> | undefined
  const close = () => (closing ??= parts.close().then(pool.close))
  return { ...parts, close }
}

/** A log whose lines a test reads. */
export function newLogRecorder() {
  const lines: { level: string; msg: string }[] = []
  const write = (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number])
  return { log: newLog({ level: 'info', format: 'json' }, { write }), lines }
}
