import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiConfig } from '../../config/config'
import { newClosers, type Closers } from '../../internal/cli/closers'
import type { Running } from '../../internal/cli/program'
import { databaseUnavailable } from '../../internal/fault/fault'
import { newHttpApp } from '../../internal/http/app'
import { startServer } from '../../internal/http/server'
import { streamLimits } from '../../internal/http/stream'
import { systemIds } from '../../internal/id/id'
import type { Log } from '../../internal/log/log'
import type { ConnectionSettings } from '../../internal/postgres/connection'
import { openDatabase } from '../../internal/postgres/database'
import { newPool, type Pool } from '../../internal/postgres/pool'
import type { AccountStore } from '../../pkg/account/account'
import { newAccountApp } from '../../pkg/account/app/account'
import { newAccountStore } from '../../pkg/account/sql/store'
import { newHoldApp } from '../../pkg/hold/app/hold'
import type { HoldStore } from '../../pkg/hold/hold'
import { newHoldStore } from '../../pkg/hold/sql/store'
import { newLedger } from '../../pkg/transaction/app/ledger'
import { newEventApp } from '../../pkg/event/app/event'
import { newEventStore } from '../../pkg/event/sql/store'
import { newStatementApp } from '../../pkg/statement/app/statement'
import { newStatementStore } from '../../pkg/statement/sql/store'
import { newTransactionApp } from '../../pkg/transaction/app/transaction'
import { newTransactionStore } from '../../pkg/transaction/sql/store'
import type { TransactionStore } from '../../pkg/transaction/transaction'
import { newUserApp } from '../../pkg/user/app/user'
import { newUserStore } from '../../pkg/user/sql/store'
import type { UserStore } from '../../pkg/user/user'
import { refuseToStart, whyNotReady } from './readiness'
import { newApiMetrics } from './metrics'
import { newRoutes, type Apps } from './routes'

export interface ApiDeps {
  log: Log
  version: string
}

/** The API; `port` is the one that was bound. */
export interface Api extends Running {
  port: number
}

/** Wires everything together and serves. Closing answers what was taken in, then lets go. */
export async function run(config: ApiConfig, { log, version }: ApiDeps): Promise<Api> {
  const closers = newClosers()
  try {
    const settings = await openDatabase(config.database, (step) => log.info(step))
    const { pool, lanes } = openPools(config, settings, log)
    closers.add(pool.close)
    closers.add(lanes.close)
    await refuseToStart(pool, config.database.role, log)

    const apps = newApps(newStores(config, pool, lanes), config)
    closers.add(apps.ledger.close)
    const readers = newReaders(config, { pool, settings, log, closers })
    const metrics = newApiMetrics({ api: pool, ledger: lanes, ...readers.pools }, readers)
    const { http } = config
    const app = newHttpApp({
      routes: newRoutes({
        ...apps,
        ...readers,
        metrics,
        whyNotReady: () => whyNotReady(pool, config.database.role),
      }),
      faults: [databaseUnavailable],
      info: { title: 'Tillbook', version },
      log,
      bodyBytesMax: http.body_bytes_max,
      requestTimeoutMs: http.request_timeout_ms,
      observe: metrics.observeRequest,
      streamLimits: { wholeTimeoutMs: http.stream_timeout_ms },
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
    return { port: server.port, close: closers.close }
  } catch (error) {
    await closers.close()
    throw error
  }
}

// Rows are looked up by index even where a table is so small that a scan would be cheaper: under
// SERIALIZABLE a scan counts as having read every row. And a plan is made once, not for each group.
const laneSession = '-c enable_seqscan=off -c plan_cache_mode=force_generic_plan'

/** Reading and group commits on pools of their own, so that readers cannot keep a commit waiting. */
function openPools({ ledger }: ApiConfig, settings: ConnectionSettings, log: Log) {
  return {
    pool: newPool(settings, log, { program: 'tillbook-api' }),
    lanes: newPool({ ...settings, lock_timeout_ms: ledger.lock_timeout_ms }, log, {
      program: 'tillbook-api ledger',
      connectionsMax: ledger.lanes,
      pipeline: true,
      sessionOptions: laneSession,
    }),
  }
}

/** The server ends a transaction later than we do, for a process that can do nothing any more. */
const snapshotGraceMs = 5_000

/** For the one who looks what is new, and for the streams that catch up. */
const eventConnections = 2

interface ReaderDeps {
  pool: Pool
  settings: ConnectionSettings
  log: Log
  closers: Closers
}

/** What reads for long does so on connections of its own. */
function newReaders({ statement, event }: ApiConfig, deps: ReaderDeps) {
  const { pool, settings, log, closers } = deps
  const openPool = (name: string, connectionsMax: number) => {
    const own = newPool(settings, log, { program: `tillbook-api ${name}`, connectionsMax })
    closers.add(own.close)
    return own
  }
  const concurrentMax = statement.concurrent_max
  const pools = {
    statement: openPool('statement', concurrentMax),
    event: openPool('event', eventConnections),
  }
  const statements = newStatementStore({
    pool: pools.statement,
    limits: { idleTimeoutMs: streamLimits.idleTimeoutMs + snapshotGraceMs },
  })
  const events = newEventApp({
    pages: newEventStore(pool),
    live: newEventStore(pools.event),
    streamsMax: event.streams_max,
    pollIntervalMs: event.poll_interval_ms,
    onFailure: (err) => log.warn({ err }, 'new events cannot be read; trying on'),
  })
  return { statements: newStatementApp({ statements, concurrentMax }), events, pools }
}

function newStores({ ledger }: ApiConfig, pool: Pool, lanes: Pool): Stores {
  const options = {
    attemptsMax: ledger.attempts_max,
    outcomeTimeoutMs: ledger.outcome_timeout_ms,
    sleep,
  }
  return {
    users: newUserStore(pool),
    accounts: newAccountStore(pool),
    transactions: newTransactionStore({ pool, lanes, ids: systemIds, options }),
    holds: newHoldStore(pool),
  }
}

export interface Stores {
  users: UserStore
  accounts: AccountStore
  transactions: TransactionStore
  holds: HoldStore
}

/** The use cases over any stores: PostgreSQL here, others in the benchmark. */
export function newApps(stores: Stores, config: Pick<ApiConfig, 'ledger'>, ids = systemIds): Apps {
  const users = newUserApp({ users: stores.users, ids })
  const accounts = newAccountApp({ accounts: stores.accounts, ids })
  const limits = {
    lanes: config.ledger.lanes,
    groupRequestsMax: config.ledger.group_requests_max,
    queueRequestsMax: config.ledger.queue_requests_max,
    queueWaitMaxMs: config.ledger.queue_wait_ms_max,
  }
  const { transactions, holds } = stores
  const ledger = newLedger(transactions, limits)
  return {
    users,
    accounts,
    transactions: newTransactionApp({ ledger, transactions, accounts, users }),
    holds: newHoldApp({ ledger, holds }),
    ledger,
  }
}
