import type { Executor } from '../../../internal/postgres/query'
import type { Item, ItemColumn, ItemQuery } from '../item'
import type { InsertItemRow } from './item.sql.ts'
import {
  listItemsByCreation,
  listItemsByCreationDown,
  listItemsByDescription,
  listItemsByDescriptionDown,
  listItemsById,
  listItemsByIdDown,
  listItemsByName,
  listItemsByNameDown,
  listItemsByPrice,
  listItemsByPriceDown,
  listItemsByUpdate,
  listItemsByUpdateDown,
  type ListItemsByNameParams,
} from './item-list.sql.ts'
import { toItem } from './row'

type List = (db: Executor, params: ListItemsByNameParams) => Promise<InsertItemRow[]>

/** One statement for each order, so that each has an index of its own to walk along. */
const lists: Record<ItemColumn, Record<ItemQuery['order'], List>> = {
  id: { asc: listItemsById, desc: listItemsByIdDown },
  name: { asc: listItemsByName, desc: listItemsByNameDown },
  description: { asc: listItemsByDescription, desc: listItemsByDescriptionDown },
  price: { asc: listItemsByPrice, desc: listItemsByPriceDown },
  created_at: { asc: listItemsByCreation, desc: listItemsByCreationDown },
  updated_at: { asc: listItemsByUpdate, desc: listItemsByUpdateDown },
}

export async function listItems(db: Executor, query: ItemQuery): Promise<Item[]> {
  const rows = await lists[query.column][query.order](db, {
    store_id: query.storeId,
    after: query.after?.value ?? null,
    after_id: query.after?.id ?? null,
    limit: BigInt(query.limit),
    offset: BigInt(query.offset),
  })
  return rows.map(toItem)
}
