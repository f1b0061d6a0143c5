import { z } from 'zod'
import { formatMoney } from '../../../internal/money/currency'
import { pageInput, pageOutput } from '../../../internal/page/page'
import { idempotencyKeySchema, readableIdSchema, uuidSchema } from '../../../internal/wire/id'
import {
  instantInput,
  instantOutput,
  periodInput,
  refusesReversedPeriod,
} from '../../../internal/wire/instant'
import { metadataInput, metadataOutput } from '../../../internal/wire/metadata'
import { currencySchema, decimalInput, moneyOutput } from '../../../internal/wire/money'
import { prose } from '../../../internal/wire/text'
import { worldPrefix } from '../../account/account'
import type { Transaction, TransactionRequest } from '../transaction'

export const transactionIdSchema = uuidSchema.meta({
  example: '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e',
})

const postedAccountId = readableIdSchema
  .refine(
    (id) => !id.startsWith(worldPrefix),
    'must not be the outside world; name your account and leave counterparty_id out',
  )
  .meta({ example: 'ada-checking' })

const counterpartyId = readableIdSchema
  .refine(
    (id) => !id.startsWith(worldPrefix),
    'must not be the outside world, which it is when left out',
  )
  .meta({ description: 'The account on the other side; the outside world when left out.' })

/** What a movement and a hold have in common. */
export const sidesInput = {
  account_id: postedAccountId,
  counterparty_id: counterpartyId.nullish(),
  description: prose(500).nullish().meta({ example: 'Groceries' }),
  metadata: metadataInput.nullish(),
}

/** The check that goes with `sidesInput`. */
export function refusesOneSide(
  sides: { account_id: string; counterparty_id?: string | null | undefined },
  context: z.RefinementCtx,
): void {
  if (sides.account_id !== sides.counterparty_id) return
  const message = 'must be another account than account_id'
  context.addIssue({ code: 'custom', path: ['counterparty_id'], message })
}

const transactionInput = {
  ...sidesInput,
  amount: decimalInput
    .refine(({ units }) => units !== 0n, 'must not be zero')
    .meta({ description: 'Below zero, the money leaves account_id.' }),
  effective_at: instantInput
    .nullish()
    .meta({ description: 'When it counts; the moment it is posted when left out.' }),
}

/** POST /transactions */
export const createTransactionInput = z
  .strictObject(transactionInput)
  .superRefine(refusesOneSide)
  .meta({ id: 'CreateTransaction' })

const isTrue = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true')

export const dryRunInput = {
  dry_run: isTrue.meta({ description: '`true`: tell what would become of it, and keep nothing.' }),
}

/** So many transactions can be sent at once. */
export const bulkTransactionsMax = 10_000

/** POST /transactions/bulk */
export const bulkInput = z
  .strictObject({
    transactions: z
      .array(
        z
          .strictObject({ ...transactionInput, idempotency_key: idempotencyKeySchema.optional() })
          .superRefine(refusesOneSide)
          .meta({ id: 'BulkTransaction' }),
      )
      .min(1)
      .max(bulkTransactionsMax),
  })
  .meta({ id: 'Bulk' })

export const bulkQuery = z.strictObject({
  mode: z.enum(['independent', 'atomic']).default('independent').meta({
    description: '`independent`: each stands for itself. `atomic`: all of them or none.',
  }),
  ...dryRunInput,
})

export const idempotencyHeaders = z.object({
  'idempotency-key': idempotencyKeySchema.optional().meta({
    description:
      'The same key with the same body gives the first answer again, a refusal included.',
    example: '5f2c9a52-order-1042',
  }),
})

/** What the route hands to the app. */
export function toTransactionRequest(
  input: z.output<typeof createTransactionInput>,
  key: string | null | undefined,
): TransactionRequest {
  return {
    accountId: input.account_id,
    amount: input.amount,
    counterpartyId: input.counterparty_id ?? null,
    description: input.description ?? null,
    metadata: input.metadata ?? null,
    effectiveAt: input.effective_at ?? null,
    key: key ?? null,
  }
}

/** GET /accounts/:id/transactions */
export const listTransactionsQuery = z
  .strictObject({ ...periodInput, ...pageInput })
  .superRefine(refusesReversedPeriod)

/** GET /users/:id/transactions/max */
export const maxTransactionQuery = z
  .strictObject({ ...periodInput, currency: currencySchema.optional() })
  .superRefine(refusesReversedPeriod)

export const transactionDto = z
  .strictObject({
    id: transactionIdSchema,
    account_id: readableIdSchema,
    amount: moneyOutput,
    currency: currencySchema,
    balance_after: moneyOutput.meta({ description: 'The balance of account_id after it.' }),
    counterparty_id: readableIdSchema.meta({
      description: 'The account on the other side; "world:EUR" is the outside world.',
      example: 'world:EUR',
    }),
    description: z.string().nullable(),
    metadata: metadataOutput,
    effective_at: instantOutput,
    created_at: instantOutput,
    reverses_id: transactionIdSchema.nullable(),
    hold_id: uuidSchema.nullable().meta({ description: 'The hold that it captured.' }),
  })
  .meta({ id: 'Transaction', description: 'One movement of money, as account_id sees it.' })

export const transactionPageDto = pageOutput(transactionDto).meta({ id: 'TransactionPage' })

export const maxTransactionDto = z
  .strictObject({
    from: instantOutput.nullable(),
    to: instantOutput.nullable(),
    largest_expenses: z
      .record(z.string(), z.strictObject({ transaction: transactionDto }))
      .meta({ description: 'By currency; empty when there is none.' }),
  })
  .meta({ id: 'MaxTransaction' })

const problemDto = z.looseObject({ code: z.string(), status: z.int(), detail: z.string() })

const bulkVerdictDto = z
  .strictObject({
    status: z.enum(['created', 'replayed', 'refused']),
    transaction: transactionDto.optional(),
    problem: problemDto.optional().meta({ description: 'Why it was refused.' }),
  })
  .meta({ id: 'BulkVerdict' })

export const bulkDto = z
  .strictObject({
    data: z.array(bulkVerdictDto).meta({ description: 'One for each, in their order.' }),
  })
  .meta({ id: 'BulkAnswer' })

export type BulkVerdictDto = z.input<typeof bulkVerdictDto>

export type TransactionDto = z.input<typeof transactionDto>

export function toTransactionDto(transaction: Transaction): TransactionDto {
  const { currency } = transaction
  return {
    id: transaction.id,
    account_id: transaction.accountId,
    amount: formatMoney(transaction.amount, currency),
    currency,
    balance_after: formatMoney(transaction.balanceAfter, currency),
    counterparty_id: transaction.counterpartyId ?? `${worldPrefix}${currency}`,
    description: transaction.description,
    metadata: transaction.metadata,
    effective_at: transaction.effectiveAt,
    created_at: transaction.createdAt,
    reverses_id: transaction.reversesId,
    hold_id: transaction.holdId,
  }
}

export function toMaxTransactionDto(
  period: { from?: string | undefined; to?: string | undefined },
  expenses: readonly Transaction[],
): z.input<typeof maxTransactionDto> {
  const byCurrency = expenses.map((expense) => [
    expense.currency,
    { transaction: toTransactionDto(expense) },
  ])
  return {
    from: period.from ?? null,
    to: period.to ?? null,
    largest_expenses: Object.fromEntries(byCurrency) as Record<
      string,
      { transaction: TransactionDto }
    >,
  }
}
