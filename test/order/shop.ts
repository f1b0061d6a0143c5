import { randomUUID } from 'node:crypto'
import type { z } from 'zod'
import { orderRoutes } from '../../cmd/api/rest/order'
import { newOrders } from '../../cmd/api/wiring/orders'
import { startOrders } from '../../cmd/worker/wiring/orders'
import { api as apiConfig } from '../../config/schema'
import { roles, type Principal } from '../../internal/auth/principal'
import { databaseUnavailable } from '../../internal/fault/fault'
import { newHttpApp } from '../../internal/http/app'
import { startServer } from '../../internal/http/server'
import { newMetrics } from '../../internal/metrics/metrics'
import { newPool, type Pool } from '../../internal/postgres/pool'
import { startSimulator, type Simulator } from '../../internal/simulator/simulator'
import type { PendingOrders } from '../../pkg/order/app/pending'
import { orderDto, orderPageDto } from '../../pkg/order/dto/order'
import { connectionSettings, newDatabase } from '../harness/database'
import { silentLog } from '../harness/log'
import { pollUntil } from '../harness/poll'
import { assertPromised, problemDto, type Answer } from '../rest/answer'
import type { Service } from './service'

export const ada = '7c11e1ce2741'
export const grace = 'e6f24d7d1c7e'

export type Order = z.output<typeof orderDto>
export type Shop = Awaited<ReturnType<typeof openShop>>

/** What differs from the defaults below. */
export interface ShopSettings {
  /** Instead of a simulator of its own. */
  url?: string
  orders?: Record<string, number | string>
  work?: Record<string, number>
  upstreams?: Record<string, Record<string, unknown>>
  /** Pending orders stay as they are. */
  withoutWorker?: boolean
}

/** The budget for an answer is less than 1.5 s here; the rest is for a machine that is busy. Work goes on for longer. */
export const answeredMsMax = 5000

/** A thirtieth of every delay: what takes a minute takes two seconds. */
const delayScale = 1 / 30

const service = { timeout_ms: 400, retries: 2 }

/** For tests of anything but time: nothing is late or refused, however busy the machine is. */
export const patient = {
  orders: { budget_ms: 20_000 },
  upstreams: {
    user: { timeout_ms: 20_000, in_flight_max: 1000 },
    product: { timeout_ms: 20_000, in_flight_max: 1000 },
  },
}

/** Limits that are to the simulator's delays as the real ones are to the real delays. */
export function shopConfig(url: string, databaseUrl: string, settings: ShopSettings = {}) {
  return apiConfig.parse({
    environment: 'test',
    database: connectionSettings(databaseUrl),
    http: { request_timeout_ms: 30_000 },
    orders: { budget_ms: 1300, ...settings.orders },
    worker: {
      lease_ms: 1000,
      renew_interval_ms: 250,
      poll_interval_ms: 50,
      grace_ms: 0,
      order: { timeout_ms: 6000, backoff_base_ms: 20, busy_ms: 50, ...settings.work },
    },
    upstreams: {
      user: { url, ...service, ...settings.upstreams?.user },
      product: { url, ...service, ...settings.upstreams?.product },
    },
  })
}

export interface Sent {
  body?: unknown
  headers?: Record<string, string>
  as?: Principal
}

/** The routes of orders on a database of their own, with a worker and an outside world. */
export async function openShop(settings: ShopSettings = {}) {
  const database = await newDatabase()
  const limits = { connect_timeout_ms: 20_000, statement_timeout_ms: 20_000 }
  const db = newPool(connectionSettings(database.url, limits), silentLog(), {
    program: 'tillbook-test',
  })
  const simulator = settings.url === undefined ? await openSimulator() : undefined
  const config = shopConfig(settings.url ?? simulator!.url, database.url, settings)
  const worker = settings.withoutWorker
    ? undefined
    : startOrders(config, { pool: db, log: silentLog(), metrics: newMetrics() })
  const server = await serve(config, db, worker)
  const base = `http://127.0.0.1:${server.port}`
  const operator: Principal = { userId: await aUser(db, 'demo'), role: 'operator' }

  async function send(method: string, path: string, sent: Sent = {}): Promise<Answer> {
    const response = await fetch(base + path, {
      method,
      headers: {
        ...(sent.body !== undefined && { 'content-type': 'application/json' }),
        'x-test-principal': JSON.stringify(sent.as ?? operator),
        ...sent.headers,
      },
      ...(sent.body !== undefined && { body: toText(sent.body) }),
    })
    const text = await response.text()
    const headers = Object.fromEntries(response.headers)
    const answer = { status: response.status, headers, text, body: JSON.parse(text) as unknown }
    assertPromised(method, path, answer)
    return answer
  }

  const place = (userId: string, productCode: string, sent: Omit<Sent, 'body'> = {}) =>
    send('POST', '/orders', { ...sent, body: { user_id: userId, product_code: productCode } })

  async function get(id: string, as = operator): Promise<Order> {
    return orderDto.parse((await send('GET', `/orders/${id}`, { as })).body)
  }

  async function sql<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await db.query({ text, values })).rows as Row[]
  }

  return {
    db,
    url: base,
    databaseUrl: database.url,
    simulator: simulator!,
    worker,
    send,
    place,
    get,
    sql,
    aUser: (id: string) => aUser(db, id),
    async list(query = '', as = operator) {
      return orderPageDto.parse((await send('GET', `/orders?${query}`, { as })).body)
    },
    /** Waits until it is not pending any more. */
    settled: (id: string) =>
      pollUntil(
        async () => {
          const order = await get(id)
          return order.status === 'pending' ? undefined : order
        },
        { what: `end of the order ${id}` },
      ),
    /** What waits for the broker about this order. */
    messagesOf: (id: string) =>
      sql<Message>('select * from outbox_message where aggregate_id = $1', [id]),
    async counts() {
      const [row] = await sql<Counts>(`
        select
          (select count(*)::int from shop_order) as orders,
          (select count(*)::int from order_key) as keys,
          (select count(*)::int from outbox_message) as messages`)
      return row!
    },
    async close() {
      await server.close()
      await worker?.close()
      await simulator?.close()
      await db.close()
      await database.close()
    },
  }
}

export interface Message {
  id: string
  aggregate_type: string
  aggregate_version: number
  exchange: string
  routing_key: string
  type: string
  payload: { order: Record<string, unknown> }
  headers: Record<string, string>
}

export interface Counts {
  orders: number
  keys: number
  messages: number
}

export function openSimulator(scale = delayScale): Promise<Simulator> {
  return startSimulator({
    ...{ host: '127.0.0.1', port: 0, log: silentLog() },
    ...{ delayScale: scale, reserveDelayMs: 30_000, batch: false, seed: 1 },
  })
}

function serve(config: ReturnType<typeof shopConfig>, db: Pool, worker?: PendingOrders) {
  const log = silentLog()
  const orders = newOrders(config, { pool: db, log, onSaved: () => worker?.nudge() })
  const app = newHttpApp({
    routes: orderRoutes({ orders }),
    faults: [databaseUnavailable],
    info: { title: 'Test', version: '0' },
    authenticate: ({ headers }) => JSON.parse(String(headers['x-test-principal'])) as Principal,
    log,
    bodyBytesMax: config.http.body_bytes_max,
    requestTimeoutMs: config.http.request_timeout_ms,
  })
  return startServer({ app, host: '127.0.0.1', port: 0, shutdownTimeoutMs: 1000, log })
}

async function aUser(db: Pool, id: string): Promise<string> {
  const text = `insert into app_user (id, first_name, last_name) values ($1, 'Test', 'User')`
  await db.query({ text, values: [id] })
  return id
}

function toText(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body)
}

/** A customer that nobody else is, whom the user service knows when it is named. */
export async function aCustomer(shop: Shop, service?: Service): Promise<Principal> {
  const userId = await shop.aUser(`customer-${randomUUID()}`)
  if (service) {
    service.answers[`/users/${userId}`] = { id: userId, firstName: 'Cleo', lastName: 'Customer' }
  }
  return { userId, role: roles[0] }
}

export function orderOf(answer: Answer): Order {
  return orderDto.parse(answer.body)
}

export function problemOf(answer: Answer) {
  return problemDto.parse(answer.body)
}
