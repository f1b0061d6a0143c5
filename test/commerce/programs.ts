import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSimulator, type Simulator } from '../../internal/simulator/simulator'
import { newDatabase, connectionSettings } from '../harness/database'
import { silentLog } from '../harness/log'
import { spawnProgram, type SpawnedProgram } from '../harness/program'
import { serviceUrl } from '../harness/service'
import { newPool } from '../../internal/postgres/pool'
import { basic, password } from '../rest/credentials'

// Programs are started, on a machine that may be busy with other things.
jest.setTimeout(120_000)

export interface ProgramSettings {
  apis?: number
  workers?: number
  /** Of every delay of the services outside. */
  delayScale?: number
}

/** A process of the API. */
export interface ApiProgram {
  program: SpawnedProgram
  url: string
  rpcPort: number
}

export interface Sent {
  /** The user who signs in; whoever does not is the demo operator. */
  as?: string
  json?: unknown
  method?: string
  headers?: Record<string, string>
}

export interface Got {
  status: number
  headers: Headers
  text: string
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test looks into whatever came
  json: any
}

export type Programs = Awaited<ReturnType<typeof openPrograms>>

const readyTimeoutMs = 30_000

// A machine that is busy with other things is slow, and not away.
const patience = {
  connect_timeout_ms: 20_000,
  statement_timeout_ms: 20_000,
  lock_timeout_ms: 10_000,
}

/**
 * What a shop runs: processes of the API and of the worker, on PostgreSQL, RabbitMQ and Redis, with the
 * services outside over HTTP.
 */
export async function openPrograms({
  apis = 1,
  workers = 1,
  delayScale = 0.01,
}: ProgramSettings = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tillbook-commerce-'))
  const database = await newDatabase()
  const simulator = await startSimulator({
    ...{ host: '127.0.0.1', port: 0, log: silentLog() },
    ...{ delayScale, reserveDelayMs: 30_000, batch: false, seed: 1 },
  })
  const start = newStarter(folder, database.url, simulator)
  const apiPrograms = await Promise.all(Array.from({ length: apis }, start.api))
  const workerPrograms = await Promise.all(Array.from({ length: workers }, start.worker))
  const db = newPool(connectionSettings(database.url), silentLog(), { program: 'tillbook-test' })
  let turn = 0

  return {
    simulator,
    databaseUrl: database.url,
    apis: apiPrograms,
    workers: workerPrograms,
    startApi: start.api,
    startWorker: start.worker,
    async sql<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
      return (await db.query({ text, values })).rows as Row[]
    },
    /** To the processes in turn. */
    send: (path: string, sent?: Sent) => send(apiPrograms[turn++ % apis]!, path, sent),
    /** To that process. */
    sendTo: send,
    async close() {
      await Promise.all(
        [...apiPrograms.map(({ program }) => program), ...workerPrograms].map((one) => one.close()),
      )
      await simulator.close()
      await db.close()
      await database.close()
      rmSync(folder, { recursive: true })
    },
  }
}

function newStarter(folder: string, databaseUrl: string, simulator: Simulator) {
  const { url } = simulator
  const shared = {
    environment: 'local',
    database: connectionSettings(databaseUrl, patience),
    upstreams: { user: { url }, product: { url }, reservation: { url } },
    log: { level: 'warn', format: 'json' },
  }
  let count = 0
  const spawn = (name: string, config: object) => {
    const file = join(folder, `${name}-${++count}.json`)
    writeFileSync(file, JSON.stringify({ ...shared, ...config }))
    return spawnProgram(name, [file])
  }

  async function api(): Promise<ApiProgram> {
    const program = spawn('api', {
      http: { port: 0, request_timeout_ms: 30_000 },
      rpc: { port: 0, call_timeout_ms: 30_000 },
      // Whoever has signed in once is remembered for as long as a test lasts.
      auth: { demo_operator: true, hash_queue_max: 1000, remember_ms: 3_600_000 },
      rate_limit: { redis_url: serviceUrl('Redis'), reads_max: 100_000, writes_max: 100_000 },
      seal: { enabled: false },
    })
    const [, rpcPort] = await program.ready(/serves gRPC on \S+:(\d+)\n/, readyTimeoutMs)
    const [, httpUrl] = await program.ready(/serves on (http:\S+)\n/, readyTimeoutMs)
    return { program, url: httpUrl!, rpcPort: Number(rpcPort) }
  }

  async function worker(): Promise<SpawnedProgram> {
    const program = spawn('worker', {
      http: { port: 0 },
      broker: { url: serviceUrl('RabbitMQ'), poll_interval_ms: 20 },
      worker: {
        ...{ lease_ms: 900, renew_interval_ms: 200, poll_interval_ms: 20 },
        reservation: { backoff_base_ms: 10, backoff_ms_max: 100, busy_ms: 20 },
        order: { backoff_base_ms: 10, busy_ms: 20 },
      },
    })
    await program.ready(/how it is on \S+:\d+\n/, readyTimeoutMs)
    return program
  }

  return { api, worker }
}

async function send({ url }: ApiProgram, path: string, sent: Sent = {}): Promise<Got> {
  const { as, json, method = json === undefined ? 'GET' : 'POST', headers } = sent
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...(as !== undefined && { authorization: basic(as) }),
      ...headers,
    },
    ...(json !== undefined && { body: JSON.stringify(json) }),
    signal: AbortSignal.timeout(60_000),
  })
  const text = await response.text()
  const { status, headers: got } = response
  return { status, headers: got, text, json: text === '' ? undefined : JSON.parse(text) }
}

async function done(answer: Promise<Got>): Promise<Got> {
  const got = await answer
  if (got.status >= 300) throw new Error(`${got.status}: ${got.text}`)
  return got
}

/** A customer with that much on an account that is called as they are, whom each process knows. */
export async function aCustomer(programs: Programs, id: string, balance?: string): Promise<string> {
  const post = (path: string, json: object) => done(programs.send(path, { json }))
  await post('/users', { id, first_name: 'Ada', last_name: id })
  const json = { password, role: 'customer' }
  await done(programs.send(`/users/${id}/credential`, { method: 'PUT', json }))
  await post(`/users/${id}/accounts`, { id, name: 'Wallet', currency: 'EUR' })
  if (balance) await post('/transactions', { account_id: id, amount: balance })
  await Promise.all(programs.apis.map((api) => done(programs.sendTo(api, '/me', { as: id }))))
  return id
}

/** Something on the market of which there are so many; its id. */
export async function anItem(
  programs: Programs,
  { name, price, onHand }: { name: string; price: string; onHand?: number },
): Promise<string> {
  const { json } = await done(programs.send('/catalogue', { json: { name, price } }))
  const { id } = json as { id: string }
  if (onHand === undefined) return id
  const stock = { method: 'PUT', json: { on_hand: onHand } }
  await done(programs.send(`/catalogue/${id}/stock`, stock))
  return id
}
