import type { CartLine, CartStore } from '../cart'
import { noCart, noLine, ordered } from '../refusal'
import { newAdder, openCart } from './add'
import {
  goodsOf,
  placeOf,
  toLine,
  type CartMemory,
  type CartRecord,
  type LineRecord,
} from './record'

/** For unit tests and as the benchmark's mock; nothing is kept. */
export function newCartStore(memory: CartMemory): CartStore {
  const { carts, latestIds, items, clock } = memory
  const lines = new Map<string, LineRecord>()
  const line = (record: LineRecord) => toLine(record, memory)

  function findOwn(userId: string, cartId: string): CartRecord | undefined {
    const cart = carts.get(cartId)
    return cart?.userId === userId ? cart : undefined
  }
  /** Faults: cart.not_found, cart.ordered. */
  function getOpen(userId: string, cartId: string): CartRecord {
    const cart = findOwn(userId, cartId)
    if (!cart) throw noCart(cartId)
    if (cart.status === 'ordered') throw ordered(cartId)
    return cart
  }
  function change(cart: CartRecord, record: LineRecord, quantity: number): void {
    const now = clock.now()
    cart.updatedAt = now
    record.updatedAt = now
    if (quantity > 0) record.quantity = quantity
    else {
      record.removedAt = now
      cart.inside.delete(goodsOf(record.itemId, record.name))
    }
  }
  const toCartLine = (record: LineRecord): CartLine => {
    const item = record.itemId === null ? null : items.get(record.itemId)!
    return { ...line(record), item }
  }

  return {
    async find({ userId, cartId }) {
      const cart = findOwn(userId, cartId)
      if (!cart) return undefined
      const { lines: _, inside, ...head } = cart
      return { ...head, lines: cart.lines.filter((one) => !one.removedAt).map(toCartLine) }
    },

    async open({ id, userId, storeId }) {
      return openCart(memory, { id, userId, storeId }).id
    },

    ...newAdder(memory, { findOwn, lines }),

    async setItemQuantity({ userId, cartId, itemId, quantity }) {
      const cart = getOpen(userId, cartId)
      const record = cart.inside.get(itemId)
      if (!record) throw noLine(`The cart "${cartId}" has no item "${itemId}" in it.`)
      change(cart, record, quantity)
    },

    async setLineQuantity({ userId, lineId, quantity }) {
      const record = lines.get(lineId)
      const cart = record && findOwn(userId, record.cartId)
      if (!cart) throw noLine(`There is no line "${lineId}".`)
      if (cart.status === 'ordered') throw ordered(cart.id)
      if (record.removedAt === null) change(cart, record, quantity)
      else if (quantity > 0) throw noLine(`The line "${lineId}" was taken out.`)
      return line(record)
    },

    async empty({ userId, cartId }) {
      const cart = getOpen(userId, cartId)
      for (const record of [...cart.inside.values()]) change(cart, record, 0)
    },

    async setAddress({ userId, cartId, addressId, address }) {
      const cart = getOpen(userId, cartId)
      const now = clock.now()
      const { id = addressId, createdAt = now } = cart.address ?? {}
      Object.assign(cart, {
        address: { ...address, id, createdAt, updatedAt: now },
        updatedAt: now,
      })
    },

    async listLines({ userId, storeId, after, limit }) {
      const cart = carts.get(latestIds.get(placeOf(userId, storeId)) ?? '')
      const isBehind = ({ createdAt, id }: LineRecord) =>
        !after || createdAt > after.createdAt || (createdAt === after.createdAt && id > after.id)
      const lines = cart?.status === 'open' ? cart.lines : []
      return lines.filter(isBehind).slice(0, limit).map(line)
    },
  }
}
