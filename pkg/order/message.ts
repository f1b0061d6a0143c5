import type { Instant } from '../../internal/clock/instant'
import { scaleOf } from '../../internal/money/currency'
import { formatMinorUnits } from '../../internal/money/decimal'
import type { OrderMessage } from './order'

/** What the event tells of an order. */
export interface CreatedOrder {
  id: string
  customer: { fullname: string }
  /** The price is in minor units of `currency`. */
  product: { name: string; price: bigint }
  currency: string
  createdAt: Instant
  traceparent: string | null
}

/** The event of an order that was created, with the id by which a consumer knows a repeat. */
export function toCreatedMessage(order: CreatedOrder, id: string): OrderMessage {
  return {
    id,
    exchange: 'orders',
    routingKey: 'created_order',
    type: 'order.created',
    payload: {
      order: {
        order_id: order.id,
        customer_fullname: order.customer.fullname,
        product_name: order.product.name,
        // A number, as those who listen expect it; the one place where an amount is one.
        total_amount: Number(formatMinorUnits(order.product.price, scaleOf(order.currency))),
        created_at: order.createdAt,
      },
    },
    headers: order.traceparent === null ? {} : { traceparent: order.traceparent },
  }
}
