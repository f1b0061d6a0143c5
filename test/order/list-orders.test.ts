import type { Principal } from '../../internal/auth/principal'
import { aCustomer, ada, openShop, orderOf, patient, problemOf, type Shop } from './shop'
import { startService, type Service } from './service'

let shop: Shop
let service: Service

beforeAll(async () => {
  service = await startService()
  shop = await openShop({ ...patient, url: service.url, withoutWorker: true })
})

afterAll(async () => {
  await shop.close()
  await service.close()
})

async function orders(count: number, as: Principal): Promise<string[]> {
  const placed: string[] = []
  for (let i = 0; i < count; i++) placed.push(orderOf(await shop.place(as.userId, 'p', { as })).id)
  return placed
}

async function walk(as: Principal, limit: number): Promise<string[]> {
  const ids: string[] = []
  let cursor: string | null = null
  do {
    const page = await shop.list(`limit=${limit}${cursor ? `&cursor=${cursor}` : ''}`, as)
    ids.push(...page.data.map(({ id }) => id))
    cursor = page.next_cursor
  } while (cursor)
  return ids
}

test('O1 pages give every order once, the newest first, also of one and the same moment', async () => {
  const customer = await aCustomer(shop, service)
  const placed = await orders(7, customer)
  await shop.sql('update shop_order set updated_at = updated_at where owner_id = $1', [
    customer.userId,
  ])
  for (const limit of [1, 2, 3, 7, 8]) {
    expect(await walk(customer, limit)).toEqual([...placed].reverse())
  }
})

test('what is ordered while somebody turns pages moves none of them', async () => {
  const customer = await aCustomer(shop, service)
  const placed = await orders(4, customer)
  const first = await shop.list('limit=2', customer)
  await orders(1, customer)
  const second = await shop.list(`limit=2&cursor=${first.next_cursor}`, customer)
  expect([...first.data, ...second.data].map(({ id }) => id)).toEqual([...placed].reverse())
})

test('O1 somebody else’s order is not there, and an operator sees all', async () => {
  const [one, other] = [await aCustomer(shop, service), await aCustomer(shop, service)]
  const [id = ''] = await orders(1, one)
  expect((await shop.list('', other)).data).toEqual([])
  const answer = await shop.send('GET', `/orders/${id}`, { as: other })
  const unknown = await shop.send('GET', '/orders/0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e', {
    as: other,
  })
  expect([answer.status, problemOf(answer).code]).toEqual([404, 'order.not_found'])
  expect([unknown.status, problemOf(unknown).code]).toEqual([404, 'order.not_found'])
  expect((await shop.get(id)).id).toBe(id)
  expect((await shop.list('limit=1')).data[0]!.id).toBe(id)
})

test('O1 a customer orders for nobody else: whoever that is, is nobody, and is not asked for', async () => {
  const [one, other] = [await aCustomer(shop, service), await aCustomer(shop, service)]
  const before = await shop.counts()
  const asked = new Map(service.asked)
  const refused = async (name: string, headers: Record<string, string> = {}) => {
    const answer = await shop.place(name, 'p', { as: one, headers })
    expect(answer.status).toBe(422)
    const { instance: _, ...problem } = problemOf(answer)
    return JSON.stringify(problem).replaceAll(`\\"${name}\\"`, '…')
  }
  const nobody = await refused('nobody')
  expect(nobody).toContain('order.user_unknown')
  for (const name of ['u', other.userId, one.userId.toUpperCase(), 'demo']) {
    expect(await refused(name)).toBe(nobody)
    expect(await refused(name, { prefer: 'respond-async' })).toBe(nobody)
  }
  expect(service.asked).toEqual(asked)
  expect(await shop.counts()).toEqual(before)
  expect((await shop.place(one.userId, 'p', { as: one })).status).toBe(201)
  // What an operator orders for them is the operator's own.
  expect((await shop.place(other.userId, 'p')).status).toBe(201)
  expect((await shop.list('', other)).data).toEqual([])
})

test('a merchant neither orders nor reads orders', async () => {
  const merchant: Principal = { ...(await aCustomer(shop)), role: 'merchant' }
  expect((await shop.place('u', 'p', { as: merchant })).status).toBe(403)
  expect((await shop.send('GET', '/orders', { as: merchant })).status).toBe(403)
})

test('a cursor of somebody else’s list is none of this one', async () => {
  const [one, other] = [await aCustomer(shop, service), await aCustomer(shop, service)]
  await orders(2, one)
  const { next_cursor } = await shop.list('limit=1', one)
  const answer = await shop.send('GET', `/orders?cursor=${next_cursor}`, { as: other })
  expect([answer.status, problemOf(answer).code]).toEqual([400, 'page.invalid_cursor'])
})

test.each(['limit=0', 'limit=101', 'limit=1000000000', 'limit=x', 'sort=price', 'limit=1&limit=2'])(
  '%s is refused',
  async (query) => {
    expect((await shop.send('GET', `/orders?${query}`)).status).toBe(400)
  },
)

test('an id that is none is refused', async () => {
  expect((await shop.send('GET', '/orders/1')).status).toBe(400)
})

const fine = { user_id: 'u', product_code: 'p' }

test.each([
  ['no body', '', ''],
  ['half a JSON', '{"user_id":', ''],
  ['a list', [fine], ''],
  ['null', null, ''],
  ['no user', { product_code: 'p' }, 'user_id'],
  ['no product', { user_id: 'u' }, 'product_code'],
  ['an empty user', { ...fine, user_id: '' }, 'user_id'],
  ['a blank user', { ...fine, user_id: '  ' }, 'user_id'],
  ['a user of 101 characters', { ...fine, user_id: 'x'.repeat(101) }, 'user_id'],
  ['a user of 10,000 characters', { ...fine, user_id: 'x'.repeat(10_000) }, 'user_id'],
  ['a line break', { ...fine, product_code: 'a\nb' }, 'product_code'],
  ['a NUL', { ...fine, product_code: 'a\u0000b' }, 'product_code'],
  ['half of a surrogate', { ...fine, product_code: '\udc00' }, 'product_code'],
  ['a number', { ...fine, user_id: 7 }, 'user_id'],
  ['an object', { ...fine, user_id: { $ne: '' } }, 'user_id'],
  ['a price of one’s own', { ...fine, total_amount: 0 }, 'total_amount'],
  ['a status of one’s own', { ...fine, status: 'created' }, 'status'],
  ['another owner', { ...fine, owner_id: ada }, 'owner_id'],
])('O1 refuses %s, asks nobody and saves nothing', async (_what, body, path) => {
  const [before, asked] = [await shop.counts(), new Map(service.asked)]
  const answer = await shop.send('POST', '/orders', { body })
  expect(answer.status).toBe(400)
  if (path) expect(problemOf(answer).errors?.map((error) => error.path)).toEqual([path])
  expect(await shop.counts()).toEqual(before)
  expect(service.asked).toEqual(asked)
})

test('O1 names of a hundred characters of any script are asked for as they are', async () => {
  const name = '日本語 & ½ 🐸'.repeat(10).slice(0, 100)
  const path = `/users/${encodeURIComponent(name)}`
  service.answers[path] = { id: name, firstName: 'Ä', lastName: '日本' }
  const answer = await shop.place(name, 'p')
  expect([answer.status, orderOf(answer).user_id]).toEqual([201, name])
})
