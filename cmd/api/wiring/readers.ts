import type { ApiConfig } from '../../../config/config'
import type { Closers } from '../../../internal/cli/closers'
import { streamLimits } from '../../../internal/http/stream'
import type { Log } from '../../../internal/log/log'
import type { ConnectionSettings } from '../../../internal/postgres/connection'
import { newPool, type Pool } from '../../../internal/postgres/pool'
import { newEventApp } from '../../../pkg/event/app/event'
import { newEventStore } from '../../../pkg/event/sql/store'
import { newStatementApp } from '../../../pkg/statement/app/statement'
import { newStatementStore } from '../../../pkg/statement/sql/store'

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
export function newReaders({ statement, event }: ApiConfig, deps: ReaderDeps) {
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
