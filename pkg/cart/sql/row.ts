import type { Instant } from '../../../internal/clock/instant'
import type { Item } from '../../item/item'
import { statusOf, type Actual, type Desired } from '../../reservation/reservation'
import type { Address, Cart, CartLine, LineReservation } from '../cart'
import type { ListCartRowsRow, ListLinesRow } from './cart.sql.ts'

export type LineRow = Omit<ListLinesRow, 'removed_at'> & { removed_at: Instant | null }

export function toLine(row: LineRow): CartLine {
  return {
    id: row.id,
    cartId: row.cart_id,
    itemId: row.item_id,
    name: row.name,
    quantity: row.quantity,
    price: row.price,
    currency: row.currency,
    reservation: toReservation(row),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    removedAt: row.removed_at,
  }
}

type ReservationRow = Pick<
  ListLinesRow,
  'external_id' | 'desired' | 'actual' | 'attempts' | 'next_at' | 'last_error'
>

/** Without a row of its own it was made a moment ago, and nobody has done anything about it yet. */
function toReservation(row: ReservationRow): LineReservation {
  const desired = (row.desired ?? 'held') as Desired
  const actual = (row.actual ?? 'none') as Actual
  return {
    status: statusOf({ desired, actual }),
    externalId: row.external_id,
    attempts: row.attempts ?? 0,
    nextAt: row.next_at,
    reason: row.last_error,
  }
}

/** The rows of one cart, of which there is at least one. */
export function toCart(rows: readonly ListCartRowsRow[]): Cart {
  const [first] = rows as [ListCartRowsRow]
  return {
    id: first.cart_id,
    userId: first.user_id,
    storeId: first.store_id,
    currency: first.currency,
    status: first.status as Cart['status'],
    address: first.address as Address | null,
    lines: rows.filter(hasLine).map(toCartLine),
    createdAt: first.cart_created_at,
    updatedAt: first.cart_updated_at,
  }
}

type WithLine = ListCartRowsRow & {
  [Column in 'id' | 'name' | 'quantity' | 'created_at' | 'updated_at']: NonNullable<
    ListCartRowsRow[Column]
  >
}

/** An empty cart has one row, without a line. */
function hasLine(row: ListCartRowsRow): row is WithLine {
  return row.id !== null
}

function toCartLine(row: WithLine): CartLine {
  const price = row.item_deleted_at === null ? row.item_price : null
  return { ...toLine({ ...row, price, removed_at: null }), item: toItem(row) }
}

function toItem(row: ListCartRowsRow): Item | null {
  if (row.item_id === null) return null
  return {
    id: row.item_id,
    storeId: row.store_id,
    name: row.item_name!,
    description: row.description!,
    price: row.item_price,
    currency: row.currency,
    createdAt: row.item_created_at!,
    updatedAt: row.item_updated_at!,
  }
}
