import { Fault } from '../../../internal/fault/fault'
import type { Item } from '../../item/item'
import { userFaults } from '../../user/user'
import { cartLimits, type CartStore, type NewLineIds, type NewNamedLine } from '../cart'
import { noCart, noItem, ordered, reused, tooMany, tooManyLines } from '../refusal'
import {
  goodsOf,
  placeOf,
  toLine,
  type CartMemory,
  type CartRecord,
  type LineRecord,
} from './record'

interface Found {
  findOwn(userId: string, cartId: string): CartRecord | undefined
  /** By id. */
  lines: Map<string, LineRecord>
}

/** The user's open cart in that store, made when there is none. Faults: user.not_found. */
export function openCart(
  { users, stores, carts, latestIds, clock }: CartMemory,
  { id, userId, storeId }: { id: string; userId: string; storeId: string },
): CartRecord {
  const known = carts.get(latestIds.get(placeOf(userId, storeId)) ?? '')
  if (known?.status === 'open') return known
  if (!users.has(userId)) throw new Fault(userFaults.notFound, { detail: 'The caller is no user.' })
  const now = clock.now()
  const cart: CartRecord = {
    ...{ id, userId, storeId, currency: stores.get(storeId)!.currency, status: 'open' },
    ...{ address: null, lines: [], inside: new Map(), createdAt: now, updatedAt: now },
  }
  carts.set(id, cart)
  latestIds.set(placeOf(userId, storeId), id)
  return cart
}

/** What puts something into a cart. */
export function newAdder(
  memory: CartMemory,
  { findOwn, lines }: Found,
): Pick<CartStore, 'addByName' | 'addItem'> {
  const { items, removedIds, clock } = memory
  const keys = new Map<string, { meaning: string; line: LineRecord; quantity: number }>()

  function add(cart: CartRecord, goods: Goods): LineRecord {
    const { itemId, name, quantity, ids } = goods
    const known = cart.inside.get(goodsOf(itemId, name))
    if ((known?.quantity ?? 0) + quantity > cartLimits.quantityMax) throw tooMany(quantity)
    if (!known && cart.inside.size === cartLimits.linesMax) throw tooManyLines()
    const now = clock.now()
    cart.updatedAt = now
    if (known) return Object.assign(known, { quantity: known.quantity + quantity, updatedAt: now })
    const line: LineRecord = {
      ...{ id: ids.line, cartId: cart.id, itemId, name, quantity },
      ...{ createdAt: now, updatedAt: now, removedAt: null },
    }
    cart.lines.push(line)
    cart.inside.set(goodsOf(itemId, name), line)
    lines.set(line.id, line)
    return line
  }

  return {
    async addByName(asked) {
      const { userId, storeId, name, quantity, key, ids } = asked
      const known = key === null ? undefined : keys.get(`${userId} ${key}`)
      if (known) {
        if (known.meaning !== meaningOf(asked)) throw reused(key!)
        return { line: toLine({ ...known.line, quantity: known.quantity }, memory), isReplay: true }
      }
      const cart = openCart(memory, { id: ids.cart, userId, storeId })
      const line = add(cart, { itemId: findByName(memory, storeId, name), name, quantity, ids })
      if (key !== null) {
        keys.set(`${userId} ${key}`, { meaning: meaningOf(asked), line, quantity: line.quantity })
      }
      return { line: toLine(line, memory), isReplay: false }
    },

    async addItem({ userId, cartId, itemId, quantity, ids }) {
      const item = removedIds.has(itemId) ? undefined : items.get(itemId)
      const named = cartId === null ? undefined : findOwn(userId, cartId)
      if (cartId !== null && !named) throw noCart(cartId)
      if (!item || (named && named.storeId !== item.storeId)) throw noItem(itemId)
      if (named?.status === 'ordered') throw ordered(named.id)
      const cart = named ?? openCart(memory, { id: ids.cart, userId, storeId: item.storeId })
      return add(cart, { itemId, name: item.name, quantity, ids }).cartId
    },
  }
}

interface Goods {
  itemId: string | null
  name: string
  quantity: number
  ids: NewLineIds
}

function meaningOf({ storeId, name, quantity }: NewNamedLine): string {
  return JSON.stringify({ storeId, name, quantity })
}

/** The item of that name, the oldest of several; null for a free name. */
function findByName(memory: CartMemory, storeId: string, name: string): string | null {
  const { items, removedIds, idsByName } = memory
  const found = (idsByName.get(`${storeId} ${name}`) ?? [])
    .map((id) => items.get(id)!)
    // It may have had another name since.
    .filter((item) => item.name === name && !removedIds.has(item.id))
  const [oldest] = found.length > 1 ? found.sort(byAge) : found
  return oldest?.id ?? null
}

function byAge(a: Item, b: Item): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? -1 : 1
  return a.id < b.id ? -1 : 1
}
