import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiConfig } from '../../config/config'
import { newClosers } from '../../internal/cli/closers'
import type { Running } from '../../internal/cli/program'
import { databaseUnavailable } from '../../internal/fault/fault'
import { newAdmission } from '../../internal/http/admission'
import { newHttpApp } from '../../internal/http/app'
import { startServer } from '../../internal/http/server'
import { systemIds } from '../../internal/id/id'
import type { Log } from '../../internal/log/log'
import { openDatabase } from '../../internal/postgres/database'
import type { AccountStore } from '../../pkg/account/account'
import { newAccountApp } from '../../pkg/account/app/account'
import { newAccountStore } from '../../pkg/account/sql/store'
import { newHoldApp } from '../../pkg/hold/app/hold'
import type { HoldStore } from '../../pkg/hold/hold'
import { newHoldStore } from '../../pkg/hold/sql/store'
import { newLedger } from '../../pkg/transaction/app/ledger'
import { newBalanceApp } from '../../pkg/transaction/app/balance'
import { newRoller } from '../../pkg/transaction/app/roll-up'
import { newTransactionApp } from '../../pkg/transaction/app/transaction'
import { newTransactionStore } from '../../pkg/transaction/sql/store'
import type { TransactionStore } from '../../pkg/transaction/transaction'
import { newUserApp } from '../../pkg/user/app/user'
import { newUserStore } from '../../pkg/user/sql/store'
import type { UserStore } from '../../pkg/user/user'
import { newApiMetrics } from './metrics'
import { closeWithin } from './wiring/close'
import { openPools, type Pools } from './wiring/pools'
import { refuseToStart, whyNotReady } from './readiness'
import { newReaders } from './wiring/readers'
import { newRoutes, type Apps } from './routes'
import { startSealing } from './wiring/sealing'

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
    const pools = openPools(config, settings, log)
    const { pool, lanes } = pools
    closers.add(pools.close)
    await refuseToStart(pool, config.database.role, log)

    const stores = newStores(config, pools, (accountId) => roller.note(accountId))
    const roller = newRoller({ store: stores.transactions, log })
    closers.add(roller.close)
    const apps = newApps(stores, config)
    closers.add(apps.ledger.close)
    const sealing = startSealing(config.seal, pools, log)
    closers.add(sealing.close)
    const readers = newReaders(config, { pool, settings, log, closers })
    const metrics = newApiMetrics({ api: pool, ledger: lanes, ...readers.pools }, readers)
    const { http } = config
    const routes = newRoutes({
      ...apps,
      ...readers,
      verification: sealing.verification,
      metrics,
      whyNotReady: () => whyNotReady(pool, config.database.role),
    })
    const app = newHttpApp({
      routes,
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
      app: newAdmission({
        app,
        routes,
        requestsMax: http.requests_max,
        largeRequestsMax: http.large_requests_max,
        log,
      }),
      host: http.host,
      port: http.port,
      shutdownTimeoutMs,
      log,
    })
    closers.add(server.close)
    return { port: server.port, close: () => closeWithin(shutdownTimeoutMs, closers.close(), log) }
  } catch (error) {
    await closers.close()
    throw error
  }
}

function newStores(
  { database, ledger }: ApiConfig,
  { pool, lanes }: Pools,
  onManyEntries: (accountId: string) => void,
): Stores {
  const options = {
    onManyEntries,
    takesTurns: database.prepared_statements,
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
    balances: newBalanceApp({ accounts, transactions }),
    ledger,
  }
}
