import { z } from 'zod'
import { uuid } from '../../../internal/id/id'
import { decimalOfNumber } from '../../../internal/money/decimal'
import { lineOrNone } from '../../../internal/wire/text'
import { cartLimits } from '../../../pkg/cart/cart'
import { countryCode } from '../../../pkg/cart/dto/address'

// What fields of messages may hold. protobuf has said already which type each is of.

/** A double by its shortest decimal form, which is the decimal that its sender meant. */
export const priceField = z.number().transform((value, context) => {
  const decimal = decimalOfNumber(value)
  if (decimal) return decimal
  context.addIssue({ code: 'custom', message: 'must be a decimal of at most 15 digits' })
  return z.NEVER
})

/** The id of a cart; empty, null: the caller's open one. */
export const cartIdField = z
  .string()
  .refine((text) => text === '' || uuid.test(text), 'must be a UUID, or empty')
  .transform((text) => (text === '' ? null : text.toLowerCase()))

const addressLine = lineOrNone(cartLimits.addressLineMax)

/** type.AddressMsg, but for what the server sets. */
export const addressField = z
  .object({
    line1: addressLine,
    line2: addressLine,
    line3: addressLine,
    city: addressLine,
    province: addressLine,
    zipCode: addressLine,
    countryCode,
    other: addressLine,
  })
  .refine((address) => Object.values(address).some((value) => value !== ''), 'must say something')

/** How many are added. */
export const quantityField = z.int().min(1).max(cartLimits.quantityMax)

/** How many there are to be. */
export const newQuantityField = z.int().min(0).max(cartLimits.quantityMax)
