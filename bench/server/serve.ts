import {
  newRoutes,
  type Apps,
  type Commerce,
  type Readers,
  type SignIns,
} from '../../cmd/api/routes'
import { run } from '../../cmd/api/run'
import { startHttp } from '../../cmd/api/wiring/http'
import type { ApiConfig } from '../../config/config'
import { version } from '../../internal/build/build'
import type { Running } from '../../internal/cli/program'
import type { Authenticate } from '../../internal/http/authorize'
import { newLog, type Log } from '../../internal/log/log'
import { newMetrics } from '../../internal/metrics/metrics'
import { newPool, type Pool } from '../../internal/postgres/pool'
import { newMemoryApi, type MemoryApi } from './memory'
import type { Served, StoreName } from './server'
import { newPgMemPool } from './pg-mem'
import { newPlainApps } from './plain'

// Requests queue for these connections, and the benchmark wants all of them to get through.
const patienceMs = 60_000

/** Serves one store in this process until the parent lets go; tells it the port and every 5xx. */
export async function serve(
  store: StoreName,
  config: ApiConfig,
  tell: (message: Served) => void,
): Promise<Omit<Serving, 'port'>> {
  const write = (line: string) => tell({ type: 'failure', entry: JSON.parse(line) as object })
  const log = newLog({ level: 'warn', format: 'json' }, { write })
  const { port, ...running } = await start(store, config, log)
  tell({ type: 'ready', port })
  return running
}

interface Serving extends Running {
  port: number
  refillCarts?(): Promise<void>
}

function start(store: StoreName, config: ApiConfig, log: Log): Promise<Serving> {
  switch (store) {
    case 'real':
      return run(config, { log, version: version() })
    // For a book whose millions came in at once, and would be sealed for minutes first.
    case 'unsealed':
      return run(
        { ...config, seal: { ...config.seal, enabled: false } },
        { log, version: version() },
      )
    case 'memory':
      return newMemoryApi(config, log).then((api) => listenTo(api, config, log))
    case 'plain':
      return listen(newPlainApps(config, openPlainPool(config, log)), config, log)
    case 'pg-mem':
      return listen(newPlainApps(config, newPgMemPool()), config, log)
  }
}

function openPlainPool({ database }: ApiConfig, log: Log): Pool {
  if (database.url === undefined) throw new Error('the plain store needs the URL of a database')
  const settings = {
    ...database,
    url: database.url,
    connect_timeout_ms: patienceMs,
    lock_timeout_ms: patienceMs,
    statement_timeout_ms: patienceMs,
  }
  // As many connections as the API has: with more, requests for one account fail each other more often.
  return newPool(settings, log, { program: 'tillbook-bench plain' })
}

// Served by the real store alone; the load asks no other for them.
const readers = {} as Readers & Commerce & SignIns

async function listenTo(api: MemoryApi, config: ApiConfig, log: Log): Promise<Serving> {
  const running = await listen(api.apps, config, log, api.authenticate)
  return { ...running, refillCarts: api.refillCarts }
}

const demo: Authenticate = () => ({ userId: 'demo', role: 'operator' })

/** The API over other use cases: its routes, with all that stands before them. */
function listen(apps: Apps, { http, auth }: ApiConfig, log: Log, authenticate = demo) {
  const metrics = newMetrics()
  const patient = { ...http, request_timeout_ms: patienceMs }
  return startHttp(
    { http: patient, auth },
    {
      ...{ authenticate, metrics, log, version: version(), faults: [] },
      routes: newRoutes({ ...readers, ...apps, metrics, whyNotReady: async () => undefined }),
      confirm: { isStill: async () => true, intervalMs: auth.recheck_ms },
    },
  )
}
