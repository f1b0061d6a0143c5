import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../config/config'
import { newClosers } from '../../internal/cli/closers'
import { openDatabase } from '../../internal/postgres/database'
import { migrate } from '../../internal/postgres/migrate'
import { newApiProcess } from '../chaos/process'
import { onServer, urlOf } from '../harness/server'

/** An API that does the worker's work too, with the simulator as its outside world. */
export interface DemoSystem {
  url: string
  close(): Promise<void>
}

export interface DemoSystemOptions {
  /** Of the services that are simulated; 1 is as slow as they are. */
  scale: number
  amqpUrl: string
  /** DATABASE_URL names another server than the embedded one. */
  env: NodeJS.ProcessEnv
  print(line: string): void
}

const program = 'tillbook-demo'

/** As `make run`, on a database of its own that is dropped in the end. */
export async function startDemoSystem(options: DemoSystemOptions): Promise<DemoSystem> {
  const closers = newClosers()
  try {
    const database = await createDatabase(options)
    closers.add(database.close)
    // With the log of the API, to be looked at when it does not start.
    const folder = mkdtempSync(join(tmpdir(), `${program}-`))
    const config = writeConfig(folder, options)
    const settings = { folder, config, name: 'api', program: 'bin/tillbook-api', hasClock: false }
    const api = newApiProcess({ databaseUrl: database.url, ...settings })
    closers.add(api.close)
    await api.start()
    closers.add(async () => rmSync(folder, { recursive: true }))
    return { url: api.url()!, close: closers.close }
  } catch (error) {
    await closers.close()
    throw error
  }
}

async function createDatabase({ env, print }: DemoSystemOptions) {
  const { database } = loadConfig('migrate', 'config/migrate/local.json', env)
  const server = await openDatabase(database, print)
  const name = `tillbook_demo_${process.pid}`
  const drop = `drop database if exists ${name} with (force)`
  await onServer(server.url, drop)
  await onServer(server.url, `create database ${name} template template0`)
  const url = urlOf(server, name)
  await migrate({ settings: { ...server, url }, directory: 'migrations', program })
  return { url, close: async () => void (await onServer(server.url, drop)) }
}

interface ApiFile {
  orders: { budget_ms: number }
  upstreams: { user: object; product: object }
  worker: object
  simulator: object
}

/** Of the delays that there are, the slow ones stay beyond it down to 0.03; the quick ones are far below. */
const budgetMsMin = 1200

/**
 * config/api/local.json with a broker; the pauses between attempts shrink with the services' delays, and
 * the time for an answer with them as far as a busy machine still answers in it.
 */
function writeConfig(folder: string, { scale, amqpUrl }: DemoSystemOptions): string {
  const file = JSON.parse(readFileSync('config/api/local.json', 'utf8')) as ApiFile
  const scaled = (ms: number) => Math.max(1, Math.round(ms * scale))
  const order = { backoff_base_ms: scaled(1000), busy_ms: scaled(4000) }
  const circuit = { circuit_open_ms: scaled(5000) }
  const { orders, upstreams } = file
  const config = {
    ...file,
    orders: { ...orders, budget_ms: Math.max(budgetMsMin, scaled(orders.budget_ms)) },
    upstreams: {
      ...upstreams,
      user: { ...upstreams.user, ...circuit },
      product: { ...upstreams.product, ...circuit },
    },
    worker: { ...file.worker, order },
    simulator: { ...file.simulator, delay_scale: scale },
    broker: { url: amqpUrl },
  }
  const path = join(folder, 'api.json')
  writeFileSync(path, `${JSON.stringify(config, null, 2)}\n`)
  return path
}
