import type { Instant } from '../../internal/clock/instant'
import { jsonText, writeJson } from '../../internal/json/text'
import { formatMoney } from '../../internal/money/currency'
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
    payload: writeJson({
      order: {
        order_id: order.id,
        customer_fullname: order.customer.fullname,
        product_name: order.product.name,
        // A number, as those who listen expect it; the one place where an amount is one. Written as the
        // decimal that it is: a double has no room for the cents of the largest amounts.
        total_amount: jsonText(formatMoney(order.product.price, order.currency)),
        created_at: order.createdAt,
      },
    }),
    headers: order.traceparent === null ? {} : { traceparent: order.traceparent },
  }
}
