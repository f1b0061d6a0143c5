import { startRpcApi, type ItemMsg, type RpcApi } from './api'

let api: RpcApi
beforeAll(async () => {
  api = await startRpcApi()
})
afterAll(() => api.close())

const seller = { as: 'demo operator' }
const invalid = { code: 'INVALID_ARGUMENT', reason: 'request.invalid' }
const nowhere = '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e'

const getItem = async (uuid: string) =>
  (await api.answer<{ item: ItemMsg }>('item.Item/Get', { item_uuid: uuid })).item

test('C1: Item.Create answers the item with its id and times, and Get answers the same', async () => {
  const before = Math.floor(Date.now() / 1000)
  const sent = { name: 'Laptop', description: 'Thin.\nLight.', price: 999.99 }
  const item = await api.answer<ItemMsg>('item.Item/Create', sent, seller)
  expect(item).toMatchObject(sent)
  expect(item.uuid).toMatch(/^[0-9a-f-]{36}$/)
  expect(item.created).toEqual(item.updated)
  expect(Number(item.created.seconds)).toBeGreaterThanOrEqual(before)
  expect(await getItem(item.uuid)).toEqual(item)
  expect(await getItem(item.uuid.toUpperCase())).toEqual(item)
})

test('C1: Item.Update sets name, description and price, and moves `updated` only', async () => {
  const item = await api.anItem({ price: 12.5, description: 'Old' })
  const wish = { uuid: item.uuid, name: 'New', price: 13.75 }
  const changed = await api.answer<ItemMsg>('item.Item/Update', { item: wish }, seller)
  // A field that was not set is empty in proto3: all three are as they were sent.
  expect(changed).toMatchObject({ ...wish, description: '', created: item.created })
  expect(changed.updated).not.toEqual(item.updated)
  expect(await getItem(item.uuid)).toEqual(changed)
})

test('C1: what Item.Delete took off the market is not found any more', async () => {
  const { uuid } = await api.anItem()
  expect(await api.answer('item.Item/Delete', { item_uuid: uuid }, seller)).toEqual({})
  const gone = { code: 'NOT_FOUND', reason: 'item.not_found' }
  await api.refuses('item.Item/Get', { item_uuid: uuid }, gone)
  await api.refuses('item.Item/Delete', { item_uuid: uuid }, gone, seller)
  await api.refuses('item.Item/Update', { item: { uuid, name: 'x' } }, gone, seller)
})

test.each([
  0, 0.01, 0.1, 0.29, 1.1, 4.35, 19.99, 1005.01, 1234567.89, 90071992547.41, 9999999999999.99,
])('C3: the price %d comes back as the very double that was sent', async (price) => {
  const { uuid } = await api.anItem({ price })
  expect((await getItem(uuid)).price).toBe(price)
})

test('C3: what is stored is the decimal, and 0 is no price', async () => {
  const ids = await Promise.all(
    [0.29, 0, -0].map(async (price) => (await api.anItem({ price })).uuid),
  )
  const rows = await api.sql<{ price: bigint | null }>(
    'select price from item where id = any($1::uuid[]) order by array_position($1::uuid[], id)',
    [ids],
  )
  expect(rows.map(({ price }) => price)).toEqual([29n, null, null])
})

test.each([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['negative', -0.01],
  ['more decimals than EUR has', 0.001],
  ['no decimal of 15 digits', 0.1 + 0.2],
  ['1e300', 1e300],
  ['the smallest double', 5e-324],
  ['more than a price can be', 1e14],
])('C3: refuses a price that is %s', async (_, price) => {
  await api.refuses(
    'item.Item/Create',
    { name: 'x', price },
    { ...invalid, paths: ['price'] },
    seller,
  )
})

test.each([
  ['empty', ''],
  ['blank', '  '],
  ['of 201 characters', 'x'.repeat(201)],
  ['of 10,000 characters', 'x'.repeat(10_000)],
  ['with a line break', 'a\nb'],
  ['with a control character', 'a\u0007'],
  ['with a NUL', 'a\u0000b'],
])('C1: refuses a name that is %s', async (_, name) => {
  await api.refuses('item.Item/Create', { name, price: 1 }, { ...invalid, paths: ['name'] }, seller)
})

test('names everything that is wrong at once', async () => {
  const refused = { ...invalid, paths: ['name', 'description', 'price'] }
  const message = { name: '', description: 'x'.repeat(2001), price: NaN }
  await api.refuses('item.Item/Create', message, refused, seller)
})

test.each(['', 'x', nowhere.slice(1), `${nowhere}0`, `{${nowhere}}`, '../../etc'])(
  'C1: refuses %j as an id: INVALID_ARGUMENT; one that is nowhere: NOT_FOUND',
  async (uuid) => {
    const refused = { ...invalid, paths: ['itemUuid'] }
    await api.refuses('item.Item/Get', { item_uuid: uuid }, refused)
    await api.refuses('item.Item/Delete', { item_uuid: uuid }, refused, seller)
    const missing = { code: 'NOT_FOUND', reason: 'item.not_found' }
    await api.refuses('item.Item/Get', { item_uuid: nowhere }, missing)
  },
)

test('C1: refuses an update without an item', async () => {
  await api.refuses('item.Item/Update', {}, { ...invalid, paths: ['item'] }, seller)
})

interface ListResult {
  items: ItemMsg[]
  pager: { sorting: string; order: string; current: string; total: string }
}

describe('Item.List', () => {
  let shelf: RpcApi
  beforeAll(async () => {
    shelf = await startRpcApi()
    for (let i = 0; i < 25; i++) {
      const price = ((i * 7) % 25) + 0.5
      await shelf.anItem({ name: `Item ${String(i).padStart(2, '0')}`, price })
    }
  })
  afterAll(() => shelf.close())

  const list = (request?: object) =>
    shelf.answer<ListResult>('item.Item/List', request ? { request } : {})
  const names = ({ items }: ListResult) => items.map(({ name }) => name.slice(-2))

  test('C3: without a wish: the first 20 by time of creation', async () => {
    const page = await list()
    expect(names(page)).toEqual(Array.from({ length: 20 }, (_, i) => String(i).padStart(2, '0')))
    expect(page.pager).toEqual({ sorting: 'created', order: 'asc', current: '1', total: '2' })
    // 0 is what a field is when nobody set it.
    expect(await list({ size: 0, requested: 0 })).toEqual(page)
  })

  test('C3: pages hold every item once, in the order that was asked for', async () => {
    const pages = await Promise.all(
      [1, 2, 3].map((requested) => list({ sorting: 'price', order: 'desc', requested, size: 10 })),
    )
    expect(pages.map(({ pager }) => pager)).toEqual(
      ['1', '2', '3'].map((current) => ({ sorting: 'price', order: 'desc', current, total: '3' })),
    )
    const prices = pages.flatMap(({ items }) => items.map(({ price }) => price))
    expect(prices).toEqual([...prices].sort((a, b) => b - a))
    expect(new Set(pages.flatMap(names)).size).toBe(25)
  })

  test.each(['uuid', 'name', 'description', 'price', 'created', 'updated'])(
    'C3: sorts by %s, both ways',
    async (sorting) => {
      const up = names(await list({ sorting, order: 'asc', size: 100 }))
      const down = names(await list({ sorting, order: 'desc', size: 100 }))
      expect(up).toHaveLength(25)
      expect(down).toEqual([...up].reverse())
    },
  )

  test('a page behind the last is empty and says where it is', async () => {
    const page = await list({ requested: 9, size: 10 })
    expect(page).toMatchObject({ items: [], pager: { current: '9', total: '3' } })
  })

  test.each([
    [{ sorting: 'store_id' }, 'sorting'],
    [{ sorting: 'deleted_at' }, 'sorting'],
    [{ sorting: 'name; drop table item' }, 'sorting'],
    [{ sorting: '__proto__' }, 'sorting'],
    [{ sorting: 'x'.repeat(10_000) }, 'sorting'],
    [{ order: 'sideways' }, 'order'],
    [{ size: -1 }, 'size'],
    [{ size: 101 }, 'size'],
    [{ size: 1e9 }, 'size'],
    [{ size: '9223372036854775807' }, 'size'],
    [{ size: '-9223372036854775808' }, 'size'],
    [{ requested: -1 }, 'requested'],
    [{ requested: '9223372036854775807' }, 'requested'],
  ])('C3: refuses %j', async (request, path) => {
    await shelf.refuses('item.Item/List', { request }, { ...invalid, paths: [path] })
  })
})
