import { z } from 'zod'
import { instantOutput } from '../../../internal/wire/instant'
import { producer } from '../envelope'

const order = z
  .object({
    order_id: z.string().meta({ example: '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e' }),
    customer_fullname: z.string().meta({ example: 'Ada Lovelace' }),
    product_name: z.string().meta({
      description: 'Of an order of several goods, the names of all.',
      example: 'Classic Box',
    }),
    total_amount: z
      .number()
      .min(0)
      .meta({
        description:
          'All digits of the amount, in the scale of its currency. A double has no room for ' +
          'the cents above 70,000,000,000,000.00; read such amounts as decimals.',
        example: 9.99,
      }),
    created_at: instantOutput,
  })
  .meta({ description: 'The order, as it was when it was created.' })

/** What is published under `created_order`: the contract with whoever consumes it. */
export const orderCreatedMessage = z
  .object({
    producer: z.string().meta({ description: 'Who sent it.', example: producer }),
    sent_at: instantOutput.meta({
      description: 'When it was sent this time: a repeat has another one, and the same message_id.',
    }),
    type: z.literal('order.created'),
    payload: z.object({ order }),
  })
  .meta({ title: 'OrderCreated', description: 'An order was created.' })

/** As JSON Schema. Members may be added to a message, so that none is forbidden. */
export function orderCreatedSchema(): object {
  return z.toJSONSchema(orderCreatedMessage, { io: 'input' })
}
