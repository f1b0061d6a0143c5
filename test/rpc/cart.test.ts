import { expectRefusal, startRpcApi, type CartMsg, type RpcApi } from './api'

let api: RpcApi
beforeAll(async () => {
  api = await startRpcApi()
})
afterAll(() => api.close())

const invalid = { code: 'INVALID_ARGUMENT', reason: 'request.invalid' }
const noCart = { code: 'NOT_FOUND', reason: 'cart.not_found' }
const nowhere = '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e'

const shown = ({ entries }: CartMsg) =>
  entries.map(({ item: { uuid, price }, quantity }) => ({ uuid, price, quantity }))

test('C1: an empty cart_uuid opens the caller’s cart, and an empty uuid means it', async () => {
  const as = await api.aUser()
  const item = await api.anItem({ price: 12.5, description: 'Soft' })
  const added = await api.cartOf('AddItem', { item_uuid: item.uuid, quantity: 2 }, { as })
  expect(added).toMatchObject({ user_uuid: as.split(' ')[0], price_total: 25 })
  expect(added.entries).toEqual([{ item, quantity: 2 }])
  expect(await api.cartOf('Get', {}, { as })).toEqual(added)
  expect(await api.cartOf('Get', { uuid: added.uuid }, { as })).toEqual(added)
})

test('C1: Get opens the caller’s cart when there is none, with nothing in it', async () => {
  const as = await api.aUser()
  const cart = await api.cartOf('Get', {}, { as })
  expect(cart).toMatchObject({ entries: [], price_total: 0, configuration: { address: null } })
  expect((await api.cartOf('Get', {}, { as })).uuid).toBe(cart.uuid)
})

test('C1: adding an item twice adds the quantities', async () => {
  const as = await api.aUser()
  const { uuid: item_uuid } = await api.anItem({ price: 0.1 })
  const { uuid: cart_uuid } = await api.cartOf('AddItem', { item_uuid, quantity: 1 }, { as })
  const cart = await api.cartOf('AddItem', { cart_uuid, item_uuid, quantity: 2 }, { as })
  expect(shown(cart)).toEqual([{ uuid: item_uuid, price: 0.1, quantity: 3 }])
})

test('C3: the total is added up as decimals: three of 0.1 are 0.3', async () => {
  const as = await api.aUser()
  const items = await Promise.all([0.1, 0.7, 1005.01].map((price) => api.anItem({ price })))
  for (const { uuid } of items)
    await api.cartOf('AddItem', { item_uuid: uuid, quantity: 3 }, { as })
  expect((await api.cartOf('Get', {}, { as })).price_total).toBe(3017.43)
})

test('C1: UpdateQuantity sets the quantity, and 0 takes the line out', async () => {
  const as = await api.aUser()
  const [one, other] = [await api.anItem(), await api.anItem()]
  for (const { uuid } of [one, other]) {
    await api.cartOf('AddItem', { item_uuid: uuid, quantity: 5 }, { as })
  }
  const set = { item_uuid: one.uuid, quantity: 1_000_000 }
  const most = await api.cartOf('UpdateQuantity', set, { as })
  expect(shown(most).map(({ quantity }) => quantity)).toEqual([1_000_000, 5])
  const out = { cart_uuid: most.uuid, item_uuid: one.uuid, quantity: 0 }
  const less = await api.cartOf('UpdateQuantity', out, { as })
  expect(shown(less).map(({ uuid }) => uuid)).toEqual([other.uuid])
  const gone = { code: 'NOT_FOUND', reason: 'cart.line_not_found' }
  expectRefusal(await api.call('cart.Cart/UpdateQuantity', { ...out, quantity: 1 }, { as }), gone)
})

test('C1: Empty takes everything out, and an empty cart can be emptied again', async () => {
  const as = await api.aUser()
  for (const { uuid } of [await api.anItem(), await api.anItem()]) {
    await api.cartOf('AddItem', { item_uuid: uuid, quantity: 1 }, { as })
  }
  const cart = await api.cartOf('Empty', {}, { as })
  expect(cart).toMatchObject({ entries: [], price_total: 0 })
  expect(await api.cartOf('Empty', { cart_uuid: cart.uuid }, { as })).toMatchObject({ entries: [] })
  expect(await api.contradictions()).toEqual([])
})

test('C1: ConfigureAddress keeps every field of the address, and takes the place of the last one', async () => {
  const as = await api.aUser()
  const address = {
    ...{ line1: 'Ada Lovelace', line2: 'Straße 1', line3: '李', city: 'Zürich', province: 'ZH' },
    ...{ zipCode: '8001', countryCode: 'CH', other: 'Ring twice' },
  }
  const cart = await api.cartOf('ConfigureAddress', { address }, { as })
  const set = cart.configuration.address as Record<string, { seconds: string }>
  expect(set).toMatchObject(address)
  expect(set.UUID).toMatch(/^[0-9a-f-]{36}$/)
  expect(Number(set.created!.seconds)).toBeGreaterThan(1_700_000_000)
  const moved = { cart_uuid: cart.uuid, address: { line1: 'Elsewhere' } }
  const again = await api.cartOf('ConfigureAddress', moved, { as })
  expect(again.configuration.address).toMatchObject({
    line1: 'Elsewhere',
    city: '',
    countryCode: '',
  })
})

test('C4: another’s cart is answered as one that is nowhere, word for word', async () => {
  const owner = await api.aUser()
  const { uuid: item_uuid } = await api.anItem()
  const { uuid } = await api.cartOf('AddItem', { item_uuid, quantity: 1 }, { as: owner })
  for (const as of [await api.aUser(), 'demo operator']) {
    const messages: Record<string, (cart: string) => object> = {
      Get: (cart) => ({ uuid: cart }),
      ConfigureAddress: (cart) => ({ cart_uuid: cart, address: { line1: 'x' } }),
      AddItem: (cart) => ({ cart_uuid: cart, item_uuid, quantity: 1 }),
      UpdateQuantity: (cart) => ({ cart_uuid: cart, item_uuid, quantity: 0 }),
      Empty: (cart) => ({ cart_uuid: cart }),
    }
    for (const [rpc, message] of Object.entries(messages)) {
      const theirs = await api.refuses(`cart.Cart/${rpc}`, message(uuid), noCart, { as })
      const none = await api.refuses(`cart.Cart/${rpc}`, message(nowhere), noCart, { as })
      const words = (reply: typeof none) => ('detail' in reply ? reply.detail : '')
      expect(words(theirs).replace(uuid, nowhere)).toBe(words(none))
    }
  }
})

test('C1: an item that is nowhere cannot be added, and no cart is opened for it', async () => {
  const as = await api.aUser()
  const missing = { code: 'NOT_FOUND', reason: 'item.not_found' }
  await api.refuses('cart.Cart/AddItem', { item_uuid: nowhere, quantity: 1 }, missing, { as })
})

test.each([0, -1, -(2 ** 31), 1_000_001, 2 ** 31 - 1])(
  'C1: AddItem refuses %d',
  async (quantity) => {
    const { uuid } = await api.anItem()
    const refused = { ...invalid, paths: ['quantity'] }
    await api.refuses('cart.Cart/AddItem', { item_uuid: uuid, quantity }, refused)
  },
)

test.each([-1, 1_000_001])('C1: UpdateQuantity refuses %d', async (quantity) => {
  const { uuid } = await api.anItem()
  const refused = { ...invalid, paths: ['quantity'] }
  await api.refuses('cart.Cart/UpdateQuantity', { item_uuid: uuid, quantity }, refused)
})

test('C1: refuses to hold more of an item than a line can', async () => {
  const as = await api.aUser()
  const { uuid: item_uuid } = await api.anItem()
  await api.cartOf('AddItem', { item_uuid, quantity: 999_999 }, { as })
  const tooMany = { code: 'FAILED_PRECONDITION', reason: 'cart.too_many' }
  await api.refuses('cart.Cart/AddItem', { item_uuid, quantity: 2 }, tooMany, { as })
})

test.each([
  ['Get', { uuid: 'x' }, ['uuid']],
  [
    'AddItem',
    { cart_uuid: 'x', item_uuid: 'y', quantity: 0 },
    ['cartUuid', 'itemUuid', 'quantity'],
  ],
  ['Empty', { cart_uuid: `${nowhere}0` }, ['cartUuid']],
  ['ConfigureAddress', {}, ['address']],
  ['ConfigureAddress', { address: { city: 'x'.repeat(201) } }, ['address.city']],
  ['ConfigureAddress', { address: { line1: 'a\u0000' } }, ['address.line1']],
  ['ConfigureAddress', { address: { countryCode: 'Germany' } }, ['address.countryCode']],
])('C1: %s refuses %j', async (rpc, message, paths) => {
  await api.refuses(`cart.Cart/${rpc}`, message, { ...invalid, paths })
})

test('C1: an ordered cart never changes again', async () => {
  const as = await api.aUser()
  const { uuid: item_uuid } = await api.anItem()
  const { uuid: cart_uuid } = await api.cartOf('AddItem', { item_uuid, quantity: 1 }, { as })
  await api.sql(`update cart set status = 'ordered' where id = $1`, [cart_uuid])
  const ordered = { code: 'FAILED_PRECONDITION', reason: 'cart.ordered' }
  await api.refuses('cart.Cart/Empty', { cart_uuid }, ordered, { as })
  await api.refuses('cart.Cart/AddItem', { cart_uuid, item_uuid, quantity: 1 }, ordered, { as })
  expect((await api.cartOf('Get', { uuid: cart_uuid }, { as })).entries).toHaveLength(1)
  expect((await api.cartOf('Get', {}, { as })).uuid).not.toBe(cart_uuid)
})

test('C1: ten that add one at once make eleven of one', async () => {
  const as = await api.aUser()
  const { uuid: item_uuid } = await api.anItem()
  const { uuid: cart_uuid } = await api.cartOf('AddItem', { item_uuid, quantity: 1 }, { as })
  const one = { cart_uuid, item_uuid, quantity: 1 }
  const carts = await Promise.all(
    Array.from({ length: 10 }, () => api.cartOf('AddItem', one, { as })),
  )
  // Each is answered with the cart as it is then, with the own one in it.
  for (const { entries } of carts) expect(entries[0]!.quantity).toBeGreaterThanOrEqual(2)
  expect((await api.cartOf('Get', {}, { as })).entries).toMatchObject([{ quantity: 11 }])
})

test('ten first additions at once open one cart with ten in it', async () => {
  const as = await api.aUser()
  const { uuid: item_uuid } = await api.anItem()
  const carts = await Promise.all(
    Array.from({ length: 10 }, () => api.cartOf('AddItem', { item_uuid, quantity: 1 }, { as })),
  )
  expect(new Set(carts.map(({ uuid }) => uuid)).size).toBe(1)
  expect((await api.cartOf('Get', {}, { as })).entries).toMatchObject([{ quantity: 10 }])
})
