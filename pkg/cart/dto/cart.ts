import { z } from 'zod'
import { formatMoney } from '../../../internal/money/currency'
import { pageInput, pageOutput } from '../../../internal/page/page'
import { readableIdSchema, uuidSchema } from '../../../internal/wire/id'
import { instantOutput } from '../../../internal/wire/instant'
import { currencySchema, moneyOutput } from '../../../internal/wire/money'
import { line } from '../../../internal/wire/text'
import { cartLimits, totalOf, type Cart, type CartLine, type LineReservation } from '../cart'
import { addressDto, toAddressDto } from './address'

export const lineIdSchema = uuidSchema.meta({ example: '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e' })

function quantitySchema(min: number) {
  return z.int().min(min).max(cartLimits.quantityMax)
}

export const quantityInput = quantitySchema(1).meta({ example: 1 })

/** POST /items */
export const addLineInput = z
  .strictObject({
    name: line(cartLimits.nameMax).meta({
      description: 'Of an item in the catalogue, or a free name, which has no price.',
      example: 'laptop',
    }),
    quantity: quantityInput,
  })
  .meta({ id: 'AddLine' })

/** PATCH /items/:line_id */
export const changeLineInput = z
  .strictObject({ quantity: quantitySchema(0).meta({ description: '0 takes the line out.' }) })
  .meta({ id: 'ChangeLine' })

/** GET /items */
export const listLinesQuery = z.strictObject(pageInput)

const reservationId = z
  .int()
  .nullable()
  .meta({ description: 'What the reservation service gave; null until there is one.' })

const statusSchema = z.enum(['pending', 'reserved', 'failed', 'released'])

export const reservationDto = z
  .strictObject({
    status: statusSchema,
    reservation_id: reservationId,
    attempts: z.int().min(0).meta({ description: 'Calls that ended without an answer to go by.' }),
    next_attempt_at: instantOutput.nullable(),
    reason: z.string().nullable().meta({ description: 'Why the last attempt failed.' }),
  })
  .meta({ id: 'LineReservation' })

export const lineDto = z
  .strictObject({
    id: lineIdSchema,
    cart_id: uuidSchema,
    item_id: uuidSchema.nullable().meta({ description: 'Null: a free name.' }),
    name: z.string(),
    quantity: z.int().min(1),
    price: moneyOutput.nullable().meta({ description: 'Of one, as the catalogue has it now.' }),
    currency: currencySchema,
    reservation_id: reservationId,
    status: statusSchema.meta({ description: 'Of the reservation.' }),
    reservation: reservationDto,
    created_at: instantOutput,
    updated_at: instantOutput,
    removed_at: instantOutput.nullable().meta({ description: 'When it was taken out.' }),
  })
  .meta({ id: 'CartLine', description: 'One kind of goods in a cart, and how many.' })

export const linePageDto = pageOutput(lineDto).meta({ id: 'CartLinePage' })

export type LineDto = z.input<typeof lineDto>

export function toLineDto(line: CartLine): LineDto {
  const reservation = toReservationDto(line.reservation)
  return {
    id: line.id,
    cart_id: line.cartId,
    item_id: line.itemId,
    name: line.name,
    quantity: line.quantity,
    price: line.price === null ? null : formatMoney(line.price, line.currency),
    currency: line.currency,
    reservation_id: reservation.reservation_id,
    status: reservation.status,
    reservation,
    created_at: line.createdAt,
    updated_at: line.updatedAt,
    removed_at: line.removedAt,
  }
}

function toReservationDto(reservation: LineReservation): z.input<typeof reservationDto> {
  const { externalId } = reservation
  return {
    status: reservation.status,
    reservation_id: externalId === null ? null : Number(externalId),
    attempts: reservation.attempts,
    next_attempt_at: reservation.nextAt,
    reason: reservation.reason,
  }
}

export const cartDto = z
  .strictObject({
    id: uuidSchema,
    user_id: readableIdSchema,
    store_id: readableIdSchema,
    status: z.enum(['open', 'ordered']),
    currency: currencySchema,
    price_total: moneyOutput.meta({ description: 'Of all lines that have a price.' }),
    address: addressDto.nullable(),
    lines: z.array(lineDto),
    created_at: instantOutput,
    updated_at: instantOutput,
  })
  .meta({ id: 'Cart', description: 'What a user means to buy in a store.' })

export function toCartDto(cart: Cart): z.input<typeof cartDto> {
  return {
    id: cart.id,
    user_id: cart.userId,
    store_id: cart.storeId,
    status: cart.status,
    currency: cart.currency,
    price_total: formatMoney(totalOf(cart.lines), cart.currency),
    address: cart.address && toAddressDto(cart.address),
    lines: cart.lines.map(toLineDto),
    created_at: cart.createdAt,
    updated_at: cart.updatedAt,
  }
}
