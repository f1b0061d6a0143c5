import type { Instant } from '../../../internal/clock/instant'
import type { Item, Stock } from '../../item/item'
import type { Order } from '../../order/order'
import type { Store } from '../../store/store'
import type { User } from '../../user/user'
import type { CheckoutAsk, CheckoutFacts, LockedCart, LockedLine, Sale } from '../checkout'
import { openCounter } from '../counter'

/** What the stores in memory of carts and of items keep, as far as it is sold. */
export interface CheckoutMemory {
  users: ReadonlyMap<string, User>
  stores: ReadonlyMap<string, Store>
  items: ReadonlyMap<string, Item>
  /** Of items that are off the market. */
  removedIds: ReadonlySet<string>
  stock: Map<string, Stock>
  carts: ReadonlyMap<string, KeptCart>
  /** The id of each user's latest cart in a store, by `STORE USER`. */
  latestIds: ReadonlyMap<string, string>
  /** By the transaction that paid. */
  orders: Map<string, Order>
}

export interface KeptCart {
  id: string
  userId: string
  storeId: string
  currency: string
  status: 'open' | 'ordered'
  updatedAt: Instant
  inside: ReadonlyMap<string, { id: string; itemId: string | null; name: string; quantity: number }>
}

/** The goods' side of a group commit, all at once: judged by the same counter as the real one. */
export function newCheckoutCompanion(memory: CheckoutMemory) {
  const { carts, stock, orders } = memory
  const paidBy = new Map<string, string>()

  function write({ order, taken }: Sale, now: Instant): void {
    orders.set(order.transactionId!, order)
    paidBy.set(order.cartId!, order.transactionId!)
    Object.assign(carts.get(order.cartId!)!, { status: 'ordered', updatedAt: now })
    for (const { itemId, quantity } of taken) {
      const { onHand, sold } = stock.get(itemId)!
      const left = { onHand: onHand - quantity, sold: sold + quantity }
      stock.set(itemId, { itemId, ...left, updatedAt: now })
    }
  }

  return {
    look(asks: readonly CheckoutAsk[]): CheckoutFacts {
      const ids = asks.flatMap(({ cartId }) => (cartId === null ? [] : [cartId]))
      const found = [...new Set(ids)].flatMap((id) => carts.get(id) ?? [])
      const locked = found.map((cart) => toLocked(cart, paidBy.get(cart.id) ?? null, memory))
      const onHand = new Map<string, bigint>()
      for (const { itemId } of locked.flatMap(({ lines }) => lines)) {
        const counted = itemId === null ? undefined : stock.get(itemId)
        if (counted) onHand.set(counted.itemId, counted.onHand)
      }
      const byId = new Map(locked.map((cart) => [cart.id, cart]))
      return { carts: byId, stock: onHand, heldIds: new Set<string>() }
    },
    open: openCounter,
    write(sales: readonly Sale[], now: Instant): void {
      for (const sale of sales) write(sale, now)
    },
  }
}

function toLocked(cart: KeptCart, paidBy: string | null, memory: CheckoutMemory): LockedCart {
  const { id, userId, storeId, currency } = cart
  const { firstName, lastName } = memory.users.get(userId)!
  const lines = [...cart.inside.values()].map((line): LockedLine => {
    const item = line.itemId === null ? undefined : memory.items.get(line.itemId)
    return {
      ...{ id: line.id, itemId: line.itemId, quantity: line.quantity },
      ...{ name: item?.name ?? line.name, price: item?.price ?? null },
      isOnMarket: item !== undefined && !memory.removedIds.has(item.id),
    }
  })
  const customerFullname = `${firstName} ${lastName}`
  return { id, userId, storeId, currency, customerFullname, paidBy, lines }
}
