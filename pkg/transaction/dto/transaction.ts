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
import type { Transaction } from '../transaction'

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

/** POST /transactions */
export const createTransactionInput = z
  .strictObject({
    account_id: postedAccountId,
    amount: decimalInput
      .refine(({ units }) => units !== 0n, 'must not be zero')
      .meta({ description: 'Below zero, the money leaves account_id.' }),
    counterparty_id: counterpartyId.nullish(),
    description: prose(500).nullish().meta({ example: 'Groceries' }),
    metadata: metadataInput.nullish(),
    effective_at: instantInput
      .nullish()
      .meta({ description: 'When it counts; the moment it is posted when left out.' }),
  })
  .superRefine(({ account_id, counterparty_id }, context) => {
    if (account_id !== counterparty_id) return
    const message = 'must be another account than account_id'
    context.addIssue({ code: 'custom', path: ['counterparty_id'], message })
  })
  .meta({ id: 'CreateTransaction' })

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
  key: string | undefined,
) {
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
