import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { newApps } from '../../cmd/api/run'
import type { Apps } from '../../cmd/api/routes'
import { ledgerSession } from '../../cmd/api/wiring/pools'
import { api as apiConfig } from '../../config/schema'
import type { Instant } from '../../internal/clock/instant'
import { systemIds } from '../../internal/id/id'
import { newPool, type Pool } from '../../internal/postgres/pool'
import type { Executor, Statement } from '../../internal/postgres/query'
import { newAccountStore } from '../../pkg/account/sql/store'
import { newHoldStore } from '../../pkg/hold/sql/store'
import { newTransactionStore } from '../../pkg/transaction/sql/store'
import type { Verdict } from '../../pkg/transaction/instruction'
import type { TransactionStore } from '../../pkg/transaction/transaction'
import { newUserStore } from '../../pkg/user/sql/store'
import { connectionSettings } from '../harness/database'
import { silentLog } from '../harness/log'
import { roundedUp } from './moment'

/** A database transaction of the ledger, and when it looked at the clock with its accounts locked. */
export interface Group {
  /** What the database answered: groups that share an account follow each other by it. */
  lockedAt: Instant
  /** What was given on to the ledger: the same, or on a clock that ticks in milliseconds. */
  now: Instant
}

/** Where in which group an answer was decided. */
export interface Place {
  group: Group
  index: number
}

/** Several instances of the API's use cases on one database, watched at their border to it. */
export interface Rig {
  instances: Apps[]
  /** Of an answer of the ledger, or of its first verdict: the very same object. */
  placeOf(answer: object): Place | undefined
  /** Runs a change of an account and tells when it had its lock, if it ever had. */
  watch<T>(work: () => Promise<T>): Promise<{ result: T; lockedAt: Instant | undefined }>
  /** For a look at the tables. */
  db: Pool
  clock: Clock
  /** The most groups that were ever under way at once. */
  groupsAtOnceMax(): number
  close(): Promise<void>
}

interface Clock {
  /** Whether the ledger's clock ticks in whole milliseconds, so that a hold ends exactly now. */
  isCoarse: boolean
}

export interface RigOptions {
  url: string
  instances: number
  lanes: number
  groupRequestsMax: number
}

interface Watched {
  lockedAt?: Instant
  now?: Instant
}

const watched = new AsyncLocalStorage<Watched>()

export function openRig({ url, instances, lanes, groupRequestsMax }: RigOptions): Rig {
  const places = new WeakMap<object, Place>()
  const clock: Clock = { isCoarse: false }
  const count = newCount()
  const pools: Pool[] = []
  const config = apiConfig.parse({
    environment: 'test',
    database: connectionSettings(url),
    ledger: { lanes, group_requests_max: groupRequestsMax, attempts_max: 200 },
  })

  function openPool(options: { connectionsMax: number; pipeline?: boolean }): Pool {
    // Generous: a busy machine is not what this is about.
    const limits = { statement_timeout_ms: 20_000, lock_timeout_ms: 10_000 }
    const session = options.pipeline ? { sessionOptions: ledgerSession } : {}
    const settings = connectionSettings(url, { ...limits, connect_timeout_ms: 10_000 })
    const pool = newPool(settings, silentLog(), { program: 'model', ...options, ...session })
    pools.push(pool)
    return pool
  }

  function openInstance(): Apps {
    const pool = watchLocks(openPool({ connectionsMax: 3 }))
    const lanePool = watchClock(openPool({ connectionsMax: lanes, pipeline: true }), clock)
    const options = {
      attemptsMax: config.ledger.attempts_max,
      outcomeTimeoutMs: 2000,
      ownsSessions: true,
      sleep,
    }
    const transactions = newTransactionStore({ pool, lanes: lanePool, ids: systemIds, options })
    const stores = {
      users: newUserStore(pool),
      accounts: newAccountStore(pool),
      transactions: { ...transactions, post: watchGroups(transactions.post, places, count) },
      holds: newHoldStore(pool),
    }
    return newApps(stores, config)
  }

  const apps = Array.from({ length: instances }, openInstance)
  return {
    instances: apps,
    placeOf: (answer) => places.get(answer),
    async watch(work) {
      const seen: Watched = {}
      const result = await watched.run(seen, work)
      return { result, lockedAt: seen.lockedAt }
    },
    db: openPool({ connectionsMax: 2 }),
    clock,
    groupsAtOnceMax: () => count.most,
    async close() {
      await Promise.all(apps.map(({ ledger }) => ledger.close()))
      await Promise.all(pools.map((pool) => pool.close()))
    },
  }
}

function newCount() {
  return { now: 0, most: 0 }
}

type Post = TransactionStore['post']

/** Remembers which answers came from one group, and in which order. */
function watchGroups(
  post: Post,
  places: WeakMap<object, Place>,
  count: ReturnType<typeof newCount>,
): Post {
  return async (requests, lane) => {
    const seen: Watched = {}
    count.most = Math.max(count.most, ++count.now)
    try {
      const answers = await watched.run(seen, () => post(requests, lane))
      const group: Group = { lockedAt: seen.lockedAt!, now: seen.now! }
      answers.forEach((answer, index) => {
        places.set(answer, { group, index })
        // `busy` is one and the same object wherever it happens: it has no place.
        const [first] = answer.verdicts
        if (first && !isBusy(first)) places.set(first, { group, index })
      })
      return answers
    } finally {
      count.now -= 1
    }
  }
}

function isBusy(verdict: Verdict): boolean {
  return verdict.status === 'refused' && verdict.refusal.code === 'ledger.busy'
}

/** Reads off a group's own clock; of several tries the last one counts. */
function watchClock(pool: Pool, clock: Clock): Pool {
  return intercept(pool, async (client, statement) => {
    const seen = watched.getStore()
    const result = await client.query(statement)
    const row = result.rows.at(-1) as { now?: Instant; xact_no?: unknown } | undefined
    if (!seen || !row?.now) return result
    seen.lockedAt = row.now
    if (statement.name === 'transaction.WriteFromRecall') seen.now = row.now
    if (row.xact_no === undefined) return result
    if (clock.isCoarse) row.now = roundedUp(row.now)
    seen.now = row.now
    return result
  })
}

/** Asks the database for the time as soon as the lock of an account was had. */
function watchLocks(pool: Pool): Pool {
  return intercept(pool, async (client, statement) => {
    const result = await client.query(statement)
    const seen = watched.getStore()
    const isLock = /from account\b[^]*for no key update/.test(statement.text)
    if (!seen || !isLock || result.rows.length === 0) return result
    const clock = await client.query({ text: 'select clock_timestamp() as now', values: [] })
    seen.lockedAt = (clock.rows[0] as { now: Instant }).now
    return result
  })
}

type Query = (client: Executor, statement: Statement) => ReturnType<Executor['query']>

function intercept(pool: Pool, query: Query): Pool {
  return {
    ...pool,
    withClient: (work) =>
      pool.withClient((client) =>
        work({ pid: client.pid, query: (statement) => query(client, statement) }),
      ),
  }
}
