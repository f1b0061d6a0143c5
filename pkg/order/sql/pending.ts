import type { Executor } from '../../../internal/postgres/query'
import type { PendingOrderStore } from '../pending'
import {
  claimPendingOrders,
  completePendingOrder,
  countPendingOrders,
  failPendingOrder,
  postponePendingOrder,
  renewPendingOrders,
} from './pending.sql.ts'
import { fromKnown, fromMessage, toPendingOrder } from './row'

export function newPendingOrderStore(db: Executor): PendingOrderStore {
  return {
    async claim({ token, leaseMs, limit }) {
      const due = { token, lease_ms: leaseMs, limit: BigInt(limit) }
      return (await claimPendingOrders(db, due)).map(toPendingOrder)
    },
    async renew({ token, ids, leaseMs }) {
      const rows = await renewPendingOrders(db, { token, ids, lease_ms: leaseMs })
      return rows.map(({ id }) => id)
    },
    async complete(claim, whole, message) {
      const { customer, product } = whole
      const written = await completePendingOrder(db, {
        ...claim,
        customer_fullname: customer.fullname,
        product_name: product.name,
        total_amount: product.price,
        ...fromMessage(message),
      })
      return written === 1
    },
    async postpone(claim, known, { attempts, delayMs }) {
      const next = { attempts, delay_ms: delayMs }
      return (await postponePendingOrder(db, { ...claim, ...fromKnown(known), ...next })) === 1
    },
    async fail(claim, known, { attempts, failure }) {
      const end = { attempts, failure }
      return (await failPendingOrder(db, { ...claim, ...fromKnown(known), ...end })) === 1
    },
    async count() {
      const { due, waiting, leased, oldest_due_seconds } = await countPendingOrders(db)
      const counts = { due: Number(due), waiting: Number(waiting), leased: Number(leased) }
      return { ...counts, oldestDueSeconds: oldest_due_seconds }
    },
  }
}
