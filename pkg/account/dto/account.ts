import { z } from 'zod'
import type { Instant } from '../../../internal/clock/instant'
import { formatMoney, scaleOf } from '../../../internal/money/currency'
import { Fault, invalidRequest } from '../../../internal/fault/fault'
import { minorUnitsMax, toMinorUnits, type Decimal } from '../../../internal/money/decimal'
import { readableIdSchema } from '../../../internal/wire/id'
import { instantInput, instantOutput } from '../../../internal/wire/instant'
import { currencySchema, decimalInput, moneyOutput } from '../../../internal/wire/money'
import { line } from '../../../internal/wire/text'
import { availableOf, worldPrefix, type Account } from '../account'

export const accountIdSchema = readableIdSchema.meta({ example: 'ada-checking' })

const newAccountId = accountIdSchema.refine(
  (id) => !id.startsWith(worldPrefix),
  `must not begin with "${worldPrefix}", which is the outside world's`,
)

/** POST /users/:id/accounts */
export const openAccountInput = z
  .strictObject({
    id: newAccountId.optional().meta({ description: 'A UUIDv7 when left out.' }),
    name: line(100).meta({ example: 'Checking' }),
    currency: currencySchema,
    min_balance: decimalInput.optional().meta({
      description: 'The lowest balance allowed: "0" by default, below it for a credit line.',
      example: '-500.00',
    }),
  })
  .transform(({ min_balance = { units: 0n, scale: 0 }, ...account }, context) => {
    const limit = readLimit(min_balance, account.currency)
    if (typeof limit === 'bigint') return { ...account, minBalance: limit }
    context.addIssue({ code: 'custom', path: ['min_balance'], message: limit })
    return z.NEVER
  })
  .meta({ id: 'OpenAccount' })

/** PATCH /accounts/:id */
export const changeAccountInput = z
  .strictObject({
    min_balance: decimalInput.meta({
      description: 'The lowest balance allowed from now on: "0", or below it for a credit line.',
      example: '-500.00',
    }),
  })
  .meta({ id: 'ChangeAccount' })

/** The limit in minor units of a currency. Faults: request.invalid. */
export function toMinBalance(decimal: Decimal, currency: string): bigint {
  const limit = readLimit(decimal, currency)
  if (typeof limit === 'bigint') return limit
  throw new Fault(invalidRequest, {
    detail: `min_balance: ${limit}.`,
    errors: [{ path: 'min_balance', message: limit }],
  })
}

/** The limit in minor units, or why it is none. */
function readLimit(decimal: Decimal, currency: string): bigint | string {
  const limit = toMinorUnits(decimal, scaleOf(currency))
  if (limit === undefined) return `must have at most ${scaleOf(currency)} decimals in ${currency}`
  if (limit > 0n) return 'must not be above 0'
  if (limit >= -minorUnitsMax) return limit
  return `must not be below ${formatMoney(-minorUnitsMax, currency)}`
}

export const accountDto = z
  .strictObject({
    id: accountIdSchema,
    user_id: readableIdSchema,
    name: z.string(),
    currency: currencySchema,
    balance: moneyOutput,
    min_balance: moneyOutput,
    available: moneyOutput.meta({ description: 'The balance less what holds have set aside.' }),
    closed_at: instantOutput.nullable(),
    created_at: instantOutput,
  })
  .meta({ id: 'Account' })

/** GET /accounts/:id */
export const getAccountQuery = z.strictObject({
  at: instantInput.optional().meta({ description: 'Inclusive; about effective_at.' }),
})

/** Of the account only what never changes, and the balance. */
export const accountAtDto = accountDto
  .pick({ id: true, user_id: true, name: true, currency: true, balance: true })
  .extend({ at: instantOutput })
  .meta({ id: 'AccountAt' })

export type AccountDto = z.input<typeof accountDto>

export function toAccountDto(account: Account): AccountDto {
  return {
    id: account.id,
    user_id: account.userId,
    name: account.name,
    currency: account.currency,
    balance: formatMoney(account.balance, account.currency),
    min_balance: formatMoney(account.minBalance, account.currency),
    available: formatMoney(availableOf(account), account.currency),
    closed_at: account.closedAt,
    created_at: account.createdAt,
  }
}

/** `account` with the balance that it had at that time. */
export function toAccountAtDto(account: Account, at: Instant): z.input<typeof accountAtDto> {
  const { id, user_id, name, currency, balance } = toAccountDto(account)
  return { id, user_id, name, currency, balance, at }
}
