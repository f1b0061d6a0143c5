import { z } from 'zod'
import { uuidSchema } from '../../../internal/wire/id'
import { instantOutput } from '../../../internal/wire/instant'
import { lineOrNone } from '../../../internal/wire/text'
import { cartLimits, type Address, type NewAddress } from '../cart'

const addressLine = lineOrNone(cartLimits.addressLineMax)
export const countryCode = z
  .string()
  .regex(/^(?:[A-Z]{2})?$/, 'must be two capital letters as in ISO 3166-1')

/** The fields of an address as a message or a body has them, each '' when it is left out. */
export const addressInput = z
  .strictObject({
    line1: addressLine.default(''),
    line2: addressLine.default(''),
    line3: addressLine.default(''),
    city: addressLine.default(''),
    province: addressLine.default(''),
    zip_code: addressLine.default(''),
    country_code: countryCode.default('').meta({ example: 'DE' }),
    other: addressLine.default(''),
  })
  .refine((address) => Object.values(address).some((value) => value !== ''), 'must say something')
  .meta({ id: 'SetAddress' })

export function toAddress(input: z.output<typeof addressInput>): NewAddress {
  const { zip_code, country_code, ...lines } = input
  return { ...lines, zipCode: zip_code, countryCode: country_code }
}

export const addressDto = z
  .strictObject({
    id: uuidSchema,
    line1: z.string(),
    line2: z.string(),
    line3: z.string(),
    city: z.string(),
    province: z.string(),
    zip_code: z.string(),
    country_code: z.string(),
    other: z.string(),
    created_at: instantOutput,
    updated_at: instantOutput,
  })
  .meta({ id: 'Address' })

export function toAddressDto(address: Address): z.input<typeof addressDto> {
  return {
    id: address.id,
    line1: address.line1,
    line2: address.line2,
    line3: address.line3,
    city: address.city,
    province: address.province,
    zip_code: address.zipCode,
    country_code: address.countryCode,
    other: address.other,
    created_at: address.createdAt,
    updated_at: address.updatedAt,
  }
}
