import { z } from 'zod'
import { formatMoney } from '../../../internal/money/currency'
import { pageInput, pageOutput } from '../../../internal/page/page'
import { readableIdSchema } from '../../../internal/wire/id'
import { instantOutput } from '../../../internal/wire/instant'
import { moneyOutput } from '../../../internal/wire/money'
import { line } from '../../../internal/wire/text'
import { totalsOf, type User, type UserOverview } from '../user'

export const userIdSchema = readableIdSchema.meta({ example: 'ada' })

/** POST /users */
export const createUserInput = z
  .strictObject({
    id: userIdSchema.optional().meta({ description: 'A UUIDv7 when left out.' }),
    first_name: line(100).meta({ example: 'Ada' }),
    last_name: line(100).meta({ example: 'Lovelace' }),
  })
  .meta({ id: 'CreateUser' })

/** GET /users */
export const listUsersQuery = z.strictObject(pageInput)

export const userDto = z
  .strictObject({
    id: userIdSchema,
    first_name: z.string(),
    last_name: z.string(),
    created_at: instantOutput,
  })
  .meta({ id: 'User' })

export const userPageDto = pageOutput(userDto).meta({ id: 'UserPage' })

export type UserDto = z.input<typeof userDto>

export function toUserDto(user: User): UserDto {
  return {
    id: user.id,
    first_name: user.firstName,
    last_name: user.lastName,
    created_at: user.createdAt,
  }
}

const totalsDto = z
  .record(z.string(), moneyOutput)
  .meta({ description: 'The sum of the balances in each currency.', example: { EUR: '1234.50' } })

/** GET /users/:id, around the accounts' own DTO, which belongs to their domain. */
export function newUserOverviewDto<Account extends z.ZodType>(account: Account) {
  return userDto.extend({ totals: totalsDto, accounts: z.array(account) }).meta({
    id: 'UserOverview',
    description: 'A user and their accounts in one consistent snapshot.',
  })
}

export function toTotalsDto({ accounts }: UserOverview): Record<string, string> {
  const totals = [...totalsOf(accounts)].sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(totals.map(([currency, sum]) => [currency, formatMoney(sum, currency)]))
}
