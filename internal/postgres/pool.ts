import type { Socket } from 'node:net'
import pg, { type PoolClient } from 'pg'
import type { Log } from '../log/log'
import { connectionConfig, type ConnectionSettings } from './connection'
import { isConnectionError, toConnectFault, toFault } from './errors'
import type { Executor, Statement } from './query'

/** Connections that are shared. What passes by itself is thrown as Fault `database.unavailable`. */
export interface Pool extends Executor {
  /**
   * Lends one connection, for a transaction. It goes back when the work is done; one that is broken,
   * or left inside a transaction, is closed instead.
   */
  withClient<T>(work: (client: Client) => Promise<T>): Promise<T>
  /** How many connections there are, how many of them are free, and how many wait for one. */
  counts(): PoolCounts
  /** Waits for what is lent, then closes all connections. */
  close(): Promise<void>
}

/** One connection, in someone's hands. */
export interface Client extends Executor {
  /** Of the server's process behind it, or what a pooler makes up. */
  pid: number
}

export interface PoolCounts {
  total: number
  idle: number
  waiting: number
}

export interface PoolOptions {
  /** Shown in pg_stat_activity. */
  program: string
  /** Instead of the settings' number. */
  connectionsMax?: number
  /** Server settings of its sessions, as `-c enable_seqscan=off`. */
  sessionOptions?: string
  /** Statements of one connection are sent without waiting for the answer to the one before. */
  pipeline?: boolean
}

const idleTimeoutMs = 60_000

export function newPool(settings: ConnectionSettings, log: Log, options: PoolOptions): Pool {
  const config = connectionConfig(settings, options.program)
  const pool = new pg.Pool({
    ...config,
    options: [config.options, options.sessionOptions].filter(Boolean).join(' '),
    max: options.connectionsMax ?? settings.pool_connections_max,
    pipeline: options.pipeline ?? false,
    idleTimeoutMillis: idleTimeoutMs,
  })
  // An unheard 'error' event ends the process. The pool drops a broken connection by itself.
  pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection was lost'))
  pool.on('connect', (client) => client.on('error', ignoreLoss))

  const connect = (): Promise<PoolClient> =>
    pool.connect().catch((error: unknown) => {
      throw toConnectFault(error)
    })
  const withClient = async <T>(work: (client: Client) => Promise<T>): Promise<T> => {
    const client = await connect()
    const lent = lend(client, settings.prepared_statements)
    try {
      return await work(lent)
    } finally {
      await lent.settled()
      client.release(lent.isLost() || client.getTransactionStatus() !== 'I')
    }
  }
  return {
    withClient,
    query: (statement) => withClient((client) => client.query(statement)),
    counts: () => ({
      total: pool.totalCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
    }),
    close: () => pool.end(),
  }
}

// Whoever uses the connection gets the same error from the statement that was running.
const ignoreLoss = () => {}

/** A connection in someone's hands, which remembers what is under way on it and whether it broke. */
function lend(client: PoolClient, prepared: boolean) {
  const underWay = new Set<Promise<unknown>>()
  let lost = false
  const run = ({ name, text, values }: Statement) => {
    gatherWrites(client)
    return client
      .query(prepared && name ? { name, text, values } : { text, values })
      .catch((error) => {
        lost ||= isConnectionError(error)
        return rethrow(error)
      })
  }
  return {
    // The driver's types leave it out.
    pid: (client as unknown as { processID: number }).processID,
    query(statement: Statement) {
      const answer = run(statement)
      underWay.add(answer)
      const done = () => void underWay.delete(answer)
      answer.then(done, done)
      return answer
    },
    isLost: () => lost,
    /** With a pipeline the first failure is known while later statements still run. */
    settled: () => Promise.allSettled(underWay),
  }
}

/**
 * The driver writes to the socket for each statement; those of one turn of the loop go out together.
 * The socket is reached through `connection`, which the driver's types leave out.
 */
function gatherWrites(client: PoolClient): void {
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection
  if (stream.writableCorked > 0) return
  stream.cork()
  process.nextTick(() => stream.uncork())
}

function rethrow(error: unknown): never {
  throw toFault(error)
}
