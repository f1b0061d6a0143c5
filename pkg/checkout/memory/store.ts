import type { Order } from '../../order/order'
import type { CheckoutStore, Till } from '../checkout'
import type { CheckoutMemory, KeptCart } from './companion'

/** For unit tests and as the benchmark's mock; nothing is kept. */
export function newCheckoutStore(memory: CheckoutMemory): CheckoutStore {
  const { stores, carts, latestIds, orders } = memory
  const toTill = (storeId: string, cart: KeptCart | undefined): Till => ({
    storeAccountId: stores.get(storeId)!.accountId,
    cartId: cart?.id ?? null,
    lines: cart?.inside.size ?? 0,
  })
  return {
    async findTill({ userId, storeId }) {
      if (!stores.has(storeId)) return undefined
      return toTill(storeId, carts.get(latestIds.get(`${storeId} ${userId}`) ?? ''))
    },
    async findTillOfCart({ userId, cartId, storeId }) {
      const cart = carts.get(cartId)
      if (cart?.userId !== userId || (storeId !== null && cart.storeId !== storeId))
        return undefined
      return toTill(cart.storeId, cart)
    },
    async findOrderId(transactionId) {
      return orders.get(transactionId)?.id
    },
  }
}

/** Reads what the checkout has written. */
export function newOrderFinder({ orders }: Pick<CheckoutMemory, 'orders'>) {
  return {
    async find(id: string): Promise<Order | undefined> {
      return [...orders.values()].find((order) => order.id === id)
    },
  }
}
