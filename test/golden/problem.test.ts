import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { newRoutes } from '../../cmd/api/routes'
import { databaseUnavailable } from '../../internal/fault/fault'
import { generalFaults } from '../../internal/http/general-fault'
import { collectFaults } from '../../internal/http/problem'
import { startServer } from '../../internal/http/server'
import { userDto } from '../../pkg/user/dto/user'
import { silentLog } from '../harness/log'
import { startProxy, type Proxy } from '../harness/proxy'
import { ada, openShop } from '../order/shop'
import { problemDto, type Answer } from '../rest/answer'
import { startApi, type Sent, type TestApi } from '../rest/api'
import { as, aSignIn, password } from '../rest/credentials'
import { openEvents } from '../rest/sse'
import { newCarts, openStore } from '../reservation/cart'
import { expectGolden } from './golden'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
  const { id: user_id } = await api.aUser('ada')
  await api.anAccount({ id: 'poor', user_id, balance: '1.00', min_balance: '-5' })
  await api.anAccount({ id: 'full', user_id, balance: '90071992547409.91' })
  await api.anAccount({ id: 'yen', user_id, currency: 'JPY' })
  await api.anAccount({ id: 'yen-ada', user_id, currency: 'JPY', balance: '100' })
  await api.anAccount({ id: 'closed', user_id })
  await api.sql(`update account set closed_at = now() where id = 'closed'`)
})
afterAll(() => api.close())

const post = (path: string, json: object, headers = {}): Sent => ({
  method: 'POST',
  path,
  json,
  headers,
})
const posting = (change: object, headers = {}): Sent =>
  post('/transactions', { account_id: 'poor', amount: '1', ...change }, headers)

/** The request id is the one thing that differs from time to time. */
function expectGoldenProblem({ body }: Pick<Answer, 'body'>, code: string): void {
  expect(problemDto.parse(body).code).toBe(code)
  expectGolden(`problem/${code}`, { ...(body as object), instance: '/requests/…' })
}

test.each<[string, Sent]>([
  ['request.invalid', posting({ amount: '0', effective_at: '2026-02-30T00:00:00Z', tip: 1 })],
  ['request.invalid_json', { method: 'POST', path: '/users', raw: '{"first_name": Ada}' }],
  ['request.malformed_url', { path: '/users/%ff' }],
  ['request.too_large', posting({ description: 'x'.repeat(70_000) })],
  ['request.unsupported_media_type', posting({}, { 'Content-Type': 'text/plain' })],
  ['route.not_found', { path: '/user' }],
  ['route.method_not_allowed', { method: 'DELETE', path: '/users/ada-1' }],
  ['page.invalid_cursor', { path: '/users?cursor=abc' }],
  ['user.not_found', { path: '/users/nobody' }],
  ['user.exists', post('/users', { id: 'ada-1', first_name: 'Ada', last_name: 'L' })],
  ['account.not_found', { path: '/accounts/nothing' }],
  [
    'request.not_acceptable',
    { path: '/accounts/poor/statement', headers: { Accept: 'application/pdf' } },
  ],
  [
    'event.unknown_position',
    { path: '/events?after=9223372036854775807-0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e' },
  ],
  ['account.exists', post('/users/ada-1/accounts', { id: 'poor', name: 'A', currency: 'EUR' })],
  ['account.closed', posting({ account_id: 'closed' })],
  ['account.insufficient_funds', posting({ amount: '-6.01' })],
  ['account.balance_out_of_range', posting({ account_id: 'full', amount: '0.01' })],
  ['transaction.not_found', { path: '/transactions/0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e' }],
  ['transaction.currency_mismatch', posting({ counterparty_id: 'yen' })],
  ['verification.not_running', { path: '/ledger/verification' }],
])('%s', async (code, sent) => {
  expectGoldenProblem(await api.send(sent), code)
})

test('account.not_empty and account.limit_not_met', async () => {
  await api.anAccount({ id: 'rich', user_id: 'ada-1', balance: '7.50', min_balance: '-5' })
  expectGoldenProblem(await api.send(post('/accounts/rich/close', {})), 'account.not_empty')
  await api.create({ account_id: 'rich', amount: '-10' })
  const change = {
    method: 'PATCH',
    path: '/accounts/rich',
    json: { min_balance: '-2.49' },
  } as const
  expectGoldenProblem(await api.send(change), 'account.limit_not_met')
})

test('auth.unauthenticated, auth.forbidden and credential.no_sign_in', async () => {
  expectGoldenProblem(await api.send(as('ada-1', { path: '/me' })), 'auth.unauthenticated')
  await aSignIn(api, 'eve')
  expectGoldenProblem(await api.send(as('eve', { path: '/users' })), 'auth.forbidden')
  await api.post('/users', { id: 'shop:1', first_name: 'S', last_name: 'H' }, userDto)
  const credential = {
    method: 'PUT',
    path: '/users/shop:1/credential',
    json: { password },
  } as const
  expectGoldenProblem(await api.send(credential), 'credential.no_sign_in')
})

test('auth.too_many_attempts and auth.busy', async () => {
  const strict = await startApi({
    auth: { user_failures_max: 1, hashes_in_flight_max: 1, hash_queue_max: 0 },
  })
  // One of them is hashed while the others come.
  const all = Array.from({ length: 20 }, (_, i) => strict.send(as(`user-${i}`, { path: '/me' })))
  const refused = (await Promise.all(all)).find(({ status }) => status === 503)
  expectGoldenProblem(refused!, 'auth.busy')
  await strict.send(as('c', { path: '/me' }))
  expectGoldenProblem(await strict.send(as('c', { path: '/me' })), 'auth.too_many_attempts')
  await strict.close()
})

test('request.too_many', async () => {
  const small = await startApi({ rate_limit: { reads_max: 1 } })
  await small.send({ path: '/me' })
  expectGoldenProblem(await small.send({ path: '/me' }), 'request.too_many')
  await small.close()
})

/** The ids of holds and transactions differ from time to time. */
function withoutIds({ body }: Answer): Pick<Answer, 'body'> {
  const text = JSON.stringify(body).replace(/0[0-9a-f]{7}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '…')
  return { body: JSON.parse(text) as unknown }
}

test('hold.not_found, hold.amount_exceeded and hold.not_open', async () => {
  const missing = '/holds/0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e'
  expectGoldenProblem(await api.send({ path: missing }), 'hold.not_found')
  const opened = await api.send(post('/holds', { account_id: 'yen-ada', amount: '5' }))
  const { id } = opened.body as { id: string }
  const tooMuch = await api.send(post(`/holds/${id}/capture`, { amount: '6' }))
  expectGoldenProblem(withoutIds(tooMuch), 'hold.amount_exceeded')
  await api.send(post(`/holds/${id}/release`, {}))
  const released = await api.send(post(`/holds/${id}/release`, {}))
  expectGoldenProblem(withoutIds(released), 'hold.not_open')
})

test('transaction.already_reversed and transaction.bulk_refused', async () => {
  const { id } = await api.create({ account_id: 'yen-ada', amount: '1' })
  await api.send(post(`/transactions/${id}/reversal`, {}))
  const again = await api.send(post(`/transactions/${id}/reversal`, {}))
  expectGoldenProblem(withoutIds(again), 'transaction.already_reversed')
  const transactions = ['1', '-2'].map((amount) => ({ account_id: 'closed', amount }))
  const bulk = await api.send(post('/transactions/bulk?mode=atomic', { transactions }))
  expectGoldenProblem(withoutIds(bulk), 'transaction.bulk_refused')
})

test('user.too_many_accounts', async () => {
  await api.post('/users', { id: 'grace', first_name: 'G', last_name: 'H' }, userDto)
  const open = post('/users/grace/accounts', { name: 'A', currency: 'EUR' })
  for (let i = 0; i < 100; i++) await api.send(open)
  expectGoldenProblem(await api.send(open), 'user.too_many_accounts')
})

test('order.not_found, order.user_unknown and order.product_unknown', async () => {
  const shop = await openShop({ withoutWorker: true })
  const missing = await shop.send('GET', '/orders/0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e')
  expectGoldenProblem(missing, 'order.not_found')
  expectGoldenProblem(await shop.place('nobody', 'family-box'), 'order.user_unknown')
  expectGoldenProblem(await shop.place(ada, 'nothing'), 'order.product_unknown')
  await shop.close()
})

test('idempotency.key_reused', async () => {
  const headers = { 'Idempotency-Key': 'order-1042' }
  await api.send(posting({ amount: '2' }, headers))
  expectGoldenProblem(await api.send(posting({}, headers)), 'idempotency.key_reused')
})

test.each([
  ['ledger.busy', `select from account where id = 'poor' for update`],
  [
    'idempotency.in_progress',
    `insert into idempotency values ('order-1043', sha256(''), null, '{}', now())`,
  ],
])('%s', async (code, text) => {
  await api.db.withClient(async (client) => {
    await client.query({ text: 'begin', values: [] })
    await client.query({ text, values: [] })
    const answer = await api.send(posting({}, { 'Idempotency-Key': 'order-1043' }))
    await client.query({ text: 'rollback', values: [] })
    expectGoldenProblem(answer, code)
  })
})

test('statement.busy', async () => {
  const small = await startApi({ statement: { concurrent_max: 1 } })
  const { id } = await small.anAccount()
  const path = `/accounts/${id}/statement`
  await small.db.withClient(async (client) => {
    await client.query({ text: 'begin', values: [] })
    await client.query({ text: 'lock table account in access exclusive mode', values: [] })
    const [first, second] = [small.send({ path }), small.send({ path })]
    const refused = await Promise.race([first, second])
    await client.query({ text: 'rollback', values: [] })
    expectGoldenProblem(refused, 'statement.busy')
    await Promise.all([first, second])
  })
  await small.close()
})

test('api.busy', async () => {
  const small = await startApi({ http: { requests_max: 1 }, ledger: { lock_timeout_ms: 2000 } })
  const { id } = await small.anAccount()
  await small.db.withClient(async (client) => {
    await client.query({ text: 'begin', values: [] })
    await client.query({ text: 'select from account where id = $1 for update', values: [id] })
    const both = [1, 2].map(() => small.send(posting({ account_id: id })))
    // The other one waits for the account.
    const refused = await Promise.race(both)
    await client.query({ text: 'rollback', values: [] })
    await Promise.all(both)
    expectGoldenProblem(refused, 'api.busy')
  })
  await small.close()
})

test('event.too_many_streams', async () => {
  const small = await startApi({ event: { streams_max: 1 } })
  const reader = await openEvents(small.url())
  const headers = { Accept: 'text/event-stream' }
  const refused = await small.send({ path: '/events', headers })
  expectGoldenProblem(refused, 'event.too_many_streams')
  reader.close()
  await small.close()
})

test('reservation.*', async () => {
  await openStore(api.sql)
  const [line] = await newCarts(api.sql).add({ user: 'demo' })
  await api.sql(`update reservation set actual = 'held', external_id = 7 where line_id = $1`, [
    line,
  ])
  const retry = (id: string) => post(`/items/${id}/reservation/retry`, {})
  expectGoldenProblem(await api.send(retry(line!)), 'reservation.not_failed')
  const nothing = '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e'
  expectGoldenProblem(await api.send(retry(nothing)), 'reservation.not_found')
  const small = await startApi({ watch: { streams_max: 1 } })
  const reader = await openEvents(small.url(), { path: '/items/events' })
  const headers = { Accept: 'text/event-stream' }
  const refused = await small.send({ path: '/items/events', headers })
  expectGoldenProblem(refused, 'reservation.too_many_streams')
  reader.close()
  await small.close()
})

test('internal', async () => {
  await api.sql('alter table account rename to lost')
  const answer = await api.send({ path: '/accounts/poor' })
  await api.sql('alter table lost rename to account')
  expectGoldenProblem(answer, 'internal')
})

test('request.timeout and api.not_ready', async () => {
  const hasty = await startApi({
    http: { request_timeout_ms: 500 },
    ledger: { lock_timeout_ms: 2000 },
  })
  const { id } = await hasty.anAccount()
  await hasty.db.withClient(async (client) => {
    await client.query({ text: 'begin', values: [] })
    await client.query({ text: 'select from account where id = $1 for update', values: [id] })
    const answer = await hasty.send(posting({ account_id: id }))
    await client.query({ text: 'rollback', values: [] })
    expectGoldenProblem(answer, 'request.timeout')
  })
  await hasty.sql('delete from migrations where id > 0')
  expectGoldenProblem(await hasty.send({ path: '/readyz' }), 'api.not_ready')
  await hasty.close()
})

test('ledger.outcome_unknown and database.unavailable', async () => {
  let proxy: Proxy | undefined
  const reach = async (url: string) => (proxy = await startProxy(url)).url
  const distant = await startApi({ reach, ledger: { outcome_timeout_ms: 200 } })
  const { id } = await distant.anAccount()
  proxy!.mode = 'cut-before-commit'
  const answer = distant.send(posting({ account_id: id }))
  // In the very turn in which the commit is cut off, so that nobody can look its outcome up.
  while (proxy!.cuts === 0) await nextTurn()
  proxy!.mode = 'closed'
  expectGoldenProblem(await answer, 'ledger.outcome_unknown')
  expectGoldenProblem(await distant.send({ path: '/users' }), 'database.unavailable')
  await distant.close()
  await proxy!.close()
})

/** Sends bytes that may be no HTTP and reads the body of what comes back. */
async function answerTo(port: number, bytes: string): Promise<{ body: unknown }> {
  const text = await new Promise<string>((resolve, reject) => {
    let received = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.setEncoding('utf8').on('data', (more: string) => (received += more))
    socket.on('end', () => resolve(received)).on('error', reject)
  })
  return { body: JSON.parse(text.slice(text.indexOf('\r\n\r\n'))) as unknown }
}

test.each([
  ['request.malformed', 'GET / HTTP/9.9\r\n\r\n'],
  ['request.headers_too_large', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`],
])('%s', async (code, bytes) => {
  expectGoldenProblem(await answerTo(api.port(), bytes), code)
})

test('request.too_slow', async () => {
  const server = await startServer({
    app: () => {},
    host: '127.0.0.1',
    port: 0,
    shutdownTimeoutMs: 100,
    log: silentLog(),
    limits: { headersTimeoutMs: 50, checkIntervalMs: 10 },
  })
  const answer = await answerTo(server.port, 'GET / HTTP/1.1\r\nHost: x\r\n')
  await server.close()
  expectGoldenProblem(answer, 'request.too_slow')
})

test('every problem that is declared has its golden file, and no other is there', () => {
  const routes = newRoutes({} as Parameters<typeof newRoutes>[0])
  const declared = collectFaults([
    ...Object.values(generalFaults),
    databaseUnavailable,
    ...routes.flatMap(({ faults }) => faults),
  ])
  const files = readdirSync(join(__dirname, 'problem'))
  expect(files.sort()).toEqual(declared.map(({ code }) => `${code}.json`).sort())
})
