import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiConfig } from '../../config/config'
import { newClosers } from '../../internal/cli/closers'
import type { Running } from '../../internal/cli/program'
import { databaseUnavailable } from '../../internal/fault/fault'
import { newAddressOf } from '../../internal/http/address'
import { systemIds } from '../../internal/id/id'
import type { Log } from '../../internal/log/log'
import { openDatabase } from '../../internal/postgres/database'
import type { AccountStore } from '../../pkg/account/account'
import { newAccountApp } from '../../pkg/account/app/account'
import { newOwnership } from '../../pkg/account/app/ownership'
import { newAccountStore } from '../../pkg/account/sql/store'
import { newCredentialStore } from '../../pkg/credential/sql/store'
import { newHoldAccess } from '../../pkg/hold/app/access'
import { newHoldApp } from '../../pkg/hold/app/hold'
import type { HoldStore } from '../../pkg/hold/hold'
import { newHoldStore } from '../../pkg/hold/sql/store'
import { newLedger } from '../../pkg/transaction/app/ledger'
import { newBalanceApp } from '../../pkg/transaction/app/balance'
import { newRoller } from '../../pkg/transaction/app/roll-up'
import { newTransactionAccess } from '../../pkg/transaction/app/access'
import { newTransactionApp } from '../../pkg/transaction/app/transaction'
import { newTransactionStore } from '../../pkg/transaction/sql/store'
import type { GroupWatch } from '../../pkg/transaction/group-watch'
import type { TransactionStore } from '../../pkg/transaction/transaction'
import { newUserApp } from '../../pkg/user/app/user'
import { newUserStore } from '../../pkg/user/sql/store'
import type { UserStore } from '../../pkg/user/user'
import { newMetrics } from '../../internal/metrics/metrics'
import { openTracer } from '../../internal/trace/open'
import { tellOfApi } from './metrics'
import { closeWithin } from '../../internal/cli/close-within'
import { companions } from './wiring/checkout'
import { newGroupWatch } from './wiring/group-watch'
import { startCommerce } from './wiring/commerce'
import { startHttp } from './wiring/http'
import { openPools, type Pools } from './wiring/pools'
import { refuseToStart, whyNotReady } from './readiness'
import { newRateLimits, openCounter } from './wiring/rate-limit'
import { newReaders } from './wiring/readers'
import { newRoutes, type Apps } from './routes'
import { newSignIns } from './wiring/sign-in'
import { startSealing } from './wiring/sealing'
import { startRpc } from './wiring/rpc'

export interface ApiDeps {
  log: Log
  version: string
}

/** The API; the ports are the ones that were bound. */
export interface Api extends Running {
  port: number
  /** Undefined when nothing is served over gRPC. */
  rpcPort: number | undefined
  /** Where the services of others are played; undefined when they are not. */
  simulatorUrl: string | undefined
}

/** Wires everything together and serves. Closing answers what was taken in, then lets go. */
export async function run(config: ApiConfig, { log, version }: ApiDeps): Promise<Api> {
  const closers = newClosers()
  try {
    const settings = await openDatabase(config.database, (step) => log.info(step))
    const pools = openPools(config, settings, log)
    const { pool, lanes, carts } = pools
    closers.add(pools.close)
    await refuseToStart(pool, config.database.role, log)

    const metrics = newMetrics()
    const tracer = await openTracer(config.trace, {
      service: 'tillbook-api',
      version,
      log,
      metrics,
    })
    if (tracer) closers.add(tracer.close)
    const groups = newGroupWatch(metrics, tracer)
    const stores = newStores(config, pools, (accountId) => roller.note(accountId), groups)
    const roller = newRoller({ store: stores.transactions, log })
    closers.add(roller.close)
    const apps = newApps(stores, config, systemIds, groups)
    closers.add(apps.ledger.close)
    const redis = await openCounter(config, log)
    closers.add(async () => redis?.close())
    const signIns = newSignIns(config, { store: newCredentialStore(pool), log, metrics, redis })
    const sealing = startSealing(config.seal, pools, { log, metrics })
    closers.add(sealing.close)
    const readers = newReaders(config, { pool, settings, log, closers })
    const rateLimit = newRateLimits(config, { redis, metrics })
    const { ledger } = apps
    const { passwords } = signIns
    const named = {
      api: pool,
      ledger: lanes,
      cart: carts,
      seal: pools.background,
      ...readers.pools,
    }
    tellOfApi(metrics, { ...readers, pools: named, ledger, passwords })
    const commerce = await startCommerce(config, {
      ...{ pool, carts, settings, ledger, log, metrics, tracer, closers },
    })
    const watch = { metrics, whyNotReady: () => whyNotReady(pool, config.database.role) }
    const routes = newRoutes({
      ...apps,
      ...commerce,
      ...readers,
      credentials: signIns.credentials,
      verification: sealing.verification,
      ...watch,
    })
    const { authenticate } = signIns
    const server = await startHttp(config, {
      ...{ routes, authenticate, rateLimit, metrics, tracer, log, version },
      faults: [databaseUnavailable],
      confirm: { isStill: signIns.authenticator.isStill, intervalMs: config.auth.recheck_ms },
    })
    // Here already: what follows may not start, as when its port is taken.
    closers.add(server.close)
    const addressOf = newAddressOf(config.auth.trusted_proxies)
    const rpc = await startRpc(config, {
      ...{ ...commerce, ...watch, authenticate, addressOf, rateLimit, log, tracer },
    })
    // Both at once: they have one time to close in.
    closers.add(() => Promise.all([server.close(), rpc?.close()]))
    return {
      port: server.port,
      rpcPort: rpc?.port,
      simulatorUrl: commerce.simulatorUrl,
      close: () => closeWithin(config.http.shutdown_timeout_ms, closers.close(), log),
    }
  } catch (error) {
    await closers.close()
    throw error
  }
}

/** The stores over PostgreSQL. */
export function newStores(
  { database, ledger }: ApiConfig,
  { pool, lanes }: Pick<Pools, 'pool' | 'lanes'>,
  onManyEntries: (accountId: string) => void,
  watch?: GroupWatch,
): Stores {
  const options = {
    onManyEntries,
    watch,
    companions,
    ownsSessions: database.prepared_statements,
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
export function newApps(
  stores: Stores,
  config: Pick<ApiConfig, 'ledger' | 'database'>,
  ids = systemIds,
  watch?: GroupWatch,
): Apps {
  const users = newUserApp({ users: stores.users, ids })
  const accounts = newAccountApp({ accounts: stores.accounts, ids })
  const limits = {
    lanes: config.ledger.lanes,
    behind: config.database.prepared_statements ? 1 : 0,
    groupRequestsMax: config.ledger.group_requests_max,
    queueRequestsMax: config.ledger.queue_requests_max,
    queueWaitMaxMs: config.ledger.queue_wait_ms_max,
  }
  const { transactions, holds } = stores
  const ownership = newOwnership({ accounts: stores.accounts })
  const ledger = newLedger(transactions, limits, watch)
  return {
    users,
    accounts,
    transactions: newTransactionApp({ ledger, transactions, accounts, users }),
    holds: newHoldApp({ ledger, holds }),
    balances: newBalanceApp({ accounts, transactions }),
    ledger,
    ownership,
    transactionAccess: newTransactionAccess({ ownership, transactions }),
    holdAccess: newHoldAccess({ ownership, holds }),
  }
}
