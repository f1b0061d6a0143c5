import { z } from 'zod'
import { formatMoney } from '../../../internal/money/currency'
import { pageInput, pageOutput } from '../../../internal/page/page'
import { idempotencyKeySchema, readableIdSchema, uuidSchema } from '../../../internal/wire/id'
import { instantOutput } from '../../../internal/wire/instant'
import { currencySchema, moneyOutput } from '../../../internal/wire/money'
import { line } from '../../../internal/wire/text'
import { orderStatuses, type Order, type OrderLine } from '../order'

export const orderIdSchema = uuidSchema.meta({ example: '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e' })

function outsideId(what: string, example: string) {
  return line(100).meta({ description: `As the ${what} Service knows it.`, example })
}

/** POST /orders */
export const placeOrderInput = z
  .strictObject({
    user_id: outsideId('User', '7c11e1ce2741'),
    product_code: outsideId('Product', 'classic-box'),
  })
  .meta({ id: 'PlaceOrder' })

// Of any length that a header may have: a preference is never a mistake.
const prefer = z.string().optional()

export const placeOrderHeaders = z.object({
  'idempotency-key': idempotencyKeySchema.optional().meta({
    description:
      'The same key with the same body gives the same order again, and a refusal too. Keys are the caller’s own.',
    example: '5f2c9a52-order-1042',
  }),
  prefer: prefer.meta({
    description:
      'RFC 7240. `respond-async`: save the order at once and look it up in the background. `wait=1`: do ' +
      'not look up for longer than these seconds before it is.',
    example: 'respond-async, wait=1',
  }),
})

/** GET /orders/:id */
export const getOrderHeaders = z.object({
  prefer: prefer.meta({
    description: '`wait=2`: answer as soon as the order is not pending any more, or after so long.',
    example: 'wait=2',
  }),
})

export const listOrdersQuery = z.strictObject(pageInput)

const orderLineDto = z
  .strictObject({
    item_id: uuidSchema,
    name: z.string(),
    quantity: z.int(),
    unit_price: moneyOutput,
  })
  .meta({ id: 'OrderLine' })

export const orderDto = z
  .strictObject({
    id: orderIdSchema,
    user_id: z.string(),
    status: z.enum(orderStatuses).meta({
      description: 'pending: it is still looked up. created and failed never change again.',
    }),
    product_code: z.string().nullable().meta({ description: 'Null: bought from a cart.' }),
    customer_fullname: z.string().nullable().meta({ description: 'Null until it is known.' }),
    product_name: z.string().nullable().meta({ description: 'Null until it is known.' }),
    total_amount: moneyOutput.nullable().meta({ description: 'Null until it is known.' }),
    currency: currencySchema,
    failure: z.string().nullable().meta({ description: 'Why it failed.' }),
    attempts: z.int().meta({ description: 'How often it was tried in vain in the background.' }),
    next_attempt_at: instantOutput.nullable().meta({
      description: 'When it is tried next. Null: under way, or not pending.',
    }),
    lines: z.array(orderLineDto).meta({ description: 'Of an order from a cart.' }),
    cart_id: uuidSchema.nullable(),
    store_id: readableIdSchema.nullable(),
    transaction_id: uuidSchema.nullable().meta({ description: 'The payment.' }),
    created_at: instantOutput,
    updated_at: instantOutput,
  })
  .meta({ id: 'Order' })

export const orderPageDto = pageOutput(orderDto).meta({ id: 'OrderPage' })

export function toOrderDto(order: Order): z.input<typeof orderDto> {
  const { currency, totalAmount } = order
  return {
    id: order.id,
    user_id: order.userId,
    status: order.status,
    product_code: order.productCode,
    customer_fullname: order.customerFullname,
    product_name: order.productName,
    total_amount: totalAmount === null ? null : formatMoney(totalAmount, currency),
    currency,
    failure: order.failure,
    attempts: order.attempts,
    next_attempt_at: order.nextAttemptAt,
    lines: order.lines.map((line) => toOrderLineDto(line, currency)),
    cart_id: order.cartId,
    store_id: order.storeId,
    transaction_id: order.transactionId,
    created_at: order.createdAt,
    updated_at: order.updatedAt,
  }
}

function toOrderLineDto({ itemId, name, quantity, unitPrice }: OrderLine, currency: string) {
  return { item_id: itemId, name, quantity, unit_price: formatMoney(unitPrice, currency) }
}
