import { newRoutes } from '../../cmd/api/routes'
import { run } from '../../cmd/api/run'
import { api as apiConfig } from '../../config/schema'
import { newLog } from '../../internal/log/log'
import { connectionSettings } from '../harness/database'
import { newLogin, type TestLogin } from '../harness/login'
import { pollUntil } from '../harness/poll'
import { onServer } from '../harness/server'
import { startApi, type Sent, type TestApi } from './api'

let member: TestLogin
let api: TestApi
beforeAll(async () => {
  member = await newLogin('in role tillbook_api')
  const seal = { interval_ms: 20, check_interval_ms: 20 }
  api = await startApi({ reach: async (url) => member.urlOf(url), seal })
  const isChecked = async () => (await api.send({ path: '/ledger/verification' })).status === 200
  await pollUntil(isChecked, { what: 'verification' })
  await api.anAccount({ id: 'unused' })
})
afterAll(async () => {
  await api.close()
  await member.close()
})

const time = '2026-01-31T09:30:00Z'

/** One request of each route, in an order in which each succeeds. */
const requests: [string, Sent][] = [
  ['post /users', { json: { id: 'eve', first_name: 'Eve', last_name: 'Test' }, path: '/users' }],
  ['get /users', { path: '/users' }],
  ['get /me', { path: '/me' }],
  [
    'put /users/:id/credential',
    { path: '/users/eve/credential', json: { password: 'mind the gap' } },
  ],
  [
    'post /users/:id/accounts',
    { path: '/users/eve/accounts', json: { id: 'purse', name: 'Purse', currency: 'EUR' } },
  ],
  [
    'post /transactions',
    {
      path: '/transactions',
      json: { account_id: 'purse', amount: '5.00' },
      headers: { 'Idempotency-Key': 'role-1' },
    },
  ],
  ['get /users/:id', { path: '/users/eve' }],
  ['get /users/:id/transactions/max', { path: `/users/eve/transactions/max?from=${time}` }],
  ['get /accounts/:id', { path: '/accounts/purse' }],
  ['get /accounts/:id/transactions', { path: '/accounts/purse/transactions' }],
  ['get /transactions/:id', { path: '/transactions/ID' }],
  ['post /transactions/:id/reversal', { path: '/transactions/ID/reversal' }],
  [
    'post /transactions/bulk',
    {
      path: '/transactions/bulk',
      json: { transactions: [{ account_id: 'purse', amount: '5', idempotency_key: 'role-2' }] },
    },
  ],
  ['post /holds', { path: '/holds', json: { account_id: 'purse', amount: '5.00' } }],
  ['get /holds/:id', { path: '/holds/HOLD' }],
  ['post /holds/:id/capture', { path: '/holds/HOLD/capture', json: { amount: '2.00' } }],
  ['post /holds/:id/extend', { path: '/holds/HOLD/extend', json: { expires_at: null } }],
  ['post /holds/:id/release', { path: '/holds/HOLD/release' }],
  ['patch /accounts/:id', { path: '/accounts/purse', json: { min_balance: '-3.00' } }],
  ['post /accounts/:id/close', { path: '/accounts/unused/close' }],
  ['post /catalogue', { path: '/catalogue', json: { name: 'laptop', price: '0.10' } }],
  ['get /catalogue', { path: '/catalogue' }],
  ['get /catalogue/:id', { path: '/catalogue/ITEM' }],
  ['patch /catalogue/:id', { path: '/catalogue/ITEM', json: { price: '0.20' } }],
  ['put /catalogue/:id/stock', { path: '/catalogue/ITEM/stock', json: { on_hand: 9 } }],
  ['post /items', { path: '/items', json: { name: 'laptop', quantity: 1 } }],
  ['post /api/v1/items', { path: '/api/v1/items', json: { name: 'pad', quantity: 1 } }],
  ['get /items', { path: '/items' }],
  ['get /api/v1/items', { path: '/api/v1/items' }],
  ['patch /items/:line_id', { path: '/items/LINE', json: { quantity: 2 } }],
  ['patch /api/v1/items/:line_id', { path: '/api/v1/items/LINE', json: { quantity: 3 } }],
  ['post /items/:line_id/reservation/retry', { path: '/items/LINE/reservation/retry' }],
  ['delete /items/:line_id', { path: '/items/LINE' }],
  ['delete /api/v1/items/:line_id', { path: '/api/v1/items/LINE' }],
  // A stream without an end.
  ['get /items/events', { path: '/items/events', method: 'HEAD' }],
  ['get /reservations', { path: '/reservations?trouble=failed' }],
  ['get /cart', { path: '/cart' }],
  ['put /cart/address', { path: '/cart/address', json: { city: 'Graz' } }],
  [
    'post /orders',
    {
      path: '/orders',
      json: { user_id: '7c11e1ce2741', product_code: 'classic-box' },
      headers: { Prefer: 'respond-async' },
    },
  ],
  ['get /orders', { path: '/orders' }],
  ['get /orders/:id', { path: '/orders/ORDER' }],
  ['post /checkout', { path: '/checkout', json: { account_id: 'purse' } }],
  ['delete /catalogue/:id', { path: '/catalogue/ITEM' }],
  ['get /accounts/:id/statement', { path: '/accounts/purse/statement' }],
  ['get /events', { path: '/events' }],
  ['get /ledger/verification', { path: '/ledger/verification' }],
  ['get /metrics', { path: '/metrics' }],
  ['get /healthz', { path: '/healthz' }],
  ['get /readyz', { path: '/readyz' }],
]

/** What later requests call the id that these are answered with. */
const named: Record<string, string> = {
  'post /transactions': 'ID',
  'post /holds': 'HOLD',
  'post /catalogue': 'ITEM',
  'post /api/v1/items': 'LINE',
  'post /orders': 'ORDER',
}

describe('a login that is a member of tillbook_api is all that the API needs', () => {
  const ids: Record<string, string> = {}

  test.each(requests)('%s', async (route, sent) => {
    const [verb] = route.split(' ')
    const method = verb!.toUpperCase() as NonNullable<Sent['method']>
    const path = sent.path.replace(/ID|HOLD|ITEM|LINE|ORDER/, (name) => ids[name]!)
    const answer = await api.send({ method, ...sent, path })
    expect([route, answer.status]).toEqual([route, answer.status < 300 ? answer.status : '2xx'])
    const name = named[route]
    if (name !== undefined) ids[name] = (answer.body as { id: string }).id
  })

  test('for every route there is', () => {
    const routes = newRoutes({} as Parameters<typeof newRoutes>[0])
    const there = routes.map(({ method, path }) => `${method} ${path}`)
    expect(requests.map(([route]) => route).sort()).toEqual(there.sort())
  })
})

/** Starts the API as somebody, closes it again, and answers what it wrote into its log. */
async function tryToStart(url: string, role: string): Promise<string> {
  let lines = ''
  const log = newLog({ level: 'warn', format: 'json' }, { write: (line) => (lines += line) })
  const config = apiConfig.parse({
    environment: 'test',
    database: connectionSettings(url, { role }),
    http: { port: 0 },
  })
  const started = await run(config, { log, version: '0.0.0-test' })
  await started.close()
  return lines
}

describe('the API does not start, and says why in a sentence, when', () => {
  let stranger: TestLogin
  beforeAll(async () => {
    stranger = await newLogin('')
  })
  afterAll(() => stranger.close())

  test('its role is not there', async () => {
    await expect(tryToStart(api.databaseUrl, 'nobody_there')).rejects.toThrow(
      'The database opens no session as the role "nobody_there": role "nobody_there" does not ' +
        'exist. `make migrate` creates tillbook_api.',
    )
  })

  test('its login may not have the role', async () => {
    await expect(tryToStart(stranger.urlOf(api.databaseUrl), 'tillbook_api')).rejects.toThrow(
      'The database opens no session as the role "tillbook_api": permission denied to set role ' +
        '"tillbook_api". The login of the API has to be a member of it.',
    )
  })

  test('its role may read nothing', async () => {
    await expect(tryToStart(stranger.urlOf(api.databaseUrl), 'none')).rejects.toThrow(
      'lacks rights that the API needs: run `make migrate`, or make it a member of tillbook_api.',
    )
  })

  test('its role may not post', async () => {
    const reader = await newLogin('in role pg_read_all_data')
    const started = tryToStart(reader.urlOf(api.databaseUrl), 'none')
    await expect(started).rejects.toThrow(`The role "${reader.name}" lacks rights`)
    await reader.close()
  })
})

test('the API says once at its start when its session may change transactions', async () => {
  expect(await tryToStart(api.databaseUrl, 'none')).toMatch(
    /^{"level":"warn",.*"msg":"the role of the API may change and delete transactions"}\n$/,
  )
  expect(await tryToStart(api.databaseUrl, 'tillbook_api')).toBe('')
})

test('a login that loses its role is not ready, and is again when it has it back', async () => {
  const drop = `select pg_terminate_backend(pid) from pg_stat_activity where usename = '${member.name}'`
  await onServer(api.databaseUrl, `revoke tillbook_api from ${member.name}; ${drop}`)
  // A connection that was cut may be found out about only as it is used: database.unavailable.
  const isRefused = /opens no session as the role ..?tillbook_api/
  await pollUntil(async () => isRefused.test((await api.send({ path: '/readyz' })).text), {
    what: 'a readiness that knows why',
  })
  await api.refuses({ path: '/users' }, { status: 503, code: 'database.unavailable' })
  await onServer(api.databaseUrl, `grant tillbook_api to ${member.name}`)
  expect((await api.send({ path: '/readyz' })).status).toBe(200)
})
