import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:http'
import type { z } from 'zod'
import { cartRoutes } from '../../cmd/api/rest/cart'
import { catalogueRoutes } from '../../cmd/api/rest/catalogue'
import { newShop } from '../../cmd/api/wiring/shop'
import type { Principal, Role } from '../../internal/auth/principal'
import { databaseUnavailable } from '../../internal/fault/fault'
import { newHttpApp } from '../../internal/http/app'
import { newPool, type Pool } from '../../internal/postgres/pool'
import { cartDto, lineDto, linePageDto } from '../../pkg/cart/dto/cart'
import { itemDto, itemPageDto } from '../../pkg/item/dto/item'
import { connectionSettings, newDatabase } from '../harness/database'
import { silentLog } from '../harness/log'
import { assertPromised, problemDto, type Answer, type Problem } from '../rest/answer'
import { shopState } from './state'

export type ShopApi = Awaited<ReturnType<typeof startShop>>
export type Item = z.output<typeof itemDto>
export type Line = z.output<typeof lineDto>

export interface Sent {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  json?: unknown
  headers?: Record<string, string>
  /** Who asks: `ada`, or `ada merchant` in another role than customer. */
  as?: string
}

export interface Refused {
  status: number
  code: string
  paths?: string[]
}

const shop = { store_id: 'main', name: 'Shop', currency: 'EUR' }

/** The shop's routes on a database of their own, asked by whomever a request names. */
export async function startShop() {
  const database = await newDatabase()
  const settings = { ...connectionSettings(database.url), role: 'tillbook_api' }
  const owner = newPool(connectionSettings(database.url), silentLog(), { program: 'tillbook-test' })
  // Two of them, as two processes of the API have.
  const pools = [1, 2].map(() => newPool(settings, silentLog(), { program: 'tillbook-api' }))
  const servers = await Promise.all(pools.map(listen))
  let turn = 0

  async function send({ method = 'GET', path, json, headers, as }: Sent): Promise<Answer> {
    const port = servers[turn++ % servers.length]!.port
    const body = json === undefined ? null : JSON.stringify(json)
    const type: Record<string, string> =
      json === undefined ? {} : { 'Content-Type': 'application/json' }
    const given = { ...type, ...headers, 'X-Caller': as ?? 'ada' }
    const init = { method, headers: given, body }
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init)
    const text = await response.text()
    const answer = {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      text,
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
    }
    assertPromised(method, path, answer)
    return answer
  }

  async function get<Schema extends z.ZodType>(sent: Sent, schema: Schema, status = 200) {
    const answer = await send(sent)
    if (answer.status !== status) throw new Error(`${answer.status}: ${answer.text}`)
    return schema.parse(answer.body)
  }

  /** Refused so, with nothing changed in any table. */
  async function refuses(sent: Sent, { status, code, paths }: Refused): Promise<Problem> {
    const before = await shopState(owner)
    const answer = await send(sent)
    const problem = problemDto.parse(answer.body)
    expect({ status: answer.status, code: problem.code }).toEqual({ status, code })
    const wrong = new Set(problem.errors?.map(({ path }) => path))
    if (paths) expect([...wrong].sort()).toEqual([...paths].sort())
    expect(await shopState(owner)).toEqual(before)
    return problem
  }

  async function sql<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await owner.query({ text, values })).rows as Row[]
  }

  let count = 0
  async function aUser(): Promise<string> {
    const id = `user-${++count}`
    await sql(`insert into app_user (id, first_name, last_name) values ($1, 'A', 'User')`, [id])
    return id
  }
  await sql(
    `insert into app_user (id, first_name, last_name) values ('ada', 'Ada', 'Lovelace'), ('demo', 'Demo', 'Operator')`,
  )

  return {
    send,
    get,
    refuses,
    sql,
    aUser,
    db: owner,
    databaseUrl: database.url,
    /** Lines that nobody had to send one by one. */
    async fillCart(cartId: string, lines: number): Promise<void> {
      await sql(
        `with line as (
          insert into cart_line (id, cart_id, store_id, quantity, name, created_at, updated_at)
          select gen_random_uuid(), $1, 'main', 1, 'filling ' || n, clock_timestamp(), clock_timestamp()
          from generate_series(1, $2::integer) n
          returning id, name, created_at
        )
        insert into reservation (id, line_id, item, next_at, created_at, updated_at)
        select gen_random_uuid(), id, name, created_at, created_at, created_at from line`,
        [cartId, lines],
      )
    },
    /** As the checkout leaves it. */
    async order(cartId: string): Promise<void> {
      await sql(`update cart set status = 'ordered' where id = $1`, [cartId])
    },
    /** A shop of that merchant's own. */
    async aStore(user: string, currency = 'EUR'): Promise<string> {
      await sql(`insert into account (id, user_id, name, currency) values ($1, $1, 'Till', $2)`, [
        user,
        currency,
      ])
      await sql(
        `insert into store (id, account_id, user_id, currency, name) values ($1, $1, $1, $2, 'Own')`,
        [user, currency],
      )
      return user
    },
    anItem: (json: object, as = 'demo operator') =>
      get({ method: 'POST', path: '/catalogue', json, as }, itemDto, 201),
    items: (query = '', as = 'ada') => get({ path: `/catalogue?${query}`, as }, itemPageDto),
    add: (as: string, name: string, quantity = 1) =>
      get({ method: 'POST', path: '/items', json: { name, quantity }, as }, lineDto, 201),
    lines: (as: string, query = '') => get({ path: `/items?${query}`, as }, linePageDto),
    cart: (as: string) => get({ path: '/cart', as }, cartDto),
    async close() {
      await Promise.all(servers.map(({ close }) => close()))
      await Promise.all([owner, ...pools].map((pool) => pool.close()))
      await database.close()
    },
  }
}

async function listen(pool: Pool) {
  const apps = newShop(pool, shop)
  const app = newHttpApp({
    routes: [...catalogueRoutes(apps), ...cartRoutes(apps)],
    faults: [databaseUnavailable],
    info: { title: 'Shop', version: '0' },
    authenticate: callerOf,
    log: silentLog(),
    bodyBytesMax: 65_536,
    requestTimeoutMs: 10_000,
  })
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.closeAllConnections()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  }
  return { port: (server.address() as AddressInfo).port, close }
}

function callerOf({ headers }: IncomingMessage): Principal {
  const [userId = '', role = 'customer'] = String(headers['x-caller']).split(' ')
  return { userId, role: role as Role }
}
