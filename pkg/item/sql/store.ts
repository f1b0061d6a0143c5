import { lookupLimits, newLookup } from '../../../internal/lookup/lookup'
import type { Executor } from '../../../internal/postgres/query'
import type { Item, ItemStore } from '../item'
import { listItems } from './list'
import {
  countItems,
  insertItem,
  listItemsByIds,
  removeItem,
  setStock,
  updateItem,
} from './item.sql.ts'
import { toItem } from './row'

/** Pages that are read at the same time. */
const pageLanes = 4

export function newItemStore(db: Executor): ItemStore {
  const items = newLookup({ load: (ids) => loadItems(db, ids), ...lookupLimits })
  // Whoever asks for a page while others wait for the same one gets theirs: it is read after all of them
  // asked. One page a look-up, so that nobody waits for another's.
  const pages = newLookup({ load: ([key]) => loadPage(db, key!), lanes: pageLanes, keysMax: 1 })
  return {
    async insert({ id, storeId, ...item }) {
      return toItem(await insertItem(db, { id, store_id: storeId, ...item }))
    },

    find: items.find,

    async update(id, { name, description, price }) {
      const row = await updateItem(db, {
        id,
        name: name ?? null,
        description: description ?? null,
        has_price: price !== undefined,
        price: price ?? null,
      })
      return row && toItem(row)
    },

    remove: async (id) => (await removeItem(db, { id })) > 0,

    list: async (query) => (await pages.find(JSON.stringify(query)))!,

    count: async (storeId) => (await countItems(db, { store_id: storeId })).items,

    async setStock(itemId, onHand) {
      const row = await setStock(db, { item_id: itemId, on_hand: onHand })
      if (!row) return undefined
      return { itemId, onHand: row.on_hand, sold: row.sold, updatedAt: row.updated_at }
    },
  }
}

async function loadItems(db: Executor, ids: string[]): Promise<Map<string, Item>> {
  const rows = await listItemsByIds(db, { ids })
  return new Map(rows.map((row) => [row.id, toItem(row)]))
}

async function loadPage(db: Executor, key: string): Promise<Map<string, Item[]>> {
  return new Map([[key, await listItems(db, JSON.parse(key) as Parameters<ItemStore['list']>[0])]])
}
