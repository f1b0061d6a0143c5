import { z } from 'zod'
import type { Instant } from '../../../internal/clock/instant'
import type { JsonObject } from '../../../internal/json/json'
import { formatMoney } from '../../../internal/money/currency'
import type { Decimal } from '../../../internal/money/decimal'
import { readableIdSchema, uuidSchema } from '../../../internal/wire/id'
import { instantInput, instantOutput } from '../../../internal/wire/instant'
import { metadataOutput } from '../../../internal/wire/metadata'
import { currencySchema, decimalInput, moneyOutput } from '../../../internal/wire/money'
import { worldPrefix } from '../../account/account'
import { remainingOf, type Hold, type HoldRequest } from '../hold'

export const holdIdSchema = uuidSchema.meta({ example: '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e' })

const amountInput = decimalInput
  .refine(({ units }) => units > 0n, 'must be above zero')
  .meta({ example: '50.00' })

const expiryInput = instantInput.nullable().meta({
  description: 'From this moment on it holds nothing. Null: until it is captured or released.',
})

/** POST /holds, beyond what it has in common with a transaction: its two sides and its texts. */
export const openHoldFields = {
  amount: amountInput.meta({ description: 'Set aside on account_id.' }),
  expires_at: expiryInput.optional(),
}

interface OpenHoldInput {
  account_id: string
  amount: Decimal
  counterparty_id?: string | null | undefined
  expires_at?: Instant | null | undefined
  description?: string | null | undefined
  metadata?: JsonObject | null | undefined
}

/** POST /holds/:id/capture */
export const captureHoldInput = z
  .strictObject({
    amount: amountInput
      .nullish()
      .meta({ description: 'What is paid now; all that is left when left out.' }),
  })
  .meta({ id: 'CaptureHold' })

/** POST /holds/:id/extend */
export const extendHoldInput = z
  .strictObject({ expires_at: expiryInput })
  .meta({ id: 'ExtendHold' })

export function toHoldRequest(input: OpenHoldInput, key: string | null): HoldRequest {
  return {
    accountId: input.account_id,
    amount: input.amount,
    counterpartyId: input.counterparty_id ?? null,
    expiresAt: input.expires_at ?? null,
    description: input.description ?? null,
    metadata: input.metadata ?? null,
    key,
  }
}

export const holdDto = z
  .strictObject({
    id: holdIdSchema,
    account_id: readableIdSchema,
    counterparty_id: readableIdSchema.meta({
      description: 'Whom captures pay; "world:EUR" is the outside world.',
      example: 'world:EUR',
    }),
    currency: currencySchema,
    amount: moneyOutput,
    captured: moneyOutput.meta({ description: 'What was paid of it so far.' }),
    remaining: moneyOutput.meta({ description: 'What is still set aside.' }),
    status: z.enum(['open', 'captured', 'released', 'expired']),
    expires_at: instantOutput.nullable(),
    description: z.string().nullable(),
    metadata: metadataOutput,
    created_at: instantOutput,
    closed_at: instantOutput.nullable(),
  })
  .meta({ id: 'Hold', description: 'Money set aside for a payment to come.' })

/** The hold with the transaction that paid out of it, whose shape is another domain's. */
export function newCapturedHoldDto<Transaction extends z.ZodType>(transaction: Transaction) {
  return z.strictObject({ hold: holdDto, transaction }).meta({ id: 'CapturedHold' })
}

export function toHoldDto(hold: Hold): z.input<typeof holdDto> {
  const { currency } = hold
  return {
    id: hold.id,
    account_id: hold.accountId,
    counterparty_id: hold.counterpartyId ?? `${worldPrefix}${currency}`,
    currency,
    amount: formatMoney(hold.amount, currency),
    captured: formatMoney(hold.captured, currency),
    remaining: formatMoney(remainingOf(hold), currency),
    status: hold.closedAs ?? 'open',
    expires_at: hold.expiresAt,
    description: hold.description,
    metadata: hold.metadata,
    created_at: hold.createdAt,
    closed_at: hold.closedAt,
  }
}
