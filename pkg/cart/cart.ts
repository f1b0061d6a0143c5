import type { Instant } from '../../internal/clock/instant'
import type { FaultSpec } from '../../internal/fault/fault'
import type { Item } from '../item/item'
import type { ReservationStatus } from '../reservation/reservation'

/** What a user means to buy in a store. An ordered cart never changes again. */
export interface Cart {
  id: string
  userId: string
  storeId: string
  /** The store's. */
  currency: string
  status: 'open' | 'ordered'
  address: Address | null
  /** Those that are in it, in the order in which they were put in. */
  lines: CartLine[]
  createdAt: Instant
  updatedAt: Instant
}

/** One kind of goods in a cart, and how many. */
export interface CartLine {
  id: string
  cartId: string
  /** Null: a free name that the catalogue does not know; it has no price and cannot be checked out. */
  itemId: string | null
  /** As it was when it was put in. */
  name: string
  quantity: number
  /** Minor units of `currency`, as the catalogue has it now. Null: no price, or off the market. */
  price: bigint | null
  currency: string
  /** The item as the catalogue has it now, one that is off the market too; only in a cart. */
  item?: Item | null
  reservation: LineReservation
  createdAt: Instant
  updatedAt: Instant
  /** When it was taken out. */
  removedAt: Instant | null
}

/** How far the external service has come with a line. */
export interface LineReservation {
  status: ReservationStatus
  /** The reservation_id that the service gave. */
  externalId: bigint | null
  /** Calls that ended without an answer to go by. */
  attempts: number
  /** When it is tried again; null when it is not, or is under way. */
  nextAt: Instant | null
  /** Why the last attempt failed, or why there is no further one. */
  reason: string | null
}

export interface Address extends NewAddress {
  id: string
  createdAt: Instant
  updatedAt: Instant
}

/** Where the goods are to go, with the fields of `type.AddressMsg`; '' where there is nothing. */
export interface NewAddress {
  line1: string
  line2: string
  line3: string
  city: string
  province: string
  zipCode: string
  /** ISO 3166-1, two letters. */
  countryCode: string
  other: string
}

export const cartFaults = {
  notFound: { kind: 'not_found', code: 'cart.not_found', title: 'No such cart' },
  lineNotFound: { kind: 'not_found', code: 'cart.line_not_found', title: 'No such line in a cart' },
  ordered: { kind: 'conflict', code: 'cart.ordered', title: 'The cart was ordered' },
  tooMany: {
    kind: 'unprocessable',
    code: 'cart.too_many',
    title: 'A line of a cart would hold more than it can',
  },
  tooManyLines: {
    kind: 'unprocessable',
    code: 'cart.too_many_lines',
    title: 'The cart has as many lines as a cart can have',
  },
} as const satisfies Record<string, FaultSpec>

export const cartLimits = {
  quantityMax: 1_000_000,
  /** In the cart at one time; held by the database. */
  linesMax: 2000,
  nameMax: 200,
  addressLineMax: 200,
}

/** What all lines with a price come to, in minor units. */
export function totalOf(lines: readonly Pick<CartLine, 'price' | 'quantity'>[]): bigint {
  return lines.reduce((sum, { price, quantity }) => sum + (price ?? 0n) * BigInt(quantity), 0n)
}

/**
 * Whose cart: the named one, or the caller's open one, which `cartId` null stands for. What belongs to
 * somebody else is not there.
 */
export interface WhoseCart {
  userId: string
  cartId: string | null
}

export interface CartStore {
  /** Undefined when there is none, or it is somebody else's. */
  find(cart: OwnCart): Promise<Cart | undefined>
  /** The user's open cart in that store, which is opened, with the id, when there is none. */
  open(cart: { id: string; userId: string; storeId: string }): Promise<string>
  /**
   * Puts it into the user's open cart of that store, which is opened when there is none. Faults:
   * cart.too_many, cart.too_many_lines, idempotency.key_reused.
   */
  addByName(line: NewNamedLine): Promise<Added>
  /** Answers into which cart. Faults: item.not_found, cart.not_found, cart.ordered, cart.too_many, cart.too_many_lines. */
  addItem(line: NewItemLine): Promise<string>
  /** 0 takes the line out. Faults: cart.not_found, cart.line_not_found, cart.ordered. */
  setItemQuantity(line: OwnCart & { itemId: string; quantity: number }): Promise<void>
  /** The same by the line's id; one that is out stays out. Faults: cart.line_not_found, cart.ordered. */
  setLineQuantity(line: LineQuantity): Promise<CartLine>
  /** Takes all lines out. Faults: cart.not_found, cart.ordered. */
  empty(cart: OwnCart): Promise<void>
  /** The address keeps the id that it first had. Faults: cart.not_found, cart.ordered. */
  setAddress(cart: OwnCart & { addressId: string; address: NewAddress }): Promise<void>
  /** All that was put into the user's open cart of that store, what was taken out again included. */
  listLines(query: LineQuery): Promise<CartLine[]>
}

export interface OwnCart {
  userId: string
  cartId: string
}

export interface LineQuantity {
  userId: string
  lineId: string
  quantity: number
}

/** Ids for what may have to be made. */
export interface NewLineIds {
  cart: string
  line: string
  reservation: string
}

export interface NewNamedLine {
  userId: string
  storeId: string
  name: string
  quantity: number
  ids: NewLineIds
  /** The caller's Idempotency-Key. */
  key: string | null
  /** Of the request, for the reservation to go on with. */
  traceparent: string | null
}

export interface NewItemLine extends WhoseCart {
  itemId: string
  quantity: number
  ids: NewLineIds
  traceparent: string | null
}

/** A line as it is after something was added; a replay has the quantity that was answered first. */
export interface Added {
  line: CartLine
  isReplay: boolean
}

export interface LineQuery {
  userId: string
  storeId: string
  after: { createdAt: Instant; id: string } | undefined
  limit: number
}

export const keyReused = {
  kind: 'unprocessable',
  code: 'idempotency.key_reused',
  title: 'The key was used for another request',
} satisfies FaultSpec

/** The keys that callers have sent along, apart from what they led to. */
export interface CartKeyStore {
  /** Deletes up to so many that are older than that, the oldest first; answers how many. */
  deleteOld(old: { ageMs: number; limit: number }): Promise<number>
}
