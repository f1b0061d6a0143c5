import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { newDatabase, type TestDatabase } from '../harness/database'
import { pollUntil } from '../harness/poll'
import { startProxy, type Proxy, type ProxyMode } from '../harness/proxy'
import { onServer } from '../harness/server'
import { get, openAccount, post, spawnApi, type ApiProcess } from './processes'

let database: TestDatabase
let proxy: Proxy
let silent: Proxy | undefined
let api: ApiProcess

beforeAll(async () => {
  database = await newDatabase()
  proxy = await startProxy(database.url)
  api = await spawnApi(proxy.url)
})

afterAll(async () => {
  await api?.program.close()
  await proxy?.close()
  await silent?.close()
  await database?.close()
})

const deposit = (id: string, amount = '1.00', description?: string) =>
  post(`${api.url}/transactions`, { account_id: id, amount, description })

/** No request is worked on for as long as 3 s; the rest is for a machine that is busy. */
const answeredMsMax = 10_000

test('gives up a request before 3 seconds are over', () => {
  const { http } = JSON.parse(readFileSync('config/api/local.json', 'utf8')) as {
    http: { request_timeout_ms: number }
  }
  expect(http.request_timeout_ms).toBeLessThan(3000)
})

const ready = () =>
  pollUntil(async () => (await get(`${api.url}/readyz`)).status === 200, { what: 'ready API' })

async function balanceOf(id: string): Promise<string> {
  return (await get(`${api.url}/accounts/${id}`)).json.balance
}

describe.each<ProxyMode>(['closed', 'frozen'])('while the database is %s', (mode) => {
  const id = `gone-${mode}`

  test('every route answers 503 with Retry-After within 3 seconds, and all recovers by itself', async () => {
    await openAccount(api.url, id, '10.00')
    const { id: transactionId } = (await deposit(id)).json
    proxy.mode = mode
    const startedAt = performance.now()
    const replies = await Promise.all([
      post(`${api.url}/users`, { id: `new-${mode}`, first_name: 'Grace', last_name: 'Hopper' }),
      post(`${api.url}/users/user-${id}/accounts`, { name: 'More', currency: 'EUR' }),
      deposit(id),
      post(`${api.url}/transactions`, { account_id: id, amount: '1.00' }, `gone-${mode}`),
      get(`${api.url}/users`),
      get(`${api.url}/users/user-${id}`),
      get(`${api.url}/accounts/${id}`),
      get(`${api.url}/accounts/${id}/transactions`),
      get(`${api.url}/transactions/${transactionId}`),
      get(`${api.url}/users/user-${id}/transactions/max`),
      get(`${api.url}/readyz`),
    ])
    expect(performance.now() - startedAt).toBeLessThan(answeredMsMax)
    for (const { status, headers, json } of replies) {
      expect([status, Number(headers.get('retry-after')) > 0]).toEqual([503, true])
      expect(json.status).toBe(503)
    }
    expect((await get(`${api.url}/healthz`)).status).toBe(200)

    proxy.mode = 'open'
    await ready()
    // Whatever became of the first one: sent again with its key, it is posted once.
    const again = () =>
      post(`${api.url}/transactions`, { account_id: id, amount: '1.00' }, `gone-${mode}`)
    const first = await again()
    expect(first.status).toBe(201)
    expect((await again()).text).toBe(first.text)
    const { data } = (await get(`${api.url}/accounts/${id}/transactions`)).json
    const ids = (data as { id: string }[]).map((transaction) => transaction.id)
    expect(ids.filter((one) => one === first.json.id)).toHaveLength(1)
    expect(Number(await balanceOf(id))).toBe(10 + ids.length - 1)
  })
})

test('a connection that breaks before the commit arrives costs nothing: it is posted once', async () => {
  await openAccount(api.url, 'cut-before')
  for (let round = 0; round < 10; round++) {
    proxy.mode = 'cut-before-commit'
    const before = proxy.cuts
    const reply = deposit('cut-before')
    await pollUntil(() => proxy.cuts > before, { what: 'cut commit' })
    proxy.mode = 'open'
    expect((await reply).status).toBe(201)
  }
  expect(await balanceOf('cut-before')).toBe('10.00')
})

test('a commit whose answer is lost is found again: created once, and answered so', async () => {
  await openAccount(api.url, 'cut-after')
  for (let round = 0; round < 10; round++) {
    proxy.mode = 'cut-after-commit'
    const before = proxy.cuts
    const replies = [1, 2, 3].map((i) => deposit('cut-after', '1.00', `round ${round}, ${i}`))
    await pollUntil(() => proxy.cuts > before, { what: 'cut commit' })
    proxy.mode = 'open'
    for (const { status, json } of await Promise.all(replies)) {
      expect(status).toBe(201)
      const stored = await get(`${api.url}/transactions/${json.id}`)
      expect(stored.json).toEqual(json)
    }
  }
  expect(await balanceOf('cut-after')).toBe('30.00')
})

test('a lost commit of anything else is found again, too: carried out once, and answered as the first', async () => {
  await openAccount(api.url, 'cut-kinds', '100.00')
  const sides = { account_id: 'cut-kinds' }
  let round = 0
  const lose = async (path: string, body: object, key?: string) => {
    proxy.mode = 'cut-after-commit'
    const before = proxy.cuts
    const reply = post(`${api.url}${path}`, body, key && `${key}-${round}`)
    await pollUntil(() => proxy.cuts > before, { what: 'cut commit' })
    proxy.mode = 'open'
    const { status, headers, json } = await reply
    expect([path, headers.get('idempotency-replayed')]).toEqual([path, null])
    if (key) {
      const again = await post(`${api.url}${path}`, body, `${key}-${round}`)
      const plain = { ...json, instance: undefined }
      expect([again.status, { ...again.json, instance: undefined }]).toEqual([status, plain])
      expect([path, again.headers.get('idempotency-replayed')]).toEqual([path, 'true'])
    }
    return { status, json }
  }
  for (const key of [undefined, 'kinds']) {
    round += 1
    const hold = await lose('/holds', { ...sides, amount: '10.00' }, key && `${key}-open`)
    const path = `/holds/${hold.json.id}`
    const expires_at = '9999-01-01T00:00:00Z'
    const extended = await lose(`${path}/extend`, { expires_at }, key && `${key}-extend`)
    const captured = await lose(`${path}/capture`, { amount: '4.00' }, key && `${key}-capture`)
    const released = await lose(`${path}/release`, {}, key && `${key}-release`)
    const { transaction } = captured.json
    const reversal = await lose(
      `/transactions/${transaction.id}/reversal`,
      {},
      key && `${key}-back`,
    )
    const refused = await lose(
      '/holds',
      { ...sides, amount: '900.00' },
      key ? `${key}-no` : 'plain',
    )
    const all = [hold, extended, captured, released, reversal, refused]
    expect(all.map(({ status }) => status)).toEqual([201, 200, 201, 200, 201, 422])
    const transactions = [1, 2].map(() => ({ ...sides, amount: '1.00' }))
    const bulk = await lose('/transactions/bulk?mode=atomic', { transactions })
    expect(bulk.json.data.map((one: { status: string }) => one.status)).toEqual([
      'created',
      'created',
    ])
  }
  expect((await get(`${api.url}/accounts/cut-kinds`)).json).toMatchObject({
    ...{ balance: '104.00', available: '104.00' },
  })
})

test('a session that holds one account makes nobody wait but those who want it', async () => {
  await openAccount(api.url, 'held', '10.00')
  await openAccount(api.url, 'free', '10.00')
  const holder = new Client({ connectionString: database.url })
  await holder.connect()
  try {
    await holder.query(`begin; select from account where id = 'held' for update`)
    const [held, free, unknown] = await Promise.all([
      deposit('held'),
      deposit('free'),
      deposit('nobody'),
    ])
    expect([held.status, held.json.code]).toEqual([503, 'ledger.busy'])
    expect(held.headers.get('retry-after')).toBe('1')
    expect(free.status).toBe(201)
    expect([unknown.status, unknown.json.code]).toEqual([404, 'account.not_found'])
  } finally {
    await holder.end()
  }
  expect((await deposit('held')).status).toBe(201)
  expect(await balanceOf('held')).toBe('11.00')
})

test('a row that the database refuses fails alone, its neighbours in the group are posted', async () => {
  await openAccount(api.url, 'poisoned')
  await onServer(
    database.url,
    `alter table transaction add constraint no_poison check (description <> 'poison') not valid`,
  )
  const replies = await Promise.all(
    Array.from({ length: 30 }, (_, i) => deposit('poisoned', '1.00', i === 17 ? 'poison' : 'fine')),
  )
  expect(replies.map((reply) => reply.status).filter((status) => status !== 201)).toEqual([500])
  expect(replies[17]!.json).toMatchObject({ code: 'internal' })
  expect(replies[17]!.text).not.toContain('no_poison')
  expect(await balanceOf('poisoned')).toBe('29.00')
})

test('SIGTERM: what was taken is finished and on disk, the exit code is 0', async () => {
  await openAccount(api.url, 'stopping')
  const other = await spawnApi(database.url)
  const asks: Promise<string>[] = []
  let isStopping = false
  const ask = async (): Promise<string> => {
    try {
      const { status, json } = await post(`${other.url}/transactions`, {
        account_id: 'stopping',
        amount: '0.01',
      })
      return status === 201 ? json.id : `refused with ${status}`
    } catch {
      return 'no answer'
    }
  }
  const client = async () => {
    while (!isStopping) {
      const reply = ask()
      asks.push(reply)
      if ((await reply) === 'no answer') return
    }
  }
  const clients = Array.from({ length: 16 }, client)
  await pollUntil(() => asks.length > 300, { what: 'load' })
  other.program.kill('SIGTERM')
  const exit = await other.program.exited
  isStopping = true
  await Promise.all(clients)
  expect(exit).toMatchObject({ code: 0, signal: null })

  const answers = await Promise.all(asks)
  const created = answers.filter((answer) => answer.length === 36)
  expect(created.length).toBeGreaterThan(250)
  expect(answers.filter((answer) => answer.startsWith('refused'))).toEqual([])
  const { rows } = await onServer(
    database.url,
    `select count(*)::int as n, count(*) filter (where id = any($1::uuid[]))::int as answered
     from transaction where account_id = 'stopping'`,
    [created],
  )
  expect(rows[0].answered).toBe(created.length)
  // Whoever got no answer was refused a connection, not left with a transaction unknown to them.
  expect(rows[0].n).toBe(created.length)
})

test('SIGTERM while the database says nothing in the middle of a commit ends in the time for it, with 0', async () => {
  await openAccount(api.url, 'silent')
  const deposit = { account_id: 'silent', amount: '1.00' }
  silent = await startProxy(database.url)
  // Looking for the outcome would take longer than the 10 s after which a program gives up with 1.
  const other = await spawnApi(silent.url, configWith({ outcome_timeout_ms: 60_000 }))
  silent.mode = 'freeze-at-commit'
  const reply = post(`${other.url}/transactions`, deposit, 'silent').catch(() => 'no answer')
  await pollUntil(() => silent!.cuts > 0, { what: 'frozen commit' })
  other.program.kill('SIGTERM')
  expect(await other.program.exited).toMatchObject({ code: 0, signal: null })
  expect(await reply).toBe('no answer')
  // The commit had arrived; the key leads to it.
  expect((await post(`${api.url}/transactions`, deposit, 'silent')).status).toBe(201)
  expect(await balanceOf('silent')).toBe('1.00')
})

/** The file of a configuration that closes after a second. */
function configWith(ledger: object): string {
  const file = join(mkdtempSync(join(tmpdir(), 'tillbook-config-')), 'api.json')
  const http = { shutdown_timeout_ms: 1000 }
  // The commits that are meddled with are those of the ledger.
  const rest = { http, ledger, seal: { enabled: false }, auth: { demo_operator: true } }
  writeFileSync(file, JSON.stringify({ environment: 'local', database: {}, ...rest }))
  return file
}
