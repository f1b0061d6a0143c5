import { systemIds } from '../../internal/id/id'
import type { CartStore } from '../../pkg/cart/cart'
import type { Item, ItemColumn, ItemPosition, ItemStore } from '../../pkg/item/item'
import { positionOf } from '../../pkg/item/item'
import type { StoreStore } from '../../pkg/store/store'
import { newGiven, type Stores } from './stores'

/** The ledger's stores and those of a shop over one and the same data. */
export interface ShopStores extends Stores {
  shops: StoreStore
  items: ItemStore
  carts: CartStore
}

export type OpenShop = () => Promise<ShopStores>

const main = { id: 'main', name: 'Shop', currency: 'EUR' }
const unknownId = '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e'
const newIds = () => ({
  ...{ cart: systemIds.next(), line: systemIds.next(), reservation: systemIds.next() },
})

/** What pkg/store, pkg/item and pkg/cart promise of their stores, for any of them. */
export function exerciseShopStores(name: string, open: OpenShop): void {
  describe(`the stores of a shop: ${name}`, () => {
    let stores: ShopStores
    beforeAll(async () => {
      stores = await open()
      await stores.shops.ensure(main)
    })
    afterAll(() => stores.close())
    const { aUser } = newGiven(() => stores)

    let count = 0
    const anItem = (more: Partial<Item> = {}): Promise<Item> => {
      const name = `item ${++count}`
      const item = { id: systemIds.next(), storeId: main.id, name, description: '', price: 100n }
      return stores.items.insert({ ...item, ...more })
    }
    const add = (userId: string, name: string, quantity = 1, key: string | null = null) =>
      stores.carts.addByName({
        userId,
        storeId: main.id,
        name,
        quantity,
        key,
        traceparent: null,
        ids: newIds(),
      })
    const codeOf = (work: Promise<unknown>) =>
      work.then(
        () => 'done',
        (error: { code: string }) => error.code,
      )
    /** A cart with one line of an item in it. */
    async function aCart() {
      const [userId, item] = [await aUser(), await anItem()]
      const { line } = await add(userId, item.name, 2)
      return { userId, cartId: line.cartId, item, line }
    }

    test('makes the default store once, with its merchant and its account', async () => {
      await stores.shops.ensure({ ...main, name: 'Another' })
      const store = { ...main, userId: 'shop-main', accountId: 'shop-main' }
      expect(await stores.shops.find('main')).toEqual(store)
      expect(await stores.shops.findOfUser('shop-main')).toEqual(store)
      expect((await stores.accounts.find('shop-main'))!.currency).toBe('EUR')
      expect(await stores.shops.find('nowhere')).toBeUndefined()
      expect(await stores.shops.findOfUser('nobody')).toBeUndefined()
    })

    test('changes what is named of an item, and forgets what is off the market', async () => {
      const item = await anItem({ description: 'old' })
      expect(await stores.items.find(item.id)).toEqual(item)
      const changed = (await stores.items.update(item.id, { price: null }))!
      expect(changed).toEqual({ ...item, price: null, updatedAt: changed.updatedAt })
      expect(changed.updatedAt > item.updatedAt).toBe(true)
      const before = await stores.items.count(main.id)
      expect(await stores.items.setStock(item.id, 7n)).toMatchObject({ onHand: 7n, sold: 0n })
      expect(await stores.items.remove(item.id)).toBe(true)
      expect(await stores.items.remove(item.id)).toBe(false)
      expect(await stores.items.find(item.id)).toBeUndefined()
      expect(await stores.items.update(item.id, { name: 'x' })).toBeUndefined()
      expect(await stores.items.setStock(item.id, 1n)).toBeUndefined()
      expect(await stores.items.count(main.id)).toBe(before - 1n)
    })

    test.each<ItemColumn>(['id', 'name', 'description', 'price', 'created_at', 'updated_at'])(
      'lists by %s in pages that have each item once, there and back',
      async (column) => {
        const descriptions = ['b', 'a', 'b', 'a']
        for (const description of descriptions) await anItem({ description, price: null })
        await anItem({ price: 7n })
        const all = Number(await stores.items.count(main.id))
        const pages = async (order: 'asc' | 'desc') => {
          const found: Item[] = []
          let after: ItemPosition | undefined
          for (;;) {
            const query = { storeId: main.id, column, order, after, offset: 0, limit: 3 }
            const page = await stores.items.list(query)
            found.push(...page)
            if (page.length < 3) return found.map((item) => item.id)
            after = positionOf(page[2]!, column)
          }
        }
        const [up, down] = [await pages('asc'), await pages('desc')]
        expect(new Set(up).size).toBe(all)
        expect(down).toEqual(up.toReversed())
        const query = { storeId: main.id, column, after: undefined, limit: 2 }
        const second = await stores.items.list({ ...query, order: 'asc', offset: 1 })
        expect(second.map(({ id }) => id)).toEqual(up.slice(1, 3))
        const last = await stores.items.list({ ...query, order: 'desc', offset: 1 })
        expect(last.map(({ id }) => id)).toEqual(down.slice(1, 3))
      },
    )

    test('adds up what has one name, with the item and its price', async () => {
      const { userId, cartId, item, line } = await aCart()
      expect(line).toMatchObject({ itemId: item.id, quantity: 2, price: 100n, removedAt: null })
      expect(line.reservation).toMatchObject({ status: 'pending', externalId: null, attempts: 0 })
      const again = await add(userId, item.name, 3)
      expect(again).toMatchObject({ isReplay: false, line: { id: line.id, quantity: 5 } })
      const free = (await add(userId, 'a free name')).line
      expect(free).toMatchObject({ cartId, itemId: null, price: null, currency: 'EUR' })
      const cart = (await stores.carts.find({ userId, cartId }))!
      expect(cart).toMatchObject({ userId, storeId: 'main', status: 'open', address: null })
      expect(cart.lines.map(({ id, item }) => [id, item?.id])).toEqual([
        [line.id, item.id],
        [free.id, undefined],
      ])
      await stores.items.remove(item.id)
      const [first] = await stores.carts.listLines({
        ...{ userId, storeId: main.id, after: undefined, limit: 1 },
      })
      expect(first).toMatchObject({ id: line.id, price: null, quantity: 5 })
    })

    test('adds each of many that come at once to its own cart, and all to one', async () => {
      const [one, other] = [await aUser(), await aUser()]
      const { name } = await anItem()
      const together = Array.from({ length: 12 }, (_, n) => [
        add(one, name),
        add(other, n % 2 === 0 ? name : 'free', 2),
      ]).flat()
      const answers = await Promise.all(together)
      const ofOne = answers.filter((_, i) => i % 2 === 0).map(({ line }) => line.quantity)
      expect(ofOne.sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, n) => n + 1))
      const of = async (userId: string) => {
        const page = { userId, storeId: main.id, after: undefined, limit: 9 }
        const found = await stores.carts.listLines(page)
        return Object.fromEntries(found.map((line) => [line.name, line.quantity]))
      }
      expect(await of(one)).toEqual({ [name]: 12 })
      expect(await of(other)).toEqual({ [name]: 12, free: 12 })
    })

    test('answers a key again, and refuses it for something else, beside others too', async () => {
      const [userId, other] = [await aUser(), await aUser()]
      const first = await add(userId, 'pen', 2, 'k')
      await add(userId, 'pen', 3)
      const [again, reused, others, nobody] = await Promise.allSettled([
        add(userId, 'pen', 2, 'k'),
        add(userId, 'pen', 4, 'k'),
        add(other, 'pen', 4, 'k'),
        add('nobody', 'pen', 4),
      ])
      expect(again).toMatchObject({ value: { isReplay: true, line: { quantity: 2 } } })
      expect(reused).toMatchObject({ reason: { code: 'idempotency.key_reused' } })
      expect(others).toMatchObject({ value: { isReplay: false, line: { quantity: 4 } } })
      expect(nobody).toMatchObject({ reason: { code: 'user.not_found' } })
      const page = { userId, storeId: main.id, after: undefined, limit: 9 }
      expect(await stores.carts.listLines(page)).toMatchObject([{ id: first.line.id, quantity: 5 }])
    })

    test('refuses more of a line than it can hold, and adds what came beside it', async () => {
      const [userId, other] = [await aUser(), await aUser()]
      await add(userId, 'pen', 1_000_000)
      const [tooMany, fine] = await Promise.allSettled([add(userId, 'pen'), add(other, 'pen')])
      expect(tooMany).toMatchObject({ reason: { code: 'cart.too_many' } })
      expect(fine).toMatchObject({ value: { line: { quantity: 1 } } })
    })

    test('adds an item to the named cart or to the open one, and to nobody else’s', async () => {
      const { userId, cartId, item } = await aCart()
      const other = await aUser()
      const addItem = (more: object) =>
        stores.carts.addItem({
          ...{ userId, cartId, itemId: item.id, quantity: 1 },
          ...more,
          traceparent: null,
          ids: newIds(),
        })
      expect(await addItem({})).toBe(cartId)
      expect(await addItem({ cartId: null })).toBe(cartId)
      expect(await addItem({ userId: other, cartId: null })).not.toBe(cartId)
      expect(await codeOf(addItem({ userId: other }))).toBe('cart.not_found')
      expect(await codeOf(addItem({ itemId: unknownId }))).toBe('item.not_found')
      expect(await codeOf(addItem({ cartId: null, itemId: unknownId }))).toBe('item.not_found')
      expect((await stores.carts.find({ userId, cartId }))!.lines).toMatchObject([{ quantity: 4 }])
    })

    test('takes lines out for good, and lists them still', async () => {
      const { userId, cartId, item, line } = await aCart()
      const set = (quantity: number) =>
        stores.carts.setLineQuantity({ userId, lineId: line.id, quantity })
      expect(await set(9)).toMatchObject({ id: line.id, quantity: 9, removedAt: null })
      const out = await set(0)
      expect(out.removedAt).not.toBeNull()
      expect(await set(0)).toEqual(out)
      expect(await codeOf(set(1))).toBe('cart.line_not_found')
      const bySet = stores.carts.setItemQuantity({ userId, cartId, itemId: item.id, quantity: 1 })
      expect(await codeOf(bySet)).toBe('cart.line_not_found')
      const second = (await add(userId, item.name)).line
      expect(second.id).not.toBe(line.id)
      await stores.carts.empty({ userId, cartId })
      expect((await stores.carts.find({ userId, cartId }))!.lines).toEqual([])
      const page = { userId, storeId: main.id, limit: 9 }
      const all = await stores.carts.listLines({ ...page, after: undefined })
      expect(all.map(({ id }) => id)).toEqual([line.id, second.id])
      expect(await stores.carts.listLines({ ...page, after: all[0] })).toEqual([all[1]])
    })

    test('keeps the id of an address, and shows a stranger nothing', async () => {
      const { userId, cartId, line } = await aCart()
      const parts = {
        line1: 'a',
        line2: '',
        line3: '',
        city: 'b',
        province: '',
        zipCode: '',
        other: '',
      }
      const address = { ...parts, countryCode: 'NL' }
      const [first, second] = [systemIds.next(), systemIds.next()]
      await stores.carts.setAddress({ userId, cartId, addressId: first, address })
      const before = (await stores.carts.find({ userId, cartId }))!.address!
      await stores.carts.setAddress({
        userId,
        cartId,
        addressId: second,
        address: { ...address, city: 'c' },
      })
      const after = (await stores.carts.find({ userId, cartId }))!.address!
      expect(after).toMatchObject({ id: first, city: 'c', createdAt: before.createdAt })
      expect(after.updatedAt >= before.updatedAt).toBe(true)
      const stranger = { userId: await aUser(), cartId }
      expect(await stores.carts.find(stranger)).toBeUndefined()
      expect(await codeOf(stores.carts.empty(stranger))).toBe('cart.not_found')
      const change = { userId: stranger.userId, lineId: line.id, quantity: 1 }
      expect(await codeOf(stores.carts.setLineQuantity(change))).toBe('cart.line_not_found')
      const open = () => stores.carts.open({ id: systemIds.next(), userId, storeId: main.id })
      expect(await open()).toBe(cartId)
    })
  })
}
