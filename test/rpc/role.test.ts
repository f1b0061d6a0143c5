import { newServices } from '../../cmd/api/rpc/services'
import { roles } from '../../internal/auth/principal'
import { collectAllowed } from '../../internal/rpc/service'
import { services } from './contract'
import { startRpcApi, type RpcApi } from './api'

// The services are looked at and never called, so there is nothing behind them.
const allowed = collectAllowed(newServices({} as Parameters<typeof newServices>[0]))

/** Who may call what, once more by hand: a slip in the code is then not a slip in its test. */
const expected: Readonly<Record<string, readonly string[]>> = {
  'item.Item/Create': ['merchant', 'operator'],
  'item.Item/Update': ['merchant', 'operator'],
  'item.Item/Delete': ['merchant', 'operator'],
  'item.Item/Get': ['customer', 'merchant', 'operator'],
  'item.Item/List': ['customer', 'merchant', 'operator'],
  'cart.Cart/Get': ['customer', 'operator'],
  'cart.Cart/ConfigureAddress': ['customer', 'operator'],
  'cart.Cart/AddItem': ['customer', 'operator'],
  'cart.Cart/UpdateQuantity': ['customer', 'operator'],
  'cart.Cart/Empty': ['customer', 'operator'],
}

const rpcs = Object.entries(services).flatMap(([service, line]) =>
  [...line.matchAll(/(\w+)\(/g)].map(([, method]) => `${service}/${method}`),
)

let api: RpcApi
beforeAll(async () => {
  api = await startRpcApi()
  await api.addUser('mia', 'merchant')
  await api.addUser('bob', 'merchant')
})
afterAll(() => api.close())

const forbidden = { code: 'PERMISSION_DENIED', reason: 'auth.forbidden' }
const stranger = { code: 'UNAUTHENTICATED', reason: 'auth.unauthenticated' }

test('C4: every rpc of the contract is declared, and anyone may call nothing but the health', () => {
  const open = [...allowed].filter(([, some]) => some === 'anyone').map(([rpc]) => rpc)
  expect(open).toEqual(['grpc.health.v1.Health/Check', 'grpc.health.v1.Health/Watch'])
  const own = [...allowed].filter(([, some]) => some !== 'anyone')
  expect(Object.fromEntries(own)).toEqual(expected)
  expect(rpcs).toEqual(Object.keys(expected))
})

test.each(rpcs)('C4: %s is for its roles, and for no other', async (rpc) => {
  for (const role of roles) {
    const as = { customer: 'ada', merchant: 'mia', operator: 'demo' }[role]
    if (expected[rpc]!.includes(role)) {
      const reply = await api.call(rpc, {}, { as })
      expect(['PERMISSION_DENIED', 'UNAUTHENTICATED']).not.toContain(reply.code)
    } else await api.refuses(rpc, {}, forbidden, { as })
  }
})

test.each(rpcs)('C4: %s is nothing for a stranger', async (rpc) => {
  for (const as of [null, 'Basic', 'Basic !!!', 'Basic YWRh']) {
    await api.refuses(rpc, {}, stranger, { as })
  }
})

test('C4: a wrong password is nothing, and whoever goes on guessing has to wait', async () => {
  const user = (await api.aUser()).split(' ')[0]
  const as = `Basic ${Buffer.from(`${user}:wrong horse`).toString('base64')}`
  for (let i = 0; i < 3; i++) await api.refuses('item.Item/List', {}, stranger, { as })
  const waits = { code: 'RESOURCE_EXHAUSTED', reason: 'auth.too_many_attempts' }
  await api.refuses('item.Item/List', {}, waits, { as })
})

test('C4: a merchant changes what their own store sells, and nothing of another’s', async () => {
  await api.sql(
    `insert into account (id, user_id, name, currency) values ('mia', 'mia', 'T', 'JPY')`,
  )
  await api.sql(
    `insert into store (id, account_id, user_id, currency, name) values ('mia', 'mia', 'mia', 'JPY', 'Own')`,
  )
  const as = 'mia merchant'
  const own = await api.answer<{ uuid: string }>(
    'item.Item/Create',
    { name: 'Tea', price: 1250 },
    { as },
  )
  // The currency of that store has no decimals.
  const item = { ...own, name: 'Tea', price: 12.5 }
  const invalid = { code: 'INVALID_ARGUMENT', reason: 'request.invalid', paths: ['price'] }
  await api.refuses('item.Item/Update', { item }, invalid, { as })
  const { uuid } = await api.anItem()
  const missing = { code: 'NOT_FOUND', reason: 'item.not_found' }
  await api.refuses('item.Item/Delete', { item_uuid: uuid }, missing, { as })
  await api.refuses('item.Item/Update', { item: { uuid, name: 'Mine' } }, missing, { as })
  const none = { code: 'NOT_FOUND', reason: 'store.not_found' }
  await api.refuses('item.Item/Create', { name: 'x' }, none, { as: 'bob merchant' })
})
