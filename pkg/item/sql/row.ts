import type { Item } from '../item'
import type { InsertItemRow } from './item.sql.ts'

export function toItem(row: InsertItemRow): Item {
  return {
    id: row.id,
    storeId: row.store_id,
    name: row.name,
    description: row.description,
    price: row.price,
    currency: row.currency,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
