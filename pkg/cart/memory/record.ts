import type { Clock } from '../../../internal/clock/clock'
import type { Instant } from '../../../internal/clock/instant'
import type { Item } from '../../item/item'
import { statusOf } from '../../reservation/reservation'
import type { Store } from '../../store/store'
import type { Address, Cart, CartLine } from '../cart'

export interface CartRecord extends Omit<Cart, 'lines'> {
  /** All that was put in, what was taken out again too, in the order in which it came. */
  lines: LineRecord[]
  /** Those that are in it, by their goods. */
  inside: Map<string, LineRecord>
  address: Address | null
}

export interface LineRecord {
  id: string
  cartId: string
  itemId: string | null
  name: string
  quantity: number
  createdAt: Instant
  updatedAt: Instant
  removedAt: Instant | null
}

/** What is sold, as the items' store in memory keeps it. */
interface Goods {
  items: ReadonlyMap<string, Item>
  /** Of items that are off the market. */
  removedIds: ReadonlySet<string>
  idsByName: ReadonlyMap<string, readonly string[]>
}

export interface CartMemory extends Goods {
  users: { has(id: string): boolean }
  stores: ReadonlyMap<string, Store>
  carts: Map<string, CartRecord>
  /** The id of each user's latest cart in a store, by `STORE USER`. */
  latestIds: Map<string, string>
  clock: Clock
}

export const placeOf = (userId: string, storeId: string) => `${storeId} ${userId}`

/** No item's id begins with a colon. */
export const goodsOf = (itemId: string | null, name: string) => itemId ?? `:${name}`

/** As the contract has it. Nobody reserves anything here: what is wanted waits. */
export function toLine(line: LineRecord, { items, removedIds, stores }: CartMemory): CartLine {
  const { createdAt, removedAt, itemId } = line
  const item = itemId === null ? undefined : items.get(itemId)
  const [store] = stores.values()
  return {
    ...line,
    price: item && !removedIds.has(item.id) ? item.price : null,
    currency: item?.currency ?? store!.currency,
    reservation: {
      status: statusOf({ desired: removedAt === null ? 'held' : 'released', actual: 'none' }),
      ...{ externalId: null, attempts: 0, nextAt: removedAt ?? createdAt, reason: null },
    },
  }
}
