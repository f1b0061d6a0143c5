import { lineDto } from '../../pkg/cart/dto/cart'
import { itemDto } from '../../pkg/item/dto/item'
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

const sent = (json: unknown, more: Partial<Sent> = {}): Sent => ({
  ...{ method: 'POST', path: '/items', json },
  ...more,
})
const invalid = { status: 400, code: 'request.invalid' }

test('R1: puts a free name into the cart at once, with a pending reservation', async () => {
  const as = await shop.aUser()
  const line = await shop.add(as, 'laptop', 2)
  expect(line).toMatchObject({
    ...{ name: 'laptop', quantity: 2, item_id: null, price: null, currency: 'EUR' },
    ...{ status: 'pending', reservation_id: null, removed_at: null },
    reservation: { status: 'pending', reservation_id: null, attempts: 0, reason: null },
  })
  const [row] = await shop.sql(
    `select desired, actual, item, attempts, next_at <= clock_timestamp() as is_due, lease_token
     from reservation where line_id = $1`,
    [line.id],
  )
  expect(row).toEqual({
    ...{ desired: 'held', actual: 'none', item: 'laptop', attempts: 0, is_due: true },
    lease_token: null,
  })
})

test('R1: is the same cart under /api/v1', async () => {
  const as = await shop.aUser()
  const first = await shop.add(as, 'laptop')
  const path = '/api/v1/items'
  const second = await shop.get(sent({ name: 'laptop', quantity: 2 }, { path, as }), lineDto, 201)
  expect(second).toMatchObject({ id: first.id, cart_id: first.cart_id, quantity: 3 })
  const answers = await Promise.all(['/items', path].map((one) => shop.send({ path: one, as })))
  expect(answers[1]!.text).toBe(answers[0]!.text)
})

test('takes the item and the price of a name that is in the catalogue', async () => {
  const as = await shop.aUser()
  const { id } = await shop.anItem({ name: 'tablet', price: '249.90' })
  expect(await shop.add(as, 'tablet')).toMatchObject({ item_id: id, price: '249.90' })
})

test('takes the oldest item of a name that is still on the market', async () => {
  const as = await shop.aUser()
  const items = []
  for (const price of ['1.00', '2.00', '3.00']) {
    items.push(await shop.anItem({ name: 'twin', price }))
  }
  await shop.send({ method: 'DELETE', path: `/catalogue/${items[0]!.id}`, as: 'demo operator' })
  expect(await shop.add(as, 'twin')).toMatchObject({ item_id: items[1]!.id, price: '2.00' })
})

test('does not take the item of another store, nor mix up a free name with an id', async () => {
  const as = await shop.aUser()
  const merchant = await shop.aUser()
  await shop.aStore(merchant)
  await shop.anItem({ name: 'elsewhere', price: 1 }, `${merchant} merchant`)
  expect(await shop.add(as, 'elsewhere')).toMatchObject({ item_id: null })
  const { id } = await shop.anItem({ name: 'known' })
  const lines = [await shop.add(as, 'known'), await shop.add(as, id), await shop.add(as, `:${id}`)]
  expect(new Set(lines.map((line) => line.id)).size).toBe(3)
})

test('adds up what is put in twice, and keeps names apart to the character', async () => {
  const as = await shop.aUser()
  const first = await shop.add(as, 'Ink', 2)
  expect(await shop.add(as, 'Ink', 3)).toMatchObject({ id: first.id, quantity: 5 })
  for (const name of ['ink', 'Ink ', ' Ink', 'I\u0301nk']) {
    expect(await shop.add(as, name)).toMatchObject({ name, quantity: 1 })
  }
})

test.each([1, 1_000_000])('takes a quantity of %d', async (quantity) => {
  expect((await shop.add(await shop.aUser(), 'much', quantity)).quantity).toBe(quantity)
})

test.each([
  ...[0, -1, 1.5, 2 ** 31, 1_000_001, 2 ** 53, 1e300, null, '1', true, [1], {}],
  undefined,
])('R1: refuses a quantity of %p', async (quantity) => {
  await shop.refuses(sent({ name: 'laptop', quantity }), { ...invalid, paths: ['quantity'] })
})

test.each<[string, unknown]>([
  ['an empty name', ''],
  ['a name of spaces', ' \u00a0 '],
  ['a name of 201 characters', 'x'.repeat(201)],
  ['a name of 10,000 characters', 'x'.repeat(10_000)],
  ['a line break', 'lap\ntop'],
  ['a control character', 'lap\u0007top'],
  ['a NUL', 'lap\u0000top'],
  ['half a character', 'lap\ud83d'],
  ['a number', 1],
  ['null', null],
  ['no name', undefined],
])('refuses %s', async (_what, name) => {
  await shop.refuses(sent({ name, quantity: 1 }), { ...invalid, paths: ['name'] })
})

test.each(['x', 'x'.repeat(200), '😀'.repeat(200), "'; drop table cart; --", '<b>', '李'])(
  'keeps the name %j as it was sent',
  async (name) => {
    expect((await shop.add(await shop.aUser(), name)).name).toBe(name)
  },
)

test('refuses a field that it does not know, and what is no object', async () => {
  const json = { name: 'laptop', quantity: 1, price: '0.01' }
  await shop.refuses(sent(json), { ...invalid, paths: ['price'] })
  await shop.refuses(sent([]), { ...invalid, paths: [''] })
})

test('refuses a sum beyond what a line holds whole', async () => {
  const as = await shop.aUser()
  await shop.add(as, 'sand', 999_999)
  const refused = { status: 422, code: 'cart.too_many' }
  await shop.refuses(sent({ name: 'sand', quantity: 2 }, { as }), refused)
  expect(await shop.add(as, 'sand', 1)).toMatchObject({ quantity: 1_000_000 })
})

test('holds 2,000 lines, and again one when one was taken out', async () => {
  const as = await shop.aUser()
  const { cart_id, id } = await shop.add(as, 'first')
  await shop.fillCart(cart_id, 1999)
  const refused = { status: 422, code: 'cart.too_many_lines' }
  await shop.refuses(sent({ name: 'one more', quantity: 1 }, { as }), refused)
  expect(await shop.add(as, 'first')).toMatchObject({ quantity: 2 })
  await shop.send({ method: 'DELETE', path: `/items/${id}`, as })
  expect(await shop.add(as, 'one more')).toMatchObject({ quantity: 1 })
})

test('says of a caller who is no user that there is none', async () => {
  const refused = { status: 404, code: 'user.not_found' }
  await shop.refuses(sent({ name: 'laptop', quantity: 1 }, { as: 'nobody' }), refused)
})

describe('a key', () => {
  let count = 0
  const keyed = (as: string, json: object, key = `key-${++count}`): Sent =>
    sent(json, { as, headers: { 'Idempotency-Key': key } })

  test('adds once, and answers the line with the quantity that it had then', async () => {
    const as = await shop.aUser()
    const request = keyed(as, { name: 'laptop', quantity: 2 })
    const first = await shop.send(request)
    expect(first.headers).not.toHaveProperty('idempotency-replayed')
    const again = await shop.send(request)
    expect(again).toMatchObject({ status: 201, headers: { 'idempotency-replayed': 'true' } })
    expect(again.body).toEqual(first.body)
    await shop.add(as, 'laptop', 5)
    expect((await shop.send(request)).body).toMatchObject({ quantity: 2 })
    expect((await shop.lines(as)).data).toMatchObject([{ quantity: 7 }])
  })

  test('adds once however often it arrives at the same time', async () => {
    const as = await shop.aUser()
    const request = keyed(as, { name: 'laptop', quantity: 1 })
    const answers = await Promise.all(Array.from({ length: 12 }, () => shop.send(request)))
    expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(201))
    const replayed = answers.filter(({ headers }) => headers['idempotency-replayed'] === 'true')
    expect(replayed).toHaveLength(11)
    expect((await shop.lines(as)).data).toMatchObject([{ quantity: 1 }])
  })

  test('is refused with something else', async () => {
    const as = await shop.aUser()
    await shop.send(keyed(as, { name: 'laptop', quantity: 1 }, 'mine'))
    const refused = { status: 422, code: 'idempotency.key_reused' }
    await shop.refuses(keyed(as, { name: 'laptop', quantity: 2 }, 'mine'), refused)
    await shop.refuses(keyed(as, { name: 'Laptop', quantity: 1 }, 'mine'), refused)
  })

  test('is a caller’s own', async () => {
    const [one, other] = [await shop.aUser(), await shop.aUser()]
    for (const as of [one, other]) {
      const { status, headers } = await shop.send(keyed(as, { name: 'x', quantity: 1 }, 'shared'))
      expect(status).toBe(201)
      expect(headers).not.toHaveProperty('idempotency-replayed')
    }
  })

  test('keeps no refusal: nothing was added, and asking again is safe', async () => {
    const as = await shop.aUser()
    const { id } = await shop.add(as, 'sand', 1_000_000)
    const request = keyed(as, { name: 'sand', quantity: 1 })
    await shop.refuses(request, { status: 422, code: 'cart.too_many' })
    await shop.send({ method: 'PATCH', path: `/items/${id}`, json: { quantity: 1 }, as })
    expect((await shop.send(request)).body).toMatchObject({ quantity: 2 })
  })

  test.each(['', 'a b', 'x'.repeat(256)])('is refused as %j', async (key) => {
    const request = keyed('ada', { name: 'laptop', quantity: 1 }, key)
    await shop.refuses(request, { ...invalid, paths: ['idempotency-key'] })
  })
})

test('the item that is put in later than its line shows the price that it has then', async () => {
  const as = await shop.aUser()
  const { id } = await shop.anItem({ name: 'rising', price: '1.00' })
  await shop.add(as, 'rising')
  const change = { method: 'PATCH' as const, path: `/catalogue/${id}`, json: { price: '2.00' } }
  await shop.get({ ...change, as: 'demo operator' }, itemDto)
  expect((await shop.lines(as)).data).toMatchObject([{ price: '2.00' }])
})
