import request from 'supertest'
import type { z } from 'zod'
import { capturedHoldDto } from '../../cmd/api/rest/hold'
import { userOverviewDto } from '../../cmd/api/rest/user'
import { run, type Api } from '../../cmd/api/run'
import { api as apiConfig } from '../../config/schema'
import { newPool } from '../../internal/postgres/pool'
import { accountDto } from '../../pkg/account/dto/account'
import { holdDto } from '../../pkg/hold/dto/hold'
import {
  maxTransactionDto,
  transactionDto,
  transactionPageDto,
} from '../../pkg/transaction/dto/transaction'
import { userDto, userPageDto } from '../../pkg/user/dto/user'
import { connectionSettings, newDatabase } from '../harness/database'
import { silentLog } from '../harness/log'
import { assertPromised, problemDto, type Answer, type Problem } from './answer'
import { listBrokenAccounts, readState } from './ledger'

export type TestApi = Awaited<ReturnType<typeof startApi>>
export type Account = z.output<typeof accountDto>
export type Transaction = z.output<typeof transactionDto>
export type Hold = z.output<typeof holdDto>

export interface Sent {
  /** GET by default. */
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS'
  path: string
  /** Sent as JSON. */
  json?: unknown
  /** Sent as it is. */
  raw?: string | Buffer
  headers?: Record<string, string | string[]>
}

export interface Refused {
  status: number
  code: string
  /** Paths of the fields that are wrong, all of them. */
  paths?: string[]
  /** The answer is remembered with its key: the one thing that changes. */
  remembered?: boolean
}

/** Sections of the configuration that differ from its defaults. */
export interface Settings {
  http?: Record<string, number>
  ledger?: Record<string, number>
  statement?: Record<string, number>
  event?: Record<string, number>
  /** Whoever sends no credentials is an operator unless a test says otherwise. */
  auth?: Record<string, number | boolean>
  /** Nobody is limited unless a test asks for it. */
  rate_limit?: Record<string, number | string>
  watch?: Record<string, number>
  upstreams?: object
  worker?: object
  /** Nothing is sealed unless a test asks for it. */
  seal?: Record<string, number | boolean>
  /** Another way to the database than straight to its URL. */
  reach?(databaseUrl: string): Promise<string>
}

/** The API on a database of its own. Every answer is checked against what its route promises. */
export async function startApi(settings: Settings = {}) {
  const database = await newDatabase()
  const db = newPool(connectionSettings(database.url), silentLog(), { program: 'tillbook-test' })
  const reached = (await settings.reach?.(database.url)) ?? database.url
  const start = () =>
    run(
      apiConfig.parse({
        environment: 'local',
        auth: { demo_operator: true, ...settings.auth },
        database: connectionSettings(reached),
        http: { port: 0, ...settings.http },
        ledger: settings.ledger ?? {},
        statement: settings.statement ?? {},
        event: settings.event ?? {},
        rate_limit: settings.rate_limit,
        watch: settings.watch ?? {},
        upstreams: settings.upstreams ?? {},
        worker: settings.worker ?? {},
        seal: settings.seal ?? { enabled: false },
        log: { level: 'silent' },
      }),
      { log: silentLog(), version: '0.0.0-test' },
    )
  let api: Api = await start()
  let count = 0

  async function send(sent: Sent): Promise<Answer> {
    const { method = 'GET', path } = sent
    const answer = await exchange(`http://127.0.0.1:${api.port}`, sent)
    if (method !== 'HEAD') assertPromised(method, path, answer)
    return answer
  }

  async function get<Schema extends z.ZodType>(path: string, schema: Schema) {
    return read(await send({ path }), 200, schema)
  }

  async function post<Schema extends z.ZodType>(path: string, json: unknown, schema: Schema) {
    return read(await send({ method: 'POST', path, json }), 201, schema)
  }

  /** Refused so, with nothing changed in any table. */
  async function refuses(sent: Sent, refused: Refused): Promise<Problem> {
    const before = await readState(db)
    const answer = await send(sent)
    const { status, code, paths, remembered } = refused
    const problem = problemDto.parse(answer.body)
    expect({ status: answer.status, code: problem.code, detail: problem.detail }).toEqual({
      status,
      code,
      detail: expect.any(String) as string,
    })
    const wrong = new Set(problem.errors?.map(({ path }) => path))
    if (paths) expect([...wrong].sort()).toEqual([...paths].sort())
    const after = (await readState(db)) as { answers: bigint }
    if (remembered) after.answers -= 1n
    expect(after).toEqual(before)
    return problem
  }

  /** Answered as `first` was, to the byte, and marked as a replay. */
  async function replays(sent: Sent, first: Answer): Promise<void> {
    expect(first.headers).not.toHaveProperty('idempotency-replayed')
    const again = await send(sent)
    expect({ status: again.status, text: again.text }).toEqual({
      status: first.status,
      text: first.text,
    })
    expect(again.headers['idempotency-replayed']).toBe('true')
    expect(again.headers.location).toBe(first.headers.location)
  }

  const user = (id: string) => get(`/users/${id}`, userOverviewDto)
  const account = (id: string) => get(`/accounts/${id}`, accountDto)
  const create = (json: object) => post('/transactions', json, transactionDto)

  /** A change of a hold, or of an account, that is answered with 200. */
  async function change<Schema extends z.ZodType>(path: string, json: unknown, schema: Schema) {
    return read(await send({ method: 'POST', path, json }), 200, schema)
  }

  /** A user with an id like `ada-1`. */
  async function aUser(first = 'ada') {
    const id = `${first}-${++count}`
    return post('/users', { id, first_name: first, last_name: 'Test' }, userDto)
  }

  /** An account with that much on it, of a new user unless one is named. */
  async function anAccount(given: Partial<NewAccount> = {}): Promise<Account> {
    const { balance, user_id = (await aUser()).id, currency = 'EUR', ...more } = given
    const id = more.id ?? `${user_id}-${currency.toLowerCase()}-${++count}`
    const body = { name: 'Test', currency, ...more, id }
    const opened = await post(`/users/${user_id}/accounts`, body, accountDto)
    if (balance === undefined) return opened
    await create({ account_id: id, amount: balance })
    return account(id)
  }

  return {
    db,
    databaseUrl: database.url,
    url: () => `http://127.0.0.1:${api.port}`,
    port: () => api.port,
    send,
    get,
    post,
    refuses,
    replays,
    user,
    account,
    users: (query = '') => get(`/users?${query}`, userPageDto),
    hold: (id: string) => get(`/holds/${id}`, holdDto),
    openHold: (account: { id: string }, amount: string, more: object = {}) =>
      post('/holds', { account_id: account.id, amount, ...more }, holdDto),
    capture: (hold: { id: string }, amount?: string) =>
      post(`/holds/${hold.id}/capture`, { amount }, capturedHoldDto),
    release: (hold: { id: string }) => change(`/holds/${hold.id}/release`, undefined, holdDto),
    extend: (hold: { id: string }, expires_at: string | null) =>
      change(`/holds/${hold.id}/extend`, { expires_at }, holdDto),
    /** Lets its time be over, a moment ago, without anybody having written that down. */
    async expire(hold: { id: string }): Promise<void> {
      const text = `update hold set expires_at = clock_timestamp() - interval '1 microsecond' where id = $1`
      await db.query({ text, values: [hold.id] })
    },
    closeAccount: (id: string) => change(`/accounts/${id}/close`, undefined, accountDto),
    transaction: (id: string) => get(`/transactions/${id}`, transactionDto),
    entries: (id: string, query = '') =>
      get(`/accounts/${id}/transactions?${query}`, transactionPageDto),
    largest: (id: string, query = '') =>
      get(`/users/${id}/transactions/max?${query}`, maxTransactionDto),
    aUser,
    anAccount,
    create,
    deposit: (to: { id: string }, amount: string, more: object = {}) =>
      create({ account_id: to.id, amount, ...more }),
    async sql<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
      return (await db.query({ text, values })).rows as Row[]
    },
    /** Another process could not tell the difference: all that is kept is in the database. */
    async restart() {
      await api.close()
      api = await start()
    },
    /** The books have to be right at the end of every file. */
    async close() {
      await api.close()
      const broken = await listBrokenAccounts(db)
      await db.close()
      await database.close()
      expect(broken).toEqual([])
    },
  }
}

export interface NewAccount {
  id: string
  user_id: string
  name: string
  currency: string
  min_balance: string
  balance: string
}

function read<Schema extends z.ZodType>(answer: Answer, status: number, schema: Schema) {
  if (answer.status !== status) throw new Error(`${answer.status}: ${answer.text}`)
  return schema.parse(answer.body)
}

async function exchange(url: string, { method = 'GET', path, ...sent }: Sent): Promise<Answer> {
  const verb = method.toLowerCase() as 'get'
  // What stands in `raw` is sent as it is, a Buffer too.
  const asItIs = (data: string) => data
  const call = request(url)[verb](path).serialize(asItIs).buffer(true).parse(collect)
  if (sent.json !== undefined || sent.raw !== undefined) call.type('application/json')
  for (const [name, value] of Object.entries(sent.headers ?? {})) {
    // The types leave out that a header may be sent twice.
    call.set(name, value as string)
  }
  const body = sent.raw ?? (sent.json === undefined ? undefined : JSON.stringify(sent.json))
  const { status, headers, body: text } = await call.send(body as string)
  const answer = typeof text === 'string' ? text : ''
  return { status, headers: headers as Record<string, string>, text: answer, body: parse(answer) }
}

type Collect = Parameters<ReturnType<ReturnType<typeof request>['get']>['parse']>[0]

// The answer's bytes as text: replays are compared to the byte.
const collect: Collect = (res, done) => {
  const chunks: Buffer[] = []
  res.on('data', (chunk: Buffer) => chunks.push(Buffer.from(chunk)))
  res.on('end', () => done(null, Buffer.concat(chunks).toString()))
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
