import { z } from 'zod'
import { idempotencyKeySchema, readableIdSchema, uuidSchema } from '../../../internal/wire/id'
import { decimalInput } from '../../../internal/wire/money'
import { worldPrefix } from '../../account/account'
import type { CheckoutRequest } from '../checkout'

/** POST /checkout */
export const checkoutInput = z
  .strictObject({
    account_id: readableIdSchema
      .refine((id) => !id.startsWith(worldPrefix), 'must not be the outside world')
      .meta({ description: 'Which of the caller’s accounts pays.', example: 'ada-checking' }),
    store_id: readableIdSchema.nullish().meta({
      description: 'Where the cart is; the shop that is there from the start when left out.',
      example: 'main',
    }),
    cart_id: uuidSchema.nullish().meta({
      description:
        'Which cart; the caller’s latest one in the store when left out. With it a repeat is about ' +
        'the same cart, whatever was put into a new one since.',
    }),
    expected_total: decimalInput.nullish().meta({
      description: 'What the caller was shown. When it comes to anything else, nothing is bought.',
    }),
  })
  .meta({ id: 'Checkout' })

export const checkoutHeaders = z.object({
  'idempotency-key': idempotencyKeySchema.optional().meta({
    description:
      'The same key with the same body gives the first answer again, a refusal included. Keys are ' +
      'the caller’s own.',
    example: '5f2c9a52-order-1042',
  }),
})

/** What the route hands to the app, together with who is asking. */
export function toCheckoutRequest(
  input: z.output<typeof checkoutInput>,
  headers: z.output<typeof checkoutHeaders>,
): Omit<CheckoutRequest, 'userId' | 'paysFromAny' | 'traceparent'> {
  return {
    accountId: input.account_id,
    storeId: input.store_id ?? null,
    cartId: input.cart_id ?? null,
    expectedTotal: input.expected_total ?? null,
    key: headers['idempotency-key'] ?? null,
  }
}
