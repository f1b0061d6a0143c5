import { lineDto } from '../../pkg/cart/dto/cart'
import { startShop, type Sent, type ShopApi } from './api'
import { listContradictions } from './state'

let shop: ShopApi
beforeAll(async () => {
  shop = await startShop()
})
afterAll(async () => {
  expect(await listContradictions(shop.db)).toEqual([])
  await shop.close()
})

const patch = (as: string, id: string, quantity: unknown): Sent => ({
  ...{ method: 'PATCH', path: `/items/${id}`, json: { quantity }, as },
})
const remove = (as: string, id: string): Sent => ({ method: 'DELETE', path: `/items/${id}`, as })
const lineNotFound = { status: 404, code: 'cart.line_not_found' }

test('sets how many are in a line', async () => {
  const as = await shop.aUser()
  const { id } = await shop.add(as, 'pen', 5)
  expect(await shop.get(patch(as, id, 2), lineDto)).toMatchObject({ id, quantity: 2 })
  expect((await shop.cart(as)).lines).toMatchObject([{ id, quantity: 2 }])
})

test.each([-1, 1.5, 2 ** 31, 1_000_001, null, '2', undefined])(
  'refuses a quantity of %p',
  async (quantity) => {
    const { id } = await shop.add('ada', 'pen')
    const invalid = { status: 400, code: 'request.invalid', paths: ['quantity'] }
    await shop.refuses(patch('ada', id, quantity), invalid)
  },
)

test.each([
  ['PATCH to 0', (as: string, id: string) => patch(as, id, 0)],
  ['DELETE', remove],
])('%s takes a line out and has its reservation released', async (_how, request) => {
  const as = await shop.aUser()
  const { id } = await shop.add(as, 'pen', 3)
  const line = await shop.get(request(as, id), lineDto)
  expect(line).toMatchObject({ id, quantity: 3, status: 'pending', reservation_id: null })
  expect(line.removed_at).not.toBeNull()
  expect((await shop.cart(as)).lines).toEqual([])
  const [row] = await shop.sql(
    `select desired, actual, next_at <= clock_timestamp() as is_due from reservation where line_id = $1`,
    [id],
  )
  expect(row).toEqual({ desired: 'released', actual: 'none', is_due: true })
})

test('a line that was taken out can be taken out again, and is not changed any more', async () => {
  const as = await shop.aUser()
  const { id } = await shop.add(as, 'pen')
  const first = await shop.get(remove(as, id), lineDto)
  expect(await shop.get(remove(as, id), lineDto)).toEqual(first)
  await shop.refuses(patch(as, id, 1), lineNotFound)
})

test('what is put in again after it was taken out is another line', async () => {
  const as = await shop.aUser()
  const { id } = await shop.add(as, 'pen', 4)
  await shop.send(remove(as, id))
  const again = await shop.add(as, 'pen', 1)
  expect(again).toMatchObject({ quantity: 1, status: 'pending' })
  expect(again.id).not.toBe(id)
})

test.each([
  ['none', null],
  ['requesting', null],
  ['unknown', null],
  ['held', 7],
  ['failed', null],
])(
  'a reservation that is %s is released without taking the worker’s lease',
  async (actual, external) => {
    const as = await shop.aUser()
    const { id } = await shop.add(as, 'pen')
    await shop.sql(
      `update reservation set actual = $2, external_id = $3, attempts = 3, next_at = '2999-01-01',
      lease_token = '00000000-0000-0000-0000-00000000000a', lease_until = '2999-01-01'
     where line_id = $1`,
      [id, actual, external],
    )
    // Somebody is at it, so that there is no next attempt to wait for.
    const underWay = { reservation: { next_attempt_at: null } }
    expect(await shop.add(as, 'pen')).toMatchObject(underWay)
    expect(await shop.get(remove(as, id), lineDto)).toMatchObject(underWay)
    const [row] = await shop.sql(
      `select desired, actual, external_id::int, attempts, lease_token, next_at <= clock_timestamp() as is_due
     from reservation where line_id = $1`,
      [id],
    )
    expect(row).toEqual({
      ...{ desired: 'released', actual, external_id: external, attempts: 0, is_due: true },
      lease_token: '00000000-0000-0000-0000-00000000000a',
    })
  },
)

test('C4: somebody else’s line is not there', async () => {
  const [one, other] = [await shop.aUser(), await shop.aUser()]
  const { id } = await shop.add(one, 'pen')
  for (const request of [patch(other, id, 5), patch(other, id, 0), remove(other, id)]) {
    const { detail } = await shop.refuses(request, lineNotFound)
    const nothing = '00000000-0000-7000-8000-000000000000'
    const path = `/items/${nothing}`
    const unknown = await shop.refuses({ ...request, path }, lineNotFound)
    expect(detail.replace(id, nothing)).toBe(unknown.detail)
  }
})

test.each(['1', 'x', '00000000-0000-0000-0000-00000000000'])('refuses the id %j', async (id) => {
  const invalid = { status: 400, code: 'request.invalid', paths: ['line_id'] }
  await shop.refuses(patch('ada', id, 1), invalid)
})

test('lines of an ordered cart stay, and the next one is put into a new cart', async () => {
  const as = await shop.aUser()
  const line = await shop.add(as, 'pen', 2)
  await shop.order(line.cart_id)
  const ordered = { status: 409, code: 'cart.ordered' }
  for (const request of [patch(as, line.id, 5), remove(as, line.id)]) {
    await shop.refuses(request, ordered)
  }
  const next = await shop.add(as, 'pen', 1)
  expect(next).toMatchObject({ quantity: 1 })
  expect(next.cart_id).not.toBe(line.cart_id)
  expect((await shop.lines(as)).data).toMatchObject([{ id: next.id }])
})

describe('whatever code is at work', () => {
  test.each([
    [
      'adds a line',
      `insert into cart_line (id, cart_id, store_id, quantity, name, created_at, updated_at)
      values (gen_random_uuid(), $1, 'main', 1, 'late', now(), now())`,
    ],
    ['changes a quantity', 'update cart_line set quantity = 9 where cart_id = $1'],
    ['takes a line out', 'update cart_line set removed_at = now() where cart_id = $1'],
    ['changes the cart', `update cart set address = '{}' where id = $1`],
    ['opens it again', `update cart set status = 'open' where id = $1`],
  ])('the database refuses whoever %s of an ordered cart', async (_what, text) => {
    const { cart_id } = await shop.add(await shop.aUser(), 'pen')
    await shop.order(cart_id)
    await expect(shop.sql(text, [cart_id])).rejects.toMatchObject({ code: '23001' })
  })
})
