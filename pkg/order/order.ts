import type { Instant } from '../../internal/clock/instant'
import type { FaultSpec, FieldError } from '../../internal/fault/fault'
import type { JsonObject } from '../../internal/json/json'
import type { Known } from './lookup'

/** `pending`: saved, and a worker asks on. The other two never change again. */
export const orderStatuses = ['pending', 'created', 'failed'] as const

export type OrderStatus = (typeof orderStatuses)[number]

/** What somebody bought: from a cart and paid, or by the code of a product. */
export interface Order {
  id: string
  /** Who ordered it, and may see it. */
  ownerId: string
  /** For whom: of the User Service for an order by product code, else the owner. */
  userId: string
  status: OrderStatus
  productCode: string | null
  /** Null until the User Service has said it; of a cart's order the owner's name. */
  customerFullname: string | null
  productName: string | null
  /** Minor units of `currency`. Null until the Product Service has said a price. */
  totalAmount: bigint | null
  currency: string
  /** Why it failed, in words for whoever ordered. */
  failure: string | null
  /** How often a worker has tried in vain. */
  attempts: number
  /** When it is tried next. Null: never again, or under way. */
  nextAttemptAt: Instant | null
  cartId: string | null
  storeId: string | null
  /** The payment out of the ledger. */
  transactionId: string | null
  lines: OrderLine[]
  createdAt: Instant
  updatedAt: Instant
}

/** One kind of goods out of a cart, as it was sold. */
export interface OrderLine {
  itemId: string
  name: string
  quantity: number
  /** Minor units of the order's currency. */
  unitPrice: bigint
}

/** What a client asks for: with a key, or without. */
export interface OrderRequest {
  ownerId: string
  userId: string
  /** Whether the owner may order for others: for who does not, nobody else is there. */
  mayOrderForOthers: boolean
  productCode: string
  key: string | null
  /** Bounds the wait for the look-ups; 0 saves the order without asking anybody first. */
  waitMs: number
  /** W3C trace context of the request, to go on with. */
  traceparent: string | null
}

/** The key of a request with the digest of what it means. Keys are the caller's own. */
export interface OrderKey {
  key: string
  fingerprint: Buffer
}

/** Why there is no order. It is remembered with the key, and given again. */
export interface OrderRefusal {
  code: string
  detail: string
  errors?: FieldError[]
  members?: JsonObject
}

/** What came of a request; `isReplayed`: it is the first answer to its key, again. */
export type OrderVerdict =
  | { status: 'saved'; order: Order; isReplayed: boolean }
  | { status: 'refused'; refusal: OrderRefusal; isReplayed: boolean }

export const orderFaults = {
  notFound: { kind: 'not_found', code: 'order.not_found', title: 'No such order' },
  userUnknown: {
    kind: 'unprocessable',
    code: 'order.user_unknown',
    title: 'The user service knows no such user',
  },
  productUnknown: {
    kind: 'unprocessable',
    code: 'order.product_unknown',
    title: 'The product service knows no such product',
  },
} as const satisfies Record<string, FaultSpec>

/** An event for the broker, as it waits in the outbox. */
export interface OrderMessage {
  id: string
  exchange: string
  routingKey: string
  type: string
  /** JSON, with all digits of its numbers. */
  payload: string
  headers: Record<string, string>
}

/** An order by product code as it is saved first: `created` with its message, or `pending`. */
export interface NewOrder extends Known {
  id: string
  ownerId: string
  userId: string
  productCode: string
  currency: string
  createdAt: Instant
  traceparent: string | null
  key: OrderKey | null
  /** Null: it is saved as pending. */
  message: OrderMessage | null
}

/** The last row of the page before. */
export interface OrderPosition {
  createdAt: Instant
  id: string
}

export interface OrderStore {
  /**
   * Saves the order, its key and its message in one commit. False when the key is taken, also by somebody
   * who came at the same moment: nothing is saved then, and `findByKey` has the first answer.
   */
  insert(order: NewOrder): Promise<boolean>
  /** Remembers that nothing came of a request; false when the key is taken. */
  insertRefusal(refused: RefusedOrder): Promise<boolean>
  /** What the key has led to; undefined while it is free. */
  findByKey(ownerId: string, key: string): Promise<KeyedOutcome | undefined>
  /** Undefined when there is none, or it belongs to somebody else; no owner named: to whomever. */
  find(id: string, ownerId: string | undefined): Promise<Order | undefined>
  /** The newest first; no owner named: of all. */
  list(page: OrderPage): Promise<Order[]>
}

export interface RefusedOrder {
  ownerId: string
  key: OrderKey
  refusal: OrderRefusal
  createdAt: Instant
}

export interface KeyedOutcome {
  fingerprint: Buffer
  /** Exactly one of the two. */
  order: Order | null
  refusal: OrderRefusal | null
}

export interface OrderPage {
  ownerId: string | undefined
  after: OrderPosition | undefined
  limit: number
}

/** The keys that callers have sent along, apart from what they led to. */
export interface OrderKeyStore {
  /** Deletes up to so many that are older than that, the oldest first; answers how many. */
  deleteOld(old: { ageMs: number; limit: number }): Promise<number>
}
