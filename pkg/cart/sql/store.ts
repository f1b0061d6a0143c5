import type { Executor } from '../../../internal/postgres/query'
import type { CartLine, CartStore, LineQuantity } from '../cart'
import { addItem } from './add'
import { newGroupAdder } from './add-group'
import { emptyCart, setAddress, setItemQuantity, setLineQuantity } from './cart-change.sql.ts'
import { listCartRows, listLines, openCart } from './cart.sql.ts'
import { noLine, ordered } from '../refusal'
import { assertLocked, toUserFault } from './lock'
import { toCart, toLine } from './row'

/** `adds`: for what is added by name, with a connection for each of `addLanes`. */
export function newCartStore(db: Executor, adds: Executor = db): CartStore {
  return {
    async find({ userId, cartId }) {
      const rows = await listCartRows(db, { id: cartId, user_id: userId })
      return rows.length === 0 ? undefined : toCart(rows)
    },

    async open({ id, userId, storeId }) {
      const params = { id, user_id: userId, store_id: storeId }
      const opened = await openCart(db, params).catch((error: unknown) => {
        throw toUserFault(error)
      })
      return opened.id
    },

    addByName: newGroupAdder(adds),
    addItem: (line) => addItem(db, line),

    async setItemQuantity({ userId, cartId, itemId, quantity }) {
      const params = { user_id: userId, cart_id: cartId, item_id: itemId, quantity }
      const row = await setItemQuantity(db, params)
      if (row.is_changed) return
      // Out of a cart that is locked somebody else took the line while this waited.
      const isMissing = !row.has_line || row.is_locked
      if (row.status !== 'open' || !isMissing) assertLocked(cartId, row)
      throw noLine(`The cart "${cartId}" has no item "${itemId}" in it.`)
    },

    setLineQuantity: (line) => changeLine(db, line),

    async empty({ userId, cartId }) {
      assertLocked(cartId, await emptyCart(db, { user_id: userId, cart_id: cartId }))
    },

    async setAddress({ userId, cartId, addressId, address }) {
      const row = await setAddress(db, {
        user_id: userId,
        cart_id: cartId,
        address: JSON.stringify(address),
        address_id: addressId,
      })
      assertLocked(cartId, row)
    },

    async listLines({ userId, storeId, after, limit }) {
      const rows = await listLines(db, {
        user_id: userId,
        store_id: storeId,
        after_created_at: after?.createdAt ?? null,
        after_id: after?.id ?? null,
        limit: BigInt(limit),
      })
      return rows.map(toLine)
    },
  }
}

async function changeLine(db: Executor, line: LineQuantity): Promise<CartLine> {
  const { userId, lineId, quantity } = line
  const row = await setLineQuantity(db, { user_id: userId, line_id: lineId, quantity })
  if (!row) throw noLine(`There is no line "${lineId}".`)
  if (row.is_changed) return toLine(row)
  if (row.status === 'ordered') throw ordered(row.cart_id)
  if (row.removed_at === null) {
    // Ordered, or taken out, while this waited for the cart; what was taken out shows as such now.
    if (!row.is_locked) throw ordered(row.cart_id)
    return changeLine(db, line)
  }
  if (quantity === 0) return toLine(row)
  throw noLine(`The line "${lineId}" was taken out.`)
}
