import type { Customer, Known, Product } from '../lookup'
import type { Order, OrderLine, OrderMessage, OrderStatus } from '../order'
import type { PendingOrder } from '../pending'
import type { FindOrderByIdRow, ListOrderLinesRow } from './order.sql.ts'
import type { ClaimPendingOrdersRow } from './pending.sql.ts'

export function toOrder(row: FindOrderByIdRow, lines: OrderLine[]): Order {
  return {
    id: row.id,
    ownerId: row.owner_id,
    userId: row.user_id,
    status: row.status as OrderStatus,
    productCode: row.product_code,
    customerFullname: row.customer_fullname,
    productName: row.product_name,
    totalAmount: row.total_amount,
    currency: row.currency,
    failure: row.failure,
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at,
    cartId: row.cart_id,
    storeId: row.store_id,
    transactionId: row.transaction_id,
    lines,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

export function toOrderLine(row: ListOrderLinesRow): OrderLine {
  return {
    itemId: row.item_id,
    name: row.name,
    quantity: row.quantity,
    unitPrice: row.unit_price,
  }
}

export function toPendingOrder(row: ClaimPendingOrdersRow): PendingOrder {
  return {
    id: row.id,
    userId: row.user_id,
    productCode: row.product_code,
    customer: toCustomer(row.customer_fullname),
    product: toProduct(row.product_name, row.total_amount),
    currency: row.currency,
    attempts: row.attempts,
    createdAt: row.created_at,
    traceparent: row.traceparent,
  }
}

function toCustomer(fullname: string | null): Customer | null {
  return fullname === null ? null : { fullname }
}

function toProduct(name: string | null, price: bigint | null): Product | null {
  return name === null || price === null ? null : { name, price }
}

/** What is known so far, in the columns of the order. */
export function fromKnown({ customer, product }: Known) {
  return {
    customer_fullname: customer?.fullname ?? null,
    product_name: product?.name ?? null,
    total_amount: product?.price ?? null,
  }
}

/** The columns of an outbox message that are the message's own. */
export function fromMessage({ id, exchange, routingKey, type, payload, headers }: OrderMessage) {
  return {
    message_id: id,
    exchange,
    routing_key: routingKey,
    type,
    payload,
    headers: JSON.stringify(headers),
  }
}
