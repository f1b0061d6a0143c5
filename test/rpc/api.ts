import { run } from '../../cmd/api/run'
import { api as apiConfig } from '../../config/schema'
import type { Role } from '../../internal/auth/principal'
import type { Log } from '../../internal/log/log'
import { newPool } from '../../internal/postgres/pool'
import { connectionSettings, newDatabase } from '../harness/database'
import { silentLog } from '../harness/log'
import { listContradictions, shopState } from '../shop/state'
import { newPasswords } from '../../internal/password/password'
import { newForeignClient, password, type CallOptions, type Reply } from './client'

export type RpcApi = Awaited<ReturnType<typeof startRpcApi>>
export type ItemMsg = { uuid: string; name: string; description: string; price: number } & Stamped
export type CartMsg = {
  uuid: string
  user_uuid: string
  entries: { item: ItemMsg; quantity: number }[]
  configuration: { address: Record<string, unknown> | null }
  price_total: number
} & Stamped
interface Stamped {
  created: { seconds: string; nanos: number }
  updated: { seconds: string; nanos: number }
}

export interface Settings {
  environment?: 'local' | 'test'
  rpc?: Record<string, number>
  http?: Record<string, number>
  auth?: Record<string, boolean>
  rate_limit?: Record<string, number | string>
  log?: Log
}

export interface Refused {
  code: string
  reason: string
  paths?: string[]
}

const passwords = newPasswords({ inFlightMax: 2, queueMax: 2 })

/** The API on a database of its own, asked over gRPC. */
export async function startRpcApi(settings: Settings = {}) {
  const database = await newDatabase()
  const db = newPool(connectionSettings(database.url), silentLog(), { program: 'tillbook-test' })
  const log = settings.log ?? silentLog()
  const api = await run(
    apiConfig.parse({
      environment: settings.environment ?? 'test',
      database: connectionSettings(database.url),
      http: { port: 0, ...settings.http },
      rpc: { port: 0, ...settings.rpc },
      auth: { user_failures_max: 3, address_failures_max: 100_000, ...settings.auth },
      rate_limit: settings.rate_limit,
      seal: { enabled: false },
      log: { level: 'silent' },
    }),
    { log, version: '0.0.0-test' },
  )
  const port = api.rpcPort!
  const client = newForeignClient(port)
  const sql = async <Row>(text: string, values: unknown[] = []) =>
    (await db.query({ text, values })).rows as Row[]
  const hash = await passwords.hash(password)
  /** Somebody who can sign in. */
  async function addUser(id: string, role: Role): Promise<void> {
    await sql(`insert into app_user (id, first_name, last_name) values ($1, 'A', 'User')`, [id])
    const text = `insert into credential (user_id, role, password_hash) values ($1, $2, $3)`
    await sql(text, [id, role, hash])
  }
  await addUser('ada', 'customer')
  await addUser('demo', 'operator')

  async function answer<Message>(rpc: string, message: object, options?: CallOptions) {
    const reply = await client.call(rpc, message, options)
    if (!('message' in reply)) throw new Error(`${rpc}: ${reply.code} ${reply.detail}`)
    return reply.message as Message
  }

  /** Refused so, with nothing changed in any table. */
  async function refuses(rpc: string, message: object, refused: Refused, options?: CallOptions) {
    const before = await shopState(db)
    const reply = await client.call(rpc, message, options)
    expectRefusal(reply, refused)
    expect(await shopState(db)).toEqual(before)
    return reply
  }

  let count = 0
  return {
    db,
    sql,
    port,
    url: `http://127.0.0.1:${port}`,
    restUrl: `http://127.0.0.1:${api.port}`,
    call: client.call,
    answer,
    refuses,
    contradictions: () => listContradictions(db),
    addUser,
    async aUser(): Promise<string> {
      const id = `user-${++count}`
      await addUser(id, 'customer')
      return `${id} customer`
    },
    anItem: (item: object = {}) =>
      answer<ItemMsg>(
        'item.Item/Create',
        { name: `Thing ${++count}`, price: 12.5, ...item },
        { as: 'demo operator' },
      ),
    cartOf: async (rpc: string, message: object, options?: CallOptions) =>
      (await answer<{ result: CartMsg }>(`cart.Cart/${rpc}`, message, options)).result,
    stop: api.close,
    async close() {
      client.close()
      await api.close()
      await db.close()
      await database.close()
    },
  }
}

export function expectRefusal(reply: Reply, { code, reason, paths }: Refused): void {
  if ('message' in reply) throw new Error(`not refused: ${JSON.stringify(reply.message)}`)
  const { code: given, reason: said, paths: wrong } = reply
  expect({ code: given, reason: said }).toEqual({ code, reason })
  if (paths) expect(wrong).toEqual(paths)
}
