import type { FaultSpec } from '../../internal/fault/fault'
import type { Decimal } from '../../internal/money/decimal'
import type { Order, OrderMessage } from '../order/order'
import type { Refusal } from '../transaction/transaction'

/** What a caller asks for: that a cart of theirs becomes an order, paid from that account. */
export interface CheckoutRequest {
  userId: string
  /** Any account may pay, and not the caller's own alone. */
  paysFromAny: boolean
  accountId: string
  /** Null: the cart's, or the store that is there without anybody having opened one. */
  storeId: string | null
  /** Null: the caller's latest in that store, which is the one that is being filled. */
  cartId: string | null
  /** What the caller has seen as the total. Null: whatever it is. */
  expectedTotal: Decimal | null
  key: string | null
  /** W3C trace context of the request, which the message goes on with. */
  traceparent: string | null
}

/** What came of it; `isReplayed`: there was an answer before, or an order, and this is it. */
export type CheckoutVerdict =
  | { status: 'ordered'; order: Order; isReplayed: boolean }
  | { status: 'refused'; refusal: Refusal; isReplayed: boolean }

export const checkoutFaults = {
  cartEmpty: {
    kind: 'unprocessable',
    code: 'checkout.cart_empty',
    title: 'There is nothing in the cart',
  },
  linesRefused: {
    kind: 'conflict',
    code: 'checkout.lines_refused',
    title: 'Not all that is in the cart can be bought',
  },
  totalChanged: {
    kind: 'conflict',
    code: 'checkout.total_changed',
    title: 'The cart comes to another total',
  },
} as const satisfies Record<string, FaultSpec>

/** What is asked of the goods' side while the ledger moves the money. */
export interface CheckoutAsk {
  userId: string
  /** Null: there is none. */
  cartId: string | null
  expectedTotal: Decimal | null
  traceparent: string | null
}

/** A cart as it is under lock. */
export interface LockedCart {
  id: string
  userId: string
  storeId: string
  /** The store's. */
  currency: string
  customerFullname: string
  /** The payment of the order that it became. Null while it is open. */
  paidBy: string | null
  /** In the order in which they were put in. */
  lines: LockedLine[]
}

export interface LockedLine {
  id: string
  /** Null: a free name. */
  itemId: string | null
  /** The catalogue's, else the one it was put in under. */
  name: string
  quantity: number
  /** Minor units. Null: none. */
  price: bigint | null
  isOnMarket: boolean
}

/** All that is known of goods when a group is decided. */
export interface CheckoutFacts {
  /** By id. */
  carts: ReadonlyMap<string, LockedCart>
  /** How many there are of each item that is counted, by its id. */
  stock: ReadonlyMap<string, bigint>
  /** Carts, and items' stock, that somebody else held for too long. */
  heldIds: ReadonlySet<string>
}

/** What has to be written so that a cart was sold. */
export interface Sale {
  order: Order
  /** Of the goods that are counted. */
  taken: { itemId: string; quantity: bigint }[]
  message: OrderMessage
}

/** Where goods of a store are paid, and the caller's cart there. */
export interface Till {
  storeAccountId: string
  /** Null: the caller has never had one. */
  cartId: string | null
  /** In the cart at that moment. */
  lines: number
}

export interface CheckoutStore {
  /** Of the caller's latest cart in a store; undefined when there is no such store. */
  findTill(at: { userId: string; storeId: string }): Promise<Till | undefined>
  /** Of a cart; undefined when there is none, it is somebody else's, or of another store. */
  findTillOfCart(of: {
    userId: string
    cartId: string
    storeId: string | null
  }): Promise<Till | undefined>
  /** Which order a transaction has paid for; undefined when there is none. */
  findOrderId(transactionId: string): Promise<string | undefined>
}
