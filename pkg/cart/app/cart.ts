import { Fault } from '../../../internal/fault/fault'
import type { Ids } from '../../../internal/id/id'
import type { StoreApp } from '../../store/app/store'
import {
  cartFaults,
  type Added,
  type Cart,
  type CartLine,
  type CartStore,
  type LineQuantity,
  type LineQuery,
  type NewAddress,
  type OwnCart,
  type WhoseCart,
} from '../cart'
import { asUser, type Admit } from '../../user/app/as-user'

/** Carts of the caller. Somebody else's cart or line is not there: cart.not_found, cart.line_not_found. */
export interface CartApp {
  /** Opens the caller's cart when `cartId` is null and there is none. Faults: cart.not_found. */
  get(cart: WhoseCart): Promise<Cart>
  /** Faults: cart.not_found, cart.ordered. */
  configureAddress(cart: WhoseCart & { address: NewAddress }): Promise<Cart>
  /**
   * Adds to what is in the cart of that item already; without a cart, to the caller's in the item's
   * store. Faults: item.not_found, cart.not_found, cart.ordered, cart.too_many, cart.too_many_lines.
   */
  addItem(line: WhoseCart & { itemId: string; quantity: number } & Traced): Promise<Cart>
  /**
   * Adds by name to the caller's cart in the default store: the item of that name, else a free name.
   * With a key once only. Faults: cart.too_many, cart.too_many_lines, idempotency.key_reused.
   */
  addByName(
    line: {
      userId: string
      name: string
      quantity: number
      key: string | null
    } & Traced,
  ): Promise<Added>
  /** 0 takes the line out. Faults: cart.not_found, cart.line_not_found, cart.ordered. */
  updateQuantity(line: WhoseCart & { itemId: string; quantity: number }): Promise<Cart>
  /** The same by the id of a line. Faults: cart.line_not_found, cart.ordered. */
  updateLine(line: LineQuantity): Promise<CartLine>
  /** Takes all lines out. Faults: cart.not_found, cart.ordered. */
  empty(cart: WhoseCart): Promise<Cart>
  /** All that was put into the caller's cart in the default store. */
  listLines(query: Omit<LineQuery, 'storeId'>): Promise<CartLine[]>
}

/** W3C trace context of the request, for the reservation to go on with. */
interface Traced {
  traceparent?: string
}

export interface CartAppDeps {
  carts: CartStore
  stores: StoreApp
  ids: Ids
  admit?: Admit | undefined
}

export function newCartApp({ carts, stores, ids, admit }: CartAppDeps): CartApp {
  /** The named cart, or the caller's open one in the default store. */
  async function resolve({ userId, cartId }: WhoseCart): Promise<OwnCart> {
    if (cartId !== null) return { userId, cartId }
    const { id: storeId } = await stores.getDefault()
    const open = () => carts.open({ id: ids.next(), userId, storeId })
    return { userId, cartId: await asUser(userId, admit, open) }
  }

  async function read(cart: OwnCart): Promise<Cart> {
    const found = await carts.find(cart)
    if (found) return found
    throw new Fault(cartFaults.notFound, { detail: `There is no cart "${cart.cartId}".` })
  }

  const newIds = () => ({ cart: ids.next(), line: ids.next(), reservation: ids.next() })

  return {
    get: async (cart) => read(await resolve(cart)),

    async configureAddress({ address, ...cart }) {
      const own = await resolve(cart)
      await carts.setAddress({ ...own, addressId: ids.next(), address })
      return read(own)
    },

    async addItem(line) {
      const add = () => carts.addItem({ traceparent: null, ...line, ids: newIds() })
      const cartId = await asUser(line.userId, admit, add)
      return read({ userId: line.userId, cartId })
    },

    async addByName(line) {
      const { id: storeId } = await stores.getDefault()
      const add = () => carts.addByName({ traceparent: null, ...line, storeId, ids: newIds() })
      return asUser(line.userId, admit, add)
    },

    async updateQuantity({ itemId, quantity, ...cart }) {
      const own = await resolve(cart)
      await carts.setItemQuantity({ ...own, itemId, quantity })
      return read(own)
    },

    updateLine: (line) => carts.setLineQuantity(line),

    async empty(cart) {
      const own = await resolve(cart)
      await carts.empty(own)
      return read(own)
    },

    async listLines(query) {
      const { id: storeId } = await stores.getDefault()
      return carts.listLines({ ...query, storeId })
    },
  }
}
