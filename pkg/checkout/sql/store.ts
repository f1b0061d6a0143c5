import type { Executor } from '../../../internal/postgres/query'
import type { CheckoutStore, Till } from '../checkout'
import { findOrderIdOfPayment, findTill, findTillOfCart, type FindTillRow } from './checkout.sql.ts'

export function newCheckoutStore(db: Executor): CheckoutStore {
  return {
    async findTill({ userId, storeId }) {
      const row = await findTill(db, { user_id: userId, store_id: storeId })
      return row && toTill(row)
    },
    async findTillOfCart({ userId, cartId, storeId }) {
      const of = { user_id: userId, cart_id: cartId, store_id: storeId }
      const row = await findTillOfCart(db, of)
      return row && toTill(row)
    },
    async findOrderId(transactionId) {
      return (await findOrderIdOfPayment(db, { transaction_id: transactionId }))?.id
    },
  }
}

function toTill(row: FindTillRow): Till {
  return { storeAccountId: row.account_id, cartId: row.cart_id, lines: Number(row.lines) }
}
