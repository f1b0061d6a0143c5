import { readFileSync } from 'node:fs'
import { newRoutes } from '../../cmd/api/routes'
import { roles, type Role } from '../../internal/auth/principal'
import type { Route } from '../../internal/http/route'
import type { Answer } from './answer'
import { startApi, type Sent, type Settings, type TestApi } from './api'
import { as, aSignIn, basic, password } from './credentials'

/** What belongs to one user, or to nobody: made when a request needs it. */
interface World {
  userId: string
  account: string
  other: string
  emptyAccount(): Promise<string>
  transaction(): Promise<string>
  hold(): Promise<string>
  /** In the store of that user. */
  item(): Promise<string>
  /** In their cart. */
  line(): Promise<string>
  order(): Promise<string>
}

interface Case {
  /** The request of that caller about what is in that world. */
  sent(world: World, caller: string): Promise<Omit<Sent, 'method'>>
  /** It is about something that has an owner; else it is about all there is, or the caller. */
  isOwned?: boolean
  /** Of what is somebody else's, when it is not 404: as the route refuses what is nowhere. */
  unknown?: number
  /** Not even an operator does it for somebody else. */
  isPersonal?: boolean
  /** Besides the successes that the route promises. */
  alsoAllowed?: number
  /** It has no end: only how it begins is looked at. */
  isStream?: boolean
}

let count = 0

const at = (path: string, json?: unknown) => Promise.resolve({ path, json })
const owned = (sent: Case['sent']): Case => ({ sent, isOwned: true })
const personal = (sent: Case['sent']): Case => ({ sent, isOwned: true, isPersonal: true })

/** One request of each route: a route that is not here fails the last test. */
const cases: Record<string, Case> = {
  'get /healthz': { sent: () => at('/healthz') },
  'get /readyz': { sent: () => at('/readyz') },
  'get /metrics': { sent: () => at('/metrics') },
  'get /me': { sent: () => at('/me') },
  'get /events': { sent: () => at('/events?limit=1') },
  'get /ledger/verification': { sent: () => at('/ledger/verification'), alsoAllowed: 503 },
  'get /users': { sent: () => at('/users') },
  'post /users': {
    sent: () => at('/users', { id: `new-${++count}`, first_name: 'N', last_name: 'N' }),
  },
  'get /users/:id': owned(({ userId }) => at(`/users/${userId}`)),
  'get /users/:id/transactions/max': owned(({ userId }) => at(`/users/${userId}/transactions/max`)),
  'put /users/:id/credential': owned(({ userId }) =>
    at(`/users/${userId}/credential`, { password }),
  ),
  'post /users/:id/accounts': owned(({ userId }) =>
    at(`/users/${userId}/accounts`, { name: 'More', currency: 'EUR' }),
  ),
  'get /accounts/:id': owned(({ account }) => at(`/accounts/${account}`)),
  'get /accounts/:id/transactions': owned(({ account }) => at(`/accounts/${account}/transactions`)),
  'get /accounts/:id/statement': owned(({ account }) => at(`/accounts/${account}/statement`)),
  'patch /accounts/:id': owned(({ account }) => at(`/accounts/${account}`, { min_balance: '0' })),
  'post /accounts/:id/close': owned(async (world) =>
    at(`/accounts/${await world.emptyAccount()}/close`),
  ),
  'post /transactions': owned(({ account }) =>
    at('/transactions', { account_id: account, amount: '-0.01' }),
  ),
  'post /transactions/bulk': owned(({ account }) =>
    at('/transactions/bulk', { transactions: [{ account_id: account, amount: '-0.01' }] }),
  ),
  'get /transactions/:id': owned(async (world) => at(`/transactions/${await world.transaction()}`)),
  'post /transactions/:id/reversal': owned(async (world) =>
    at(`/transactions/${await world.transaction()}/reversal`),
  ),
  'post /holds': owned(({ account }) => at('/holds', { account_id: account, amount: '0.01' })),
  'get /holds/:id': owned(async (world) => at(`/holds/${await world.hold()}`)),
  'post /holds/:id/capture': owned(async (world) => at(`/holds/${await world.hold()}/capture`)),
  'post /holds/:id/release': owned(async (world) => at(`/holds/${await world.hold()}/release`)),
  'post /holds/:id/extend': owned(async (world) =>
    at(`/holds/${await world.hold()}/extend`, { expires_at: null }),
  ),
  'get /catalogue': { sent: () => at('/catalogue') },
  'get /catalogue/:id': { sent: async () => at(`/catalogue/${await worlds.get('eve')!.item()}`) },
  'post /catalogue': owned(({ userId }) =>
    at('/catalogue', { store_id: `${userId}-store`, name: `thing ${++count}` }),
  ),
  'patch /catalogue/:id': owned(async (world) =>
    at(`/catalogue/${await world.item()}`, { price: '1.00' }),
  ),
  'delete /catalogue/:id': owned(async (world) => at(`/catalogue/${await world.item()}`)),
  'put /catalogue/:id/stock': owned(async (world) =>
    at(`/catalogue/${await world.item()}/stock`, { on_hand: 3 }),
  ),
  ...linesUnder('/items'),
  ...linesUnder('/api/v1/items'),
  'get /items/events': { sent: () => at('/items/events'), isStream: true },
  'post /items/:line_id/reservation/retry': owned(async (world) =>
    at(`/items/${await world.line()}/reservation/retry`),
  ),
  'get /reservations': { sent: () => at('/reservations?trouble=failed') },
  'get /cart': { sent: () => at('/cart') },
  'put /cart/address': {
    sent: () => at('/cart/address', { line1: 'Main Street 1', city: 'Graz', country_code: 'AT' }),
  },
  'post /orders': {
    ...owned(async ({ userId }) => ({
      ...(await at('/orders', orderFor(userId))),
      headers: { Prefer: 'respond-async' },
    })),
    unknown: 422,
  },
  'get /orders': { sent: () => at('/orders') },
  'get /orders/:id': owned(async (world) => at(`/orders/${await world.order()}`)),
  'post /checkout': {
    ...owned(async ({ account }, caller) => {
      await fillCart(caller)
      return at('/checkout', { account_id: account })
    }),
    // A merchant has nothing in a cart.
    alsoAllowed: 422,
  },
}

function linesUnder(path: string): Record<string, Case> {
  return {
    [`get ${path}`]: { sent: () => at(path) },
    [`post ${path}`]: { sent: () => at(path, { name: `line ${++count}`, quantity: 1 }) },
    [`patch ${path}/:line_id`]: personal(async (world) =>
      at(`${path}/${await world.line()}`, { quantity: 2 }),
    ),
    [`delete ${path}/:line_id`]: personal(async (world) => at(`${path}/${await world.line()}`)),
  }
}

const orderFor = (userId: string) => ({ user_id: userId, product_code: 'classic-box' })

const callers: Record<Role, string> = { customer: 'ada', merchant: 'shop', operator: 'root' }
const settings: Settings = {
  auth: { demo_operator: true, user_failures_max: 1000, address_failures_max: 10_000 },
}
const missing = '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e'
const nowhere: World = {
  userId: 'nobody',
  account: 'nobody-a',
  other: 'nobody-b',
  emptyAccount: async () => 'nobody-c',
  transaction: async () => missing,
  hold: async () => missing,
  item: async () => missing,
  line: async () => missing,
  order: async () => missing,
}

let api: TestApi
const worlds = new Map<string, World>()

beforeAll(async () => {
  api = await startApi(settings)
  await aSignIn(api, 'root', 'operator')
  await aSignIn(api, 'shop', 'merchant')
  for (const userId of ['ada', 'eve']) await aSignIn(api, userId)
  for (const userId of ['ada', 'eve', 'shop', 'root']) worlds.set(userId, await newWorld(userId))
  // From here on everybody has to sign in.
  settings.auth!.demo_operator = false
  await api.restart()
})
afterAll(() => api.close())

async function newWorld(userId: string): Promise<World> {
  const [account, other] = [`${userId}-a`, `${userId}-b`]
  await api.anAccount({ id: account, user_id: userId, balance: '1000.00' })
  await api.anAccount({ id: other, user_id: userId })
  const store = `insert into store values ($1, $2, $3, 'EUR', 'Store')`
  await api.sql(store, [`${userId}-store`, account, userId])
  const made = (path: string, json: object) => make('root', path, json)
  const isBuyer = userId !== callers.merchant
  return {
    ...{ userId, account, other },
    emptyAccount: () => made(`/users/${userId}/accounts`, { name: 'Empty', currency: 'EUR' }),
    transaction: () => made('/transactions', { account_id: account, amount: '0.01' }),
    hold: () => made('/holds', { account_id: account, amount: '0.01', counterparty_id: other }),
    item: () => made('/catalogue', { store_id: `${userId}-store`, name: `thing ${++count}` }),
    line: async () =>
      isBuyer ? make(userId, '/items', { name: `line ${++count}`, quantity: 1 }) : missing,
    order: async () => (isBuyer ? make(userId, '/orders', orderFor(userId)) : missing),
  }
}

async function make(who: string, path: string, json: object): Promise<string> {
  const headers = { Prefer: 'respond-async' }
  const answer = await api.send(as(who, { method: 'POST', path, json, headers }))
  expect([201, 202]).toContain(answer.status)
  return (answer.body as { id: string }).id
}

/** Something with a price, of which there is enough, and nothing else. */
async function fillCart(userId: string): Promise<void> {
  if (userId !== callers.customer && userId !== callers.operator) return
  const name = `ware ${++count}`
  const id = await make('root', '/catalogue', { name, price: '0.10' })
  const stock: Sent = { method: 'PUT', path: `/catalogue/${id}/stock`, json: { on_hand: 9 } }
  expect((await api.send(as('root', stock))).status).toBe(200)
  // What has no price cannot be bought.
  await api.sql(`update cart_line set removed_at = clock_timestamp()
    where removed_at is null and cart_id in (select id from cart where status = 'open')`)
  await make(userId, '/items', { name, quantity: 1 })
}

const routes = newRoutes({} as Parameters<typeof newRoutes>[0])
const nameOf = ({ method, path }: Route) => `${method} ${path}`

async function call(
  { method, path }: Route,
  { world, caller, headers }: { world: World; caller: string; headers: Record<string, string> },
) {
  const { sent, isStream } = cases[`${method} ${path}`]!
  const what = await sent(world, caller)
  const verb = isStream ? 'HEAD' : (method.toUpperCase() as 'GET')
  return api.send({ ...what, method: verb, headers: { ...what.headers, ...headers } })
}

/** The refusal without what is particular to the request: its ids. */
function plain(text: string, world: World): string {
  return text
    .replace(/\/requests\/[0-9a-f-]+/, '')
    .replaceAll(world.userId, 'USER')
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|USER-(?:[abc]|store)/g, 'ID')
}

test('C4: each route has its request here, and none is here that is not served', () => {
  expect(Object.keys(cases).sort()).toEqual(routes.map(nameOf).sort())
})

describe.each(routes.map((route) => [nameOf(route), route] as const))('C4: %s', (name, route) => {
  const {
    isOwned,
    isPersonal,
    isStream,
    alsoAllowed,
    unknown: refusal = 404,
  } = cases[name] ?? ({} as Case)
  const world = (userId: string) => worlds.get(userId)!
  const expectAllowed = ({ status }: { status: number }) => {
    if (status !== alsoAllowed) expect([200, 201, 202, 204]).toContain(status)
  }

  const expectRefused = (answer: Answer, status: number, code: string) => {
    expect(answer.status).toBe(status)
    if (!isStream) expect(answer.body).toMatchObject({ code })
  }

  test.each([
    ['a stranger', {}],
    ['a wrong password', { Authorization: basic('ada', 'a wrong one') }],
    ['an unknown user', { Authorization: basic('nobody') }],
    ['half a header', { Authorization: 'Basic' }],
  ])('asks %s to sign in, unless anyone may call it', async (_who, headers) => {
    const sent = { world: nowhere, caller: 'nobody', headers: headers as Record<string, string> }
    const answer = await call(route, sent)
    if (route.roles === 'anyone') return expectAllowed(answer)
    expectRefused(answer, 401, 'auth.unauthenticated')
    expect(answer.headers['www-authenticate']).toMatch(/^Basic realm=/)
  })

  describe.each(roles.map((role) => [role, callers[role]] as const))('as %s', (role, userId) => {
    const headers = { Authorization: basic(userId) }
    const isAllowed = route.roles === 'anyone' || route.roles.includes(role)

    test('works for what is one’s own, or is refused with 403 by the role', async () => {
      const answer = await call(route, { world: world(userId), caller: userId, headers })
      if (isAllowed) expectAllowed(answer)
      else expectRefused(answer, 403, 'auth.forbidden')
    })

    test('tells nothing of what is somebody else’s', async () => {
      const answer = await call(route, { world: world('eve'), caller: userId, headers })
      if (!isAllowed) return expectRefused(answer, 403, 'auth.forbidden')
      if (!isOwned || (role === 'operator' && !isPersonal)) return expectAllowed(answer)
      expect(answer.status).toBe(refusal)
      const unknown = await call(route, { world: nowhere, caller: userId, headers })
      expect(plain(answer.text, world('eve'))).toBe(plain(unknown.text, nowhere))
      expect(Object.keys(answer.headers)).toEqual(Object.keys(unknown.headers))
    })
  })
})

test('docs/security.md tells who may call what, route by route', () => {
  const text = readFileSync('docs/security.md', 'utf8')
  const rows = [...text.matchAll(/^\| `([A-Z]+) (\/\S*)` \| ([a-z, ]+) \|/gm)]
  const told = rows.map(([, method, path, who]) => `${method!.toLowerCase()} ${path}: ${who}`)
  const declared = routes.map((route) => `${nameOf(route)}: ${whoOf(route)}`)
  expect(told.sort()).toEqual(declared.sort())
})

function whoOf({ roles: declared }: Route): string {
  if (declared === 'anyone') return 'anyone'
  return declared.length === roles.length ? 'everybody' : declared.join(', ')
}
