import { itemDto, stockDto } from '../../pkg/item/dto/item'
import { startShop, type Sent, type ShopApi } from './api'
import { listContradictions } from './state'

let shop: ShopApi
let merchant: string
let other: string
beforeAll(async () => {
  shop = await startShop()
  ;[merchant, other] = [await shop.aUser(), await shop.aUser()]
  await shop.aStore(merchant)
  await shop.aStore(other, 'JPY')
})
afterAll(async () => {
  expect(await listContradictions(shop.db)).toEqual([])
  await shop.close()
})

const operator = 'demo operator'
const sent = (json: unknown, as = operator): Sent => ({
  method: 'POST',
  path: '/catalogue',
  json,
  as,
})
const patch = (id: string, json: unknown, as = operator): Sent => ({
  ...{ method: 'PATCH', path: `/catalogue/${id}`, json, as },
})
const stock = (id: string, on_hand: unknown, as = operator): Sent => ({
  ...{ method: 'PUT', path: `/catalogue/${id}/stock`, json: { on_hand }, as },
})
const remove = (id: string, as = operator): Sent => ({
  method: 'DELETE',
  path: `/catalogue/${id}`,
  as,
})
const invalid = { status: 400, code: 'request.invalid' }
const itemNotFound = { status: 404, code: 'item.not_found' }

test('C2: creates, reads, changes and takes off the market', async () => {
  const json = { name: 'laptop', description: 'Fast.\nAnd light.', price: '999.00' }
  const created = await shop.send(sent(json))
  const item = itemDto.parse(created.body)
  expect(item).toMatchObject({ ...json, store_id: 'main', currency: 'EUR' })
  expect(created.headers.location).toBe(`/catalogue/${item.id}`)
  const path = `/catalogue/${item.id}`
  expect(await shop.get({ path }, itemDto)).toEqual(item)
  const changed = await shop.get(patch(item.id, { price: 899.5 }), itemDto)
  expect(changed).toEqual({ ...item, price: '899.50', updated_at: changed.updated_at })
  expect(changed.updated_at > item.updated_at).toBe(true)
  expect((await shop.send(remove(item.id))).status).toBe(204)
  await shop.refuses({ path }, itemNotFound)
  await shop.refuses(remove(item.id), itemNotFound)
  await shop.refuses(patch(item.id, { name: 'x' }), itemNotFound)
  await shop.refuses(stock(item.id, 1), itemNotFound)
})

test('needs a default store once, whoever asks first, and however many', async () => {
  const fresh = await startShop()
  try {
    expect(await fresh.sql('select id from store')).toEqual([])
    const as = Array.from({ length: 8 }, (_, i) => (i % 2 ? operator : 'ada'))
    await Promise.all(as.map((one) => fresh.items('', one)))
    expect(await fresh.sql('select id, user_id, account_id, currency, name from store')).toEqual([
      { id: 'main', user_id: 'shop-main', account_id: 'shop-main', currency: 'EUR', name: 'Shop' },
    ])
  } finally {
    await fresh.close()
  }
})

describe('a price', () => {
  test.each<[unknown, string | null]>([
    ['12.50', '12.50'],
    [12.5, '12.50'],
    [0.29, '0.29'],
    [1e-2, '0.01'],
    ['9999999999999.99', '9999999999999.99'],
    [9999999999999.99, '9999999999999.99'],
    [0, null],
    ['0.00', null],
    [-0, null],
    [null, null],
    [undefined, null],
  ])('%j is taken as %j', async (price, taken) => {
    expect((await shop.anItem({ name: 'priced', price })).price).toBe(taken)
  })

  test.each([
    ...[-0.01, '-1', 1e300, 0.001, '1.005', 0.1 + 0.2, '10000000000000.00', 2 ** 53],
    ...['NaN', 'Infinity', '1e2', '', true, [], {}],
  ])('%p is refused', async (price) => {
    await shop.refuses(sent({ name: 'priced', price }), { ...invalid, paths: ['price'] })
    const { id } = await shop.anItem({ name: 'priced', price: '1.00' })
    await shop.refuses(patch(id, { price }), { ...invalid, paths: ['price'] })
  })

  test('has the scale of the store’s currency', async () => {
    const as = `${other} merchant`
    expect(await shop.anItem({ name: 'sake', price: 1250 }, as)).toMatchObject({
      ...{ price: '1250', currency: 'JPY', store_id: other },
    })
    await shop.refuses(sent({ name: 'sake', price: '12.5' }, as), { ...invalid, paths: ['price'] })
  })

  test('can be taken away again', async () => {
    const { id } = await shop.anItem({ name: 'priced', price: '1.00' })
    expect((await shop.get(patch(id, { price: 0 }), itemDto)).price).toBeNull()
  })
})

test.each<[string, object, string[]]>([
  ['an empty name', { name: '' }, ['name']],
  ['no name', {}, ['name']],
  ['a name of 201 characters', { name: 'x'.repeat(201) }, ['name']],
  ['a name of 10,000 characters', { name: 'x'.repeat(10_000) }, ['name']],
  ['a control character in a name', { name: 'a\u001bb' }, ['name']],
  [
    'a description of 2,001 characters',
    { name: 'x', description: 'x'.repeat(2001) },
    ['description'],
  ],
  ['a NUL in a description', { name: 'x', description: '\u0000' }, ['description']],
  ['an unknown field', { name: 'x', id: 'mine' }, ['id']],
])('refuses %s', async (_what, json, paths) => {
  await shop.refuses(sent(json), { ...invalid, paths })
})

test('refuses a change of nothing', async () => {
  const { id } = await shop.anItem({ name: 'pen' })
  await shop.refuses(patch(id, {}), { ...invalid, paths: [''] })
})

describe('a merchant', () => {
  const as = () => `${merchant} merchant`

  test('sells in the own store, also by its name', async () => {
    for (const store_id of [undefined, null, merchant]) {
      const item = await shop.anItem({ name: 'mine', store_id }, as())
      expect(item.store_id).toBe(merchant)
    }
  })

  test('C4: finds no store and no item of anybody else', async () => {
    const storeNotFound = { status: 404, code: 'store.not_found' }
    for (const store_id of ['main', other, 'nothing']) {
      await shop.refuses(sent({ name: 'x', store_id }, as()), storeNotFound)
    }
    const theirs = await shop.anItem({ name: 'theirs' }, `${other} merchant`)
    const { id: ours } = await shop.anItem({ name: 'the house’s' })
    for (const id of [theirs.id, ours]) {
      await shop.refuses(patch(id, { price: 1 }, as()), itemNotFound)
      await shop.refuses(stock(id, 5, as()), itemNotFound)
      await shop.refuses(remove(id, as()), itemNotFound)
    }
  })

  test('without a store is told so', async () => {
    const nobody = `${await shop.aUser()} merchant`
    await shop.refuses(sent({ name: 'x' }, nobody), { status: 404, code: 'store.not_found' })
  })

  test('who signs in as a customer sells nothing', async () => {
    const { id } = await shop.anItem({ name: 'mine' }, as())
    const forbidden = { status: 403, code: 'auth.forbidden' }
    await shop.refuses(patch(id, { price: 1 }, merchant), forbidden)
    await shop.refuses(sent({ name: 'x' }, merchant), forbidden)
  })
})

describe('stock', () => {
  test('is what was said last, and keeps what was sold', async () => {
    const { id } = await shop.anItem({ name: 'chair' })
    expect(await shop.get(stock(id, 5), stockDto)).toMatchObject({
      item_id: id,
      on_hand: 5,
      sold: 0,
    })
    await shop.sql('update stock set on_hand = on_hand - 2, sold = sold + 2 where item_id = $1', [
      id,
    ])
    expect(await shop.get(stock(id, 9), stockDto)).toMatchObject({ on_hand: 9, sold: 2 })
  })

  test.each([0, Number.MAX_SAFE_INTEGER])('may be %d', async (on_hand) => {
    const { id } = await shop.anItem({ name: 'chair' })
    expect(await shop.get(stock(id, on_hand), stockDto)).toMatchObject({ on_hand })
  })

  test.each([-1, 1.5, 2 ** 53, 1e300, '5', null, undefined])(
    'is refused as %p',
    async (on_hand) => {
      const { id } = await shop.anItem({ name: 'chair' })
      await shop.refuses(stock(id, on_hand), { ...invalid, paths: ['on_hand'] })
    },
  )
})
