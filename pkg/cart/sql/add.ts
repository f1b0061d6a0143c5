import { hash } from 'node:crypto'
import { sqlState, violates } from '../../../internal/postgres/errors'
import type { Executor } from '../../../internal/postgres/query'
import type { Added, NewItemLine, NewNamedLine } from '../cart'
import { noCart, noItem, ordered, reused, tooMany, tooManyLines } from '../refusal'
import {
  addItemToCart,
  addItemToOpenCart,
  addNamedLine,
  type AddNamedLineRow,
} from './cart-add.sql.ts'
import { toLine } from './row'
import { toUserFault } from './lock'

export async function addByName(db: Executor, line: NewNamedLine): Promise<Added> {
  const params = {
    user_id: line.userId,
    store_id: line.storeId,
    name: line.name,
    quantity: line.quantity,
    key: line.key,
    fingerprint: fingerprintOf(line),
    cart_id: line.ids.cart,
    line_id: line.ids.line,
    reservation_id: line.ids.reservation,
    traceparent: line.traceparent,
  }
  // Of two with one key at the same time the second finds the first one's key in its way, has added
  // nothing then, and finds the key at once when it asks again.
  const row = await within(line.quantity, () =>
    addNamedLine(db, params).catch((error: unknown) => {
      if (!violates(error, sqlState.unique_violation, 'cart_key_pkey')) throw error
      return addNamedLine(db, params)
    }),
  )
  return toAdded(row, line)
}

/** Faults: idempotency.key_reused. */
export function toAdded(row: AddNamedLineRow, line: NewNamedLine): Added {
  const { known_fingerprint: known } = row
  if (known && !known.equals(fingerprintOf(line)!)) throw reused(line.key!)
  return { line: toLine(row), isReplay: known !== null }
}

/** What a key stands for; null without one. Names are compared as they were sent. */
export function fingerprintOf({ key, storeId, name, quantity }: NewNamedLine): Buffer | null {
  if (key === null) return null
  return hash('sha256', JSON.stringify({ store_id: storeId, name, quantity }), 'buffer')
}

export async function addItem(db: Executor, line: NewItemLine): Promise<string> {
  const { cartId, quantity } = line
  const params = {
    user_id: line.userId,
    item_id: line.itemId,
    quantity,
    line_id: line.ids.line,
    reservation_id: line.ids.reservation,
    traceparent: line.traceparent,
  }
  if (cartId === null) {
    const open = { ...params, cart_id: line.ids.cart }
    const row = await within(quantity, () => addItemToOpenCart(db, open))
    if (row) return row.cart_id
    throw noItem(line.itemId)
  }
  const row = await within(quantity, () => addItemToCart(db, { ...params, cart_id: cartId }))
  if (row.is_added) return cartId
  if (!row.has_cart) throw noCart(cartId)
  throw row.has_item ? ordered(cartId) : noItem(line.itemId)
}

/** Says in words what a constraint refused; nothing was added then. */
async function within<T>(quantity: number, add: () => Promise<T>): Promise<T> {
  try {
    return await add()
  } catch (error) {
    const { check_violation } = sqlState
    if (violates(error, check_violation, 'cart_line_quantity_range')) {
      throw tooMany(quantity, error)
    }
    if (violates(error, check_violation, 'cart_lines_range')) {
      throw tooManyLines(error)
    }
    throw toUserFault(error)
  }
}
