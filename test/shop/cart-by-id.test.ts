import { newShop } from '../../cmd/api/wiring/shop'
import { systemIds } from '../../internal/id/id'
import { startShop, type ShopApi } from './api'
import { listContradictions } from './state'

let shop: ShopApi
beforeAll(async () => {
  shop = await startShop()
})
afterAll(async () => {
  expect(await listContradictions(shop.db)).toEqual([])
  await shop.close()
})

describe('a cart by its id, as over gRPC', () => {
  const carts = () => newShop(shop.db, { store_id: 'main', name: 'Shop', currency: 'EUR' }).carts

  test('C4: somebody else’s is not there, whatever is done with it', async () => {
    const [one, other] = [await shop.aUser(), await shop.aUser()]
    const { id: itemId } = await shop.anItem({ name: `of ${one}`, price: 1 })
    const { cart_id } = await shop.add(one, `of ${one}`)
    const before = await carts().get({ userId: one, cartId: cart_id })
    for (const cartId of [cart_id, systemIds.next()]) {
      const cart = { userId: other, cartId }
      const address = before.address!
      for (const work of [
        carts().get(cart),
        carts().addItem({ ...cart, itemId, quantity: 1 }),
        carts().updateQuantity({ ...cart, itemId, quantity: 0 }),
        carts().empty(cart),
        carts().configureAddress({ ...cart, address }),
      ]) {
        await expect(work).rejects.toMatchObject({ code: 'cart.not_found' })
      }
    }
    expect(await carts().get({ userId: one, cartId: cart_id })).toEqual(before)
  })

  test('C1: adding twice adds the quantities, 0 takes the line out, Empty all of them', async () => {
    const userId = await shop.aUser()
    const items = [
      await shop.anItem({ name: 'one', price: '0.10' }),
      await shop.anItem({ name: 'two', price: '0.20' }),
    ]
    const [itemId = '', secondId = ''] = items.map(({ id }) => id)
    const { id: cartId } = await carts().addItem({ userId, cartId: null, itemId, quantity: 1 })
    const added = await carts().addItem({ userId, cartId, itemId, quantity: 2 })
    expect(added.lines).toMatchObject([{ itemId, quantity: 3, price: 10n, item: { name: 'one' } }])
    await carts().addItem({ userId, cartId, itemId: secondId, quantity: 1 })
    const changed = await carts().updateQuantity({ userId, cartId, itemId, quantity: 0 })
    expect(changed.lines).toMatchObject([{ itemId: secondId, quantity: 1 }])
    expect((await carts().empty({ userId, cartId: null })).lines).toEqual([])
    await expect(
      carts().updateQuantity({ userId, cartId, itemId, quantity: 1 }),
    ).rejects.toMatchObject({ code: 'cart.line_not_found' })
  })

  test('C1: an unknown item, and one of another store, is not there', async () => {
    const userId = await shop.aUser()
    const merchant = await shop.aUser()
    await shop.aStore(merchant)
    const elsewhere = await shop.anItem({ name: 'x', price: 1 }, `${merchant} merchant`)
    const { id: cartId } = await carts().get({ userId, cartId: null })
    for (const itemId of [systemIds.next(), elsewhere.id]) {
      const line = { userId, cartId, itemId, quantity: 1 }
      await expect(carts().addItem(line)).rejects.toMatchObject({ code: 'item.not_found' })
    }
    const none = { userId, cartId: null, itemId: systemIds.next(), quantity: 1 }
    await expect(carts().addItem(none)).rejects.toMatchObject({ code: 'item.not_found' })
    const other = await carts().addItem({ ...none, itemId: elsewhere.id })
    expect(other).toMatchObject({ storeId: merchant, lines: [{ itemId: elsewhere.id }] })
    expect(other.id).not.toBe(cartId)
  })

  test('a full cart is emptied at once', async () => {
    const userId = await shop.aUser()
    const { cart_id: cartId } = await shop.add(userId, 'first')
    await shop.fillCart(cartId, 1999)
    expect(await carts().empty({ userId, cartId })).toMatchObject({ lines: [] })
  })
})
