import { createServer, connect, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Fault } from '../../internal/fault/fault'
import { sqlState, sqlStateOf, violates } from '../../internal/postgres/errors'
import { newPool, type Pool, type PoolOptions } from '../../internal/postgres/pool'
import type { ConnectionSettings } from '../../internal/postgres/connection'
import type { Executor } from '../../internal/postgres/query'
import { connectionSettings, newDatabase, type TestDatabase } from '../harness/database'
import { silentLog } from '../harness/log'
import { pollUntil } from '../harness/poll'
import { onServer, sharedServer } from '../harness/server'

let shared: TestDatabase
let database: TestDatabase
const closers: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  shared = await newDatabase({ empty: true })
  database = shared
})

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
  database = shared
})

afterAll(() => shared.close())

/** For a test that damages it. */
async function useOwnDatabase(): Promise<void> {
  database = await newDatabase({ empty: true })
  closers.push(database.close)
}

function open(changes: Partial<ConnectionSettings> = {}, options: Partial<PoolOptions> = {}): Pool {
  const settings = connectionSettings(database.url, changes)
  const pool = newPool(settings, silentLog(), { program: 'tillbook-pool-test', ...options })
  closers.push(() => pool.close())
  return pool
}

async function rows(db: Executor, text: string, values: unknown[] = []) {
  return (await db.query({ text, values })).rows as Record<string, unknown>[]
}

/** For what would take for ever, or much longer, if no limit ended it: a busy machine has room in it. */
const inTimeMs = 10_000

const kill = () =>
  onServer(
    sharedServer().url,
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1',
    [new URL(database.url).pathname.slice(1)],
  )

async function unavailable(work: Promise<unknown>): Promise<Fault> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(Fault)
  expect(error).toMatchObject({
    kind: 'unavailable',
    code: 'database.unavailable',
    retryAfterSeconds: 1,
    cause: expect.anything(),
  })
  return error as Fault
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Passes bytes to the database and back, until it is frozen. */
async function newProxy() {
  const target = new URL(database.url)
  const sockets = new Set<Socket>()
  let frozen = false
  const server = createServer((client) => {
    const upstream = connect(Number(target.port || 5432), target.hostname)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.on('error', () => {}).on('close', () => to.destroy())
      from.on('data', (bytes) => frozen || to.write(bytes))
    }
  })
  const url = new URL(database.url)
  url.host = `127.0.0.1:${await listen(server)}`
  closers.push(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: url.href, freeze: () => (frozen = true), thaw: () => (frozen = false) }
}

describe('a session', () => {
  const show = `select current_setting('timezone') as timezone, current_setting('datestyle') as datestyle,
    current_setting('synchronous_commit') as synchronous_commit, current_setting('search_path') as search_path,
    current_setting('application_name') as application_name, current_setting('lock_timeout') as lock_timeout,
    current_setting('statement_timeout') as statement_timeout`

  test('has our settings, whatever the database and the URL say', async () => {
    const name = new URL(database.url).pathname.slice(1)
    for (const setting of [
      "timezone = 'Asia/Tokyo'",
      "datestyle = 'SQL, DMY'",
      'synchronous_commit = off',
    ]) {
      await onServer(sharedServer().url, `alter database "${name}" set ${setting}`)
    }
    const options = encodeURIComponent('-c timezone=America/Lima -c search_path=pg_catalog')
    const [settings] = await rows(open({ url: `${database.url}?options=${options}` }), show)
    expect(settings).toMatchObject({
      timezone: 'UTC',
      datestyle: expect.stringMatching(/^ISO/),
      synchronous_commit: 'on',
      search_path: 'pg_catalog',
      application_name: 'tillbook-pool-test',
      lock_timeout: '1s',
      statement_timeout: '2s',
    })
  })

  test('gives int8 as bigint and timestamps as instants to the microsecond', async () => {
    const text = `select 9223372036854775807 as big, '2026-01-31 10:30:00.123456+01'::timestamptz as at`
    expect(await rows(open(), text)).toEqual([
      { big: 9223372036854775807n, at: '2026-01-31T09:30:00.123456Z' },
    ])
  })

  test.each([true, false])('prepares named statements: %s', async (prepared) => {
    const pool = open({ prepared_statements: prepared, pool_connections_max: 1 })
    await pool.query({ name: 'test.One', text: 'select $1::int as one', values: [1] })
    const names = await rows(pool, 'select name from pg_prepared_statements')
    expect(names).toEqual(prepared ? [{ name: 'test.One' }] : [])
  })
})

describe('throws database.unavailable', () => {
  test('at once when nobody listens', async () => {
    const server = createServer()
    const port = await listen(server)
    await new Promise((resolve) => server.close(resolve))
    const pool = open({
      url: `postgres://postgres@127.0.0.1:${port}/x`,
      connect_timeout_ms: 50_000,
    })
    const before = performance.now()
    await unavailable(rows(pool, 'select 1'))
    expect(performance.now() - before).toBeLessThan(inTimeMs)
  })

  test('when the host has no address', async () => {
    await unavailable(rows(open({ url: 'postgres://postgres@nowhere.invalid/x' }), 'select 1'))
  })

  test('within the limit when the server takes the connection and says nothing', async () => {
    const proxy = await newProxy()
    proxy.freeze()
    const pool = open({ url: proxy.url, connect_timeout_ms: 200 })
    const before = performance.now()
    await unavailable(rows(pool, 'select 1'))
    expect(performance.now() - before).toBeLessThan(inTimeMs)
  })

  test('within the limit when the server freezes in the middle, and recovers after it', async () => {
    const proxy = await newProxy()
    const pool = open({ url: proxy.url, statement_timeout_ms: 200 })
    await rows(pool, 'select 1')
    proxy.freeze()
    const before = performance.now()
    await unavailable(rows(pool, 'select 1'))
    expect(performance.now() - before).toBeLessThan(inTimeMs)
    proxy.thaw()
    expect(await rows(pool, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('when a pipelined connection freezes, to every statement on it', async () => {
    const proxy = await newProxy()
    const pool = open({ url: proxy.url, statement_timeout_ms: 200 }, { pipeline: true })
    const work = pool.withClient(async (client) => {
      await rows(client, 'select 1')
      proxy.freeze()
      return Promise.all([
        unavailable(rows(client, 'select 1')),
        unavailable(rows(client, 'select 2')),
      ])
    })
    expect(await work).toHaveLength(2)
  })

  test('when the connection is killed during a statement, and recovers', async () => {
    const pool = open()
    const running = unavailable(rows(pool, 'select pg_sleep(20)'))
    await pollUntil(
      async () =>
        (
          await onServer(
            database.url,
            "select from pg_stat_activity where query like '%pg_sleep(20)' and datname = current_database()",
          )
        ).rowCount! > 0,
      { what: 'running statement' },
    )
    await kill()
    const fault = await running
    expect(sqlStateOf(fault)).toBe(sqlState.admin_shutdown)
    expect(await rows(pool, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('when the connection is killed between two statements of a transaction, and recovers', async () => {
    const pool = open()
    await unavailable(
      pool.withClient(async (client) => {
        await rows(client, 'begin')
        await kill()
        await rows(client, 'select 1')
      }),
    )
    expect(await rows(pool, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('when a statement takes too long, and keeps the connection', async () => {
    const pool = open({ statement_timeout_ms: 100, pool_connections_max: 1 })
    const [before] = await rows(pool, 'select pg_backend_pid() as pid')
    const fault = await unavailable(rows(pool, 'select pg_sleep(20)'))
    expect(sqlStateOf(fault)).toBe(sqlState.query_canceled)
    expect(await rows(pool, 'select pg_backend_pid() as pid')).toEqual([before])
  })

  test('when a lock is not to be had in time', async () => {
    const pool = open({ lock_timeout_ms: 100 })
    await rows(pool, 'create table held (id int)')
    await pool.withClient(async (client) => {
      await rows(client, 'begin')
      await rows(client, 'lock table held')
      const fault = await unavailable(rows(pool, 'select * from held'))
      expect(sqlStateOf(fault)).toBe(sqlState.lock_not_available)
      await rows(client, 'rollback')
    })
  })

  test('when all connections are lent for longer than the limit', async () => {
    const pool = open({ pool_connections_max: 1, connect_timeout_ms: 200 })
    await pool.withClient(async () => {
      await unavailable(rows(pool, 'select 1'))
    })
    expect(await rows(pool, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('when the server has become a read-only standby', async () => {
    await useOwnDatabase()
    const name = new URL(database.url).pathname.slice(1)
    await onServer(
      sharedServer().url,
      `alter database "${name}" set default_transaction_read_only = on`,
    )
    const fault = await unavailable(rows(open(), 'create table nothing (id int)'))
    expect(sqlStateOf(fault)).toBe(sqlState.read_only_sql_transaction)
  })

  test('when the database is gone', async () => {
    await useOwnDatabase()
    const pool = open()
    await rows(pool, 'select 1')
    await database.close()
    await unavailable(rows(pool, 'select 1'))
    await unavailable(rows(pool, 'select 1'))
  })

  test('once it is closed', async () => {
    const pool = newPool(connectionSettings(database.url), silentLog(), { program: 'test' })
    await pool.close()
    await unavailable(rows(pool, 'select 1'))
  })
})

test('survives the loss of an idle connection', async () => {
  const pool = open()
  await rows(pool, 'select 1')
  await kill()
  await pollUntil(
    () =>
      rows(pool, 'select 1 as one').then(
        (found) => found.length === 1,
        () => false,
      ),
    { what: 'answer after the loss' },
  )
})

test('gives what else the database says as it is, with its constraint', async () => {
  const pool = open()
  await rows(pool, 'create table t (id int, constraint t_pkey primary key (id))')
  await rows(pool, 'insert into t values (1)')
  const error = await rows(pool, 'insert into t values (1)').catch((reason: unknown) => reason)
  expect(error).not.toBeInstanceOf(Fault)
  expect(violates(error, sqlState.unique_violation, 't_pkey')).toBe(true)
  expect(violates(error, sqlState.unique_violation, 'other')).toBe(false)
})

test('keeps a connection after an ordinary error, and closes one left inside a transaction', async () => {
  const pool = open({ pool_connections_max: 1 })
  const pid = async () => (await rows(pool, 'select pg_backend_pid() as pid'))[0]?.pid
  const first = await pid()
  await expect(rows(pool, 'select nonsense')).rejects.toThrow('nonsense')
  expect(await pid()).toBe(first)
  await pool.withClient((client) => rows(client, 'begin'))
  expect(await pid()).not.toBe(first)
})

test('takes a pipelined connection back only when all its statements are answered', async () => {
  const pool = open({ pool_connections_max: 1 }, { pipeline: true })
  const late: string[] = []
  const work = pool.withClient((client) =>
    Promise.all([
      rows(client, 'select nonsense'),
      rows(client, 'select pg_sleep(0.2)').then(() => late.push('answered')),
    ]),
  )
  await expect(work).rejects.toThrow('nonsense')
  expect(late).toEqual(['answered'])
})
