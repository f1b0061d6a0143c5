import { newShop } from '../../cmd/api/wiring/shop'
import type { NumberedPage } from '../../pkg/item/item'
import { startShop, type Item, type ShopApi } from './api'

let shop: ShopApi
const made: Item[] = []
beforeAll(async () => {
  shop = await startShop()
  for (let n = 0; n < 12; n++) {
    const price = n % 4 === 0 ? null : `${n % 3}.50`
    made.push(await shop.anItem({ name: `n${(n * 5) % 12}`, description: `d${n % 5}`, price }))
  }
  const { id } = await shop.anItem({ name: 'gone' })
  await shop.send({ method: 'DELETE', path: `/catalogue/${id}`, as: 'demo operator' })
  await shop.send({
    ...{ method: 'PATCH', path: `/catalogue/${made[3]!.id}`, as: 'demo operator' },
    json: { description: 'changed last' },
  })
  made.splice(0, 12, ...(await shop.items('limit=100')).data)
})
afterAll(() => shop.close())

const invalid = { status: 400, code: 'request.invalid' }

/** What stands first by that column, and by id among equals. */
const by: Record<string, (item: Item) => string | number> = {
  id: ({ id }) => id,
  uuid: ({ id }) => id,
  name: ({ name }) => name,
  description: ({ description }) => description,
  price: ({ price }) => Number(price ?? 0),
  created: ({ created_at }) => created_at,
  created_at: ({ created_at }) => created_at,
  updated: ({ updated_at }) => updated_at,
  updated_at: ({ updated_at }) => updated_at,
}

function sorted(column: string, order: string): string[] {
  const key = by[column]!
  const up = [...made].sort((a, b) => {
    if (key(a) !== key(b)) return key(a) < key(b) ? -1 : 1
    return a.id < b.id ? -1 : 1
  })
  return (order === 'asc' ? up : up.reverse()).map(({ id }) => id)
}

const orders = Object.keys(by).flatMap((column) => [
  [column, 'asc'] as const,
  [column, 'desc'] as const,
])

test('lists what is on the market, by time of creation unless asked otherwise', async () => {
  expect(made).toHaveLength(12)
  expect(made.map(({ id }) => id)).toEqual(sorted('created', 'asc'))
})

test.each(orders)('C3: by %s %s, each item once over all pages by key', async (column, order) => {
  const found: string[] = []
  let cursor = ''
  do {
    const page = await shop.items(`sort=${column}&order=${order}&limit=5${cursor}`)
    found.push(...page.data.map(({ id }) => id))
    cursor = page.next_cursor === null ? '' : `&cursor=${page.next_cursor}`
  } while (cursor)
  expect(found).toEqual(sorted(column, order))
})

const numbered = (page: Partial<NumberedPage>) =>
  newShop(shop.db, { store_id: 'main', name: 'Shop', currency: 'EUR' }).items.getPage({
    ...{ sorting: '', order: '', requested: 1n, size: 5n },
    ...page,
  })

test.each(orders)(
  'C3: by %s %s, each item once over all numbered pages',
  async (sorting, order) => {
    const pages = await Promise.all(
      [1n, 2n, 3n, 4n].map((requested) => numbered({ sorting, order, requested })),
    )
    expect(pages.flatMap(({ items }) => items.map(({ id }) => id))).toEqual(sorted(sorting, order))
    expect(pages.map(({ items }) => items.length)).toEqual([5, 5, 2, 0])
    expect(pages.map(({ current, total }) => [current, total])).toEqual([
      [1n, 3n],
      [2n, 3n],
      [3n, 3n],
      [4n, 3n],
    ])
    expect(pages[0]).toMatchObject({ sorting, order })
  },
)

test('C3: what is left empty is the first page by time of creation, upwards', async () => {
  const page = await numbered({ requested: 0n })
  expect(page).toMatchObject({ sorting: 'created', order: 'asc', current: 1n, total: 3n })
  expect(page.items.map(({ id }) => id)).toEqual(sorted('created', 'asc').slice(0, 5))
  expect((await numbered({ order: 'DESC' })).order).toBe('desc')
})

test.each<[string, Partial<NumberedPage>, string]>([
  ['a size of 0', { size: 0n }, 'size'],
  ['a size of -1', { size: -1n }, 'size'],
  ['a size of 101', { size: 101n }, 'size'],
  ['a size of a billion', { size: 1_000_000_000n }, 'size'],
  ['a page below zero', { requested: -1n }, 'requested'],
  ['a page behind the 100,000th item', { requested: 20_002n }, 'requested'],
  ['a page of 2^63 - 1', { requested: 2n ** 63n - 1n, size: 100n }, 'requested'],
  ['an unknown column', { sorting: 'deleted_at' }, 'sorting'],
  ['SQL for a column', { sorting: 'name; drop table item' }, 'sorting'],
  ['a property of every object', { sorting: 'constructor' }, 'sorting'],
  ['an unknown order', { order: 'up' }, 'order'],
])('C3: refuses %s', async (_what, page, path) => {
  await expect(numbered(page)).rejects.toMatchObject({
    ...{ code: 'request.invalid', errors: [{ path }] },
  })
})

test('C3: the last numbered page that is allowed is answered', async () => {
  expect(await numbered({ requested: 20_001n })).toMatchObject({ items: [], total: 3n })
})

test.each([
  ['sort', 'deleted_at'],
  ['sort', ''],
  ['sort', 'constructor'],
  ['sort', 'store_id'],
  ['order', 'up'],
  ['limit', '0'],
  ['limit', '1000000000'],
  ['store_id', '../main'],
])('refuses %s=%s', async (name, value) => {
  await shop.refuses({ path: `/catalogue?${name}=${value}` }, { ...invalid, paths: [name] })
})

test('refuses a cursor of another order, and a forged one', async () => {
  const { next_cursor } = await shop.items('limit=1&sort=name')
  const refused = { status: 400, code: 'page.invalid_cursor' }
  for (const query of [
    `sort=price&cursor=${next_cursor}`,
    'cursor=abc',
    `sort=name&store_id=x&cursor=${next_cursor}`,
  ]) {
    await shop.refuses({ path: `/catalogue?${query}` }, refused)
  }
})

test('a store that nobody opened sells nothing', async () => {
  expect(await shop.items('store_id=nothing')).toEqual({ data: [], next_cursor: null })
})

test('whoever asks after a change sees it, however many ask for the same page', async () => {
  const { id } = await shop.anItem({ name: 'zz', price: '1.00' })
  for (let n = 2; n < 12; n++) {
    const early = Array.from({ length: 5 }, () => shop.items('sort=name&order=desc&limit=1'))
    const json = { price: `${n}.00` }
    await shop.send({ method: 'PATCH', path: `/catalogue/${id}`, json, as: 'demo operator' })
    const late = await Promise.all(
      Array.from({ length: 5 }, () => shop.items('sort=name&order=desc&limit=1')),
    )
    for (const page of late) expect(page.data).toMatchObject([{ id, price: `${n}.00` }])
    await Promise.all(early)
  }
})
