import type { Clock } from '../../../internal/clock/clock'
import type { Store } from '../../store/store'
import type { Item, ItemColumn, ItemQuery, ItemStore, Stock } from '../item'
import { byPlace, countBefore, placeOf, toPlace } from './order'

export interface ItemMemory {
  stores: ReadonlyMap<string, Store>
  /** Those that are off the market, too: orders and carts speak of them. */
  items: Map<string, Item>
  removedIds: Set<string>
  /** Of items that have or had a name in a store: `main laptop`. */
  idsByName: Map<string, string[]>
  stock: Map<string, Stock>
  clock: Clock
}

/** For unit tests and as the benchmark's mock; nothing is kept. */
export function newItemStore(memory: ItemMemory): ItemStore {
  const { stores, items, removedIds, idsByName, stock, clock } = memory
  /** As an index would have them; made anew when something has changed. */
  const lists = new Map<string, Item[]>()
  const isOnMarket = ({ id }: Item) => !removedIds.has(id)
  const find = (id: string) => (removedIds.has(id) ? undefined : items.get(id))

  const put = (item: Item): Item => {
    items.set(item.id, item)
    const name = `${item.storeId} ${item.name}`
    const ids = idsByName.get(name)
    if (!ids) idsByName.set(name, [item.id])
    else if (!ids.includes(item.id)) ids.push(item.id)
    lists.clear()
    return item
  }
  const ofStore = (storeId: string) =>
    [...items.values()].filter((item) => item.storeId === storeId && isOnMarket(item))

  function sorted(storeId: string, column: ItemColumn): Item[] {
    const name = `${column} ${storeId}`
    const known = lists.get(name)
    if (known) return known
    const places = new Map(ofStore(storeId).map((item) => [item, placeOf(item, column)]))
    const list = [...places.keys()].sort((a, b) => byPlace(places.get(a)!, places.get(b)!))
    lists.set(name, list)
    return list
  }

  return {
    async insert(item) {
      const now = clock.now()
      const { currency } = stores.get(item.storeId)!
      return put({ ...item, currency, createdAt: now, updatedAt: now })
    },

    find: async (id) => find(id),

    async update(id, { name, description, price }) {
      const item = find(id)
      if (!item) return undefined
      return put({
        ...item,
        name: name ?? item.name,
        description: description ?? item.description,
        price: price === undefined ? item.price : price,
        updatedAt: clock.now(),
      })
    },

    async remove(id) {
      if (!find(id)) return false
      removedIds.add(id)
      lists.clear()
      return true
    },

    list: async (query) => page(sorted(query.storeId, query.column), query),

    count: async (storeId) => BigInt(ofStore(storeId).length),

    async setStock(itemId, onHand) {
      if (!find(itemId)) return undefined
      const sold = stock.get(itemId)?.sold ?? 0n
      const changed = { itemId, onHand, sold, updatedAt: clock.now() }
      stock.set(itemId, changed)
      return changed
    },
  }
}

function page(list: readonly Item[], { column, order, after, offset, limit }: ItemQuery): Item[] {
  const place = after && toPlace(after, column)
  const compare = (item: Item) => byPlace(placeOf(item, column), place!)
  if (order === 'asc') {
    const start = (place ? countBefore(list, (item) => compare(item) > 0) : 0) + offset
    return list.slice(start, start + limit)
  }
  const end = (place ? countBefore(list, (item) => compare(item) >= 0) : list.length) - offset
  return list.slice(Math.max(0, end - limit), Math.max(0, end)).reverse()
}
