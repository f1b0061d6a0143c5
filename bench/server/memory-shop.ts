import type { Commerce } from '../../cmd/api/routes'
import { systemIds } from '../../internal/id/id'
import type { AccountStore } from '../../pkg/account/account'
import { newCartApp } from '../../pkg/cart/app/cart'
import type { CartRecord } from '../../pkg/cart/memory/record'
import { newCartStore } from '../../pkg/cart/memory/store'
import type { CartStore } from '../../pkg/cart/cart'
import { checkoutKind, newCheckoutApp } from '../../pkg/checkout/app/checkout'
import { newCheckoutCompanion } from '../../pkg/checkout/memory/companion'
import { newCheckoutStore, newOrderFinder } from '../../pkg/checkout/memory/store'
import { newItemApp } from '../../pkg/item/app/item'
import type { Item, Stock } from '../../pkg/item/item'
import { newItemStore } from '../../pkg/item/memory/store'
import type { Order } from '../../pkg/order/order'
import { newStoreApp } from '../../pkg/store/app/store'
import { newStoreStore } from '../../pkg/store/memory/store'
import type { Store } from '../../pkg/store/store'
import type { Ledger } from '../../pkg/transaction/app/ledger'
import type { MemoryCompanions } from '../../pkg/transaction/memory/companion'
import type { User, UserStore } from '../../pkg/user/user'
import type { Clock } from '../../internal/clock/clock'
import {
  buyer,
  itemDescription,
  itemId,
  itemName,
  itemTime,
  linesPerCart,
  onHand,
  priceOf,
  shopSize,
  store,
} from '../data/shop'
import { below } from '../request'

type ShopApps = Pick<Commerce, 'items' | 'carts' | 'checkouts'>

export interface MemoryShop {
  companions: MemoryCompanions
  newApps(ledger: Pick<Ledger, 'submitOne'>): Promise<ShopApps>
  /** A cart of three lines for each buyer who has none. */
  refillCarts(): Promise<void>
}

export interface MemoryShopDeps {
  users: Map<string, User>
  userStore: UserStore
  accountStore: AccountStore
  clock: Clock
}

/** The shop that nothing leaves the process for. */
export function newMemoryShop({
  users,
  userStore,
  accountStore,
  clock,
}: MemoryShopDeps): MemoryShop {
  const memory = {
    ...{ users, clock, stores: new Map<string, Store>(), items: new Map<string, Item>() },
    ...{ removedIds: new Set<string>(), idsByName: new Map<string, string[]>() },
    ...{ stock: new Map<string, Stock>(), carts: new Map<string, CartRecord>() },
    ...{ latestIds: new Map<string, string>(), orders: new Map<string, Order>() },
  }
  const stores = newStoreStore({ stores: memory.stores, users: userStore, accounts: accountStore })
  const storeApp = newStoreApp({ stores, defaultStore: store })
  const carts = newCartStore(memory)
  return {
    companions: { [checkoutKind]: newCheckoutCompanion(memory) } as MemoryCompanions,

    async newApps(ledger) {
      await stores.ensure(store)
      fillItems(memory)
      return {
        items: newItemApp({ items: newItemStore(memory), stores: storeApp, ids: systemIds }),
        carts: newCartApp({ carts, stores: storeApp, ids: systemIds }),
        checkouts: newCheckoutApp({
          ledger,
          checkouts: newCheckoutStore(memory),
          orders: newOrderFinder(memory),
          defaultStoreId: store.id,
        }),
      }
    },

    async refillCarts() {
      for (let n = 0; n < shopSize.buyers; n++) {
        const { userId } = buyer(n)
        const latest = memory.carts.get(memory.latestIds.get(`${store.id} ${userId}`) ?? '')
        if (latest?.status !== 'open') await fillCart(carts, userId)
      }
    },
  }
}

function fillItems(memory: {
  items: Map<string, Item>
  stock: Map<string, Stock>
  idsByName: Map<string, string[]>
}): void {
  for (let n = 0; n < shopSize.items; n++) {
    const [id, name, at] = [itemId(n), itemName(n), itemTime(n)]
    memory.items.set(id, {
      ...{ id, storeId: store.id, name, description: itemDescription, price: priceOf(n) },
      ...{ currency: store.currency, createdAt: at, updatedAt: at },
    })
    memory.idsByName.set(`${store.id} ${name}`, [id])
    memory.stock.set(id, { itemId: id, onHand, sold: 0n, updatedAt: at })
  }
}

async function fillCart(carts: CartStore, userId: string): Promise<void> {
  const first = below(shopSize.items)
  for (let line = 0; line < linesPerCart; line++) {
    const name = itemName((first + line * 3331) % shopSize.items)
    const ids = { cart: systemIds.next(), line: systemIds.next(), reservation: systemIds.next() }
    await carts.addByName({
      userId,
      storeId: store.id,
      name,
      quantity: 1,
      key: null,
      traceparent: null,
      ids,
    })
  }
}
