import type { Instant } from '../../internal/clock/instant'
import { Fault, invalidRequest, type FaultSpec } from '../../internal/fault/fault'
import { formatMoney, scaleOf } from '../../internal/money/currency'
import { formatDecimal, toMinorUnits, type Decimal } from '../../internal/money/decimal'

/** Something that a store sells. */
export interface Item {
  id: string
  storeId: string
  name: string
  description: string
  /** Minor units of `currency`. Null: no price yet, so that it cannot be checked out. */
  price: bigint | null
  /** The store's. */
  currency: string
  createdAt: Instant
  updatedAt: Instant
}

export type NewItem = Pick<Item, 'id' | 'storeId' | 'name' | 'description' | 'price'>

/** What is left out stays as it is. */
export interface ItemChange {
  name?: string | undefined
  description?: string | undefined
  price?: bigint | null | undefined
}

/** How many of an item there are. */
export interface Stock {
  itemId: string
  onHand: bigint
  sold: bigint
  updatedAt: Instant
}

export const itemFaults = {
  notFound: { kind: 'not_found', code: 'item.not_found', title: 'No such item' },
} as const satisfies Record<string, FaultSpec>

export const itemLimits = {
  nameMax: 200,
  descriptionMax: 2000,
  /** Minor units. 15 digits, so that each price is a double's shortest form too, and can be sent back. */
  priceMax: 999_999_999_999_999n,
  onHandMax: 9_007_199_254_740_991n,
}

export interface ItemStore {
  insert(item: NewItem): Promise<Item>
  /** Those of them that are on the market; undefined when there is none. */
  find(id: string): Promise<Item | undefined>
  /** Undefined when there is no such item on the market. */
  update(id: string, change: ItemChange): Promise<Item | undefined>
  /** Takes it off the market; false when it was not there. */
  remove(id: string): Promise<boolean>
  /** Those behind the position, or that many behind the start; empty when there are none. */
  list(query: ItemQuery): Promise<Item[]>
  /** How many are on the market. */
  count(storeId: string): Promise<bigint>
  /** Undefined when there is no such item on the market. */
  setStock(itemId: string, onHand: bigint): Promise<Stock | undefined>
}

/** One page: behind `after`, or behind the first `offset` of all. */
export interface ItemQuery extends ItemOrder {
  storeId: string
  after: ItemPosition | undefined
  offset: number
  limit: number
}

export type ItemColumn = 'id' | 'name' | 'description' | 'price' | 'created_at' | 'updated_at'

export interface ItemOrder {
  column: ItemColumn
  order: 'asc' | 'desc'
}

/** An item's place in a list: what it is sorted by, as text, and its id. */
export interface ItemPosition {
  value: string
  id: string
}

/** As the item's messages call its columns, and as its JSON does. */
const columns: Record<string, ItemColumn> = {
  uuid: 'id',
  id: 'id',
  name: 'name',
  description: 'description',
  price: 'price',
  created: 'created_at',
  created_at: 'created_at',
  updated: 'updated_at',
  updated_at: 'updated_at',
}

export const sortings = Object.keys(columns)

/** A description is sorted by its beginning: the whole of it is too long for an index. */
export const descriptionSortedMax = 64

/** The order that a caller asks for; by time of creation when they name none. Faults: request.invalid. */
export function readOrder(sorting: string, order: string): ItemOrder {
  const column = sorting === '' ? 'created_at' : columnOf(sorting)
  const direction = order === '' ? 'asc' : order.toLowerCase()
  if (column === undefined) throw invalid('sorting', `must be one of ${sortings.join(', ')}`)
  if (direction === 'asc' || direction === 'desc') return { column, order: direction }
  throw invalid('order', 'must be asc or desc')
}

function columnOf(sorting: string): ItemColumn | undefined {
  return Object.hasOwn(columns, sorting) ? columns[sorting] : undefined
}

export function positionOf(item: Item, column: ItemColumn): ItemPosition {
  const values: Record<ItemColumn, string> = {
    id: item.id,
    name: item.name,
    description: [...item.description].slice(0, descriptionSortedMax).join(''),
    price: String(item.price ?? 0n),
    created_at: item.createdAt,
    updated_at: item.updatedAt,
  }
  return { value: values[column], id: item.id }
}

/** A numbered page, as `type.PageRequestMsg` asks for it. */
export interface NumberedPage {
  sorting: string
  order: string
  /** From 1 on; 0, which a field is when nobody set it, is the first. */
  requested: bigint
  size: bigint
}

export const pageLimits = {
  sizeMax: 100,
  /** The server walks over all that stands before a page: beyond that, lists are read by key. */
  offsetMax: 100_000,
}

/** Where a numbered page begins. Faults: request.invalid. */
export function readPage({ requested, size }: NumberedPage) {
  const { sizeMax, offsetMax } = pageLimits
  if (size < 1n || size > BigInt(sizeMax)) throw invalid('size', `must be from 1 to ${sizeMax}`)
  const current = requested === 0n ? 1n : requested
  const offset = (current - 1n) * size
  const currentMax = BigInt(offsetMax) / size + 1n
  if (current < 1n || current > currentMax) {
    throw invalid('requested', `must be from 1 to ${currentMax} for pages of ${size}`)
  }
  return { current, offset: Number(offset), limit: Number(size) }
}

/** How many pages there are; one that is empty when there is nothing. */
export function pagesOf(items: bigint, size: bigint): bigint {
  return items === 0n ? 1n : (items + size - 1n) / size
}

/** The price in minor units; 0 is none. Faults: request.invalid. */
export function readPrice(price: Decimal | null, currency: string): bigint | null {
  if (price === null) return null
  const units = toMinorUnits(price, scaleOf(currency))
  if (units === undefined) {
    const detail = `${formatDecimal(price)} has more decimals than ${currency} has`
    throw invalid('price', detail)
  }
  if (units >= 0n && units <= itemLimits.priceMax) return units === 0n ? null : units
  throw invalid('price', `must be from 0 to ${formatMoney(itemLimits.priceMax, currency)}`)
}

/** The price as the nearest double, where a wire contract asks for one; 0 for none. */
export function priceNumber(price: bigint | null, currency: string): number {
  return Number(formatMoney(price ?? 0n, currency))
}

function invalid(path: string, message: string): Fault {
  return new Fault(invalidRequest, { detail: `${path}: ${message}.`, errors: [{ path, message }] })
}
