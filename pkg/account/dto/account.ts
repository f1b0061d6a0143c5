import { z } from 'zod'
import { formatMoney, scaleOf } from '../../../internal/money/currency'
import { minorUnitsMax, toMinorUnits } from '../../../internal/money/decimal'
import { readableIdSchema } from '../../../internal/wire/id'
import { instantOutput } from '../../../internal/wire/instant'
import { currencySchema, decimalInput, moneyOutput } from '../../../internal/wire/money'
import { line } from '../../../internal/wire/text'
import { worldPrefix, type Account } from '../account'

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
    const minBalance = toMinorUnits(min_balance, scaleOf(account.currency))
    const refuse = (message: string) => {
      context.addIssue({ code: 'custom', path: ['min_balance'], message })
      return z.NEVER
    }
    if (minBalance === undefined) {
      return refuse(
        `must have at most ${scaleOf(account.currency)} decimals in ${account.currency}`,
      )
    }
    if (minBalance > 0n) return refuse('must not be above 0')
    if (minBalance < -minorUnitsMax) {
      return refuse(`must not be below ${formatMoney(-minorUnitsMax, account.currency)}`)
    }
    return { ...account, minBalance }
  })
  .meta({ id: 'OpenAccount' })

export const accountDto = z
  .strictObject({
    id: accountIdSchema,
    user_id: readableIdSchema,
    name: z.string(),
    currency: currencySchema,
    balance: moneyOutput,
    min_balance: moneyOutput,
    closed_at: instantOutput.nullable(),
    created_at: instantOutput,
  })
  .meta({ id: 'Account' })

export type AccountDto = z.input<typeof accountDto>

export function toAccountDto(account: Account): AccountDto {
  return {
    id: account.id,
    user_id: account.userId,
    name: account.name,
    currency: account.currency,
    balance: formatMoney(account.balance, account.currency),
    min_balance: formatMoney(account.minBalance, account.currency),
    closed_at: account.closedAt,
    created_at: account.createdAt,
  }
}
