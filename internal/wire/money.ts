import { z } from 'zod'
import { isCurrency } from '../money/currency'
import { decimalOfNumber, readDecimal, type Decimal } from '../money/decimal'

const ofText = 'must be a decimal such as "12.50"'
const ofNumber =
  'is a number with more than 15 significant digits; send it as a string such as "12.50"'

/** An amount in a request: a decimal string, or a JSON number taken by its shortest form. */
export const decimalInput = z
  .union([z.string(), z.number()])
  .transform((value, context): Decimal => {
    const decimal = typeof value === 'string' ? readDecimal(value) : decimalOfNumber(value)
    if (decimal) return decimal
    context.addIssue({ code: 'custom', message: typeof value === 'string' ? ofText : ofNumber })
    return z.NEVER
  })
  .meta({ example: '-12.50' })

/** An amount in an answer: always a string, in the currency's own scale. */
export const moneyOutput = z
  .string()
  .regex(/^-?\d+(\.\d+)?$/)
  .meta({
    description: 'A decimal in the currency’s own scale: "12.50" EUR, "1250" JPY.',
    example: '-12.50',
  })

export const currencySchema = z
  .string()
  .refine(isCurrency, 'must be a currency of ISO 4217 such as "EUR"')
  .meta({ example: 'EUR' })
