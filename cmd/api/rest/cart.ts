import { z } from 'zod'
import type { Role } from '../../../internal/auth/principal'
import { route, type Route } from '../../../internal/http/route'
import { decodeCursor, encodeCursor, invalidCursor } from '../../../internal/page/cursor'
import { toPage } from '../../../internal/page/page'
import { idempotencyKeySchema } from '../../../internal/wire/id'
import { instantInput } from '../../../internal/wire/instant'
import type { CartApp } from '../../../pkg/cart/app/cart'
import { cartFaults, keyReused, type CartLine } from '../../../pkg/cart/cart'
import { addressInput, toAddress } from '../../../pkg/cart/dto/address'
import {
  addLineInput,
  cartDto,
  changeLineInput,
  lineDto,
  lineIdSchema,
  linePageDto,
  listLinesQuery,
  toCartDto,
  toLineDto,
} from '../../../pkg/cart/dto/cart'
import { userFaults } from '../../../pkg/user/user'
import { replayedHeaders } from './verdict'

const tag = 'Cart'
const buyers: readonly Role[] = ['customer', 'operator']
const lineParams = z.strictObject({ line_id: lineIdSchema })
const linePosition = z.tuple([instantInput, lineIdSchema])
const addHeaders = z.object({
  'idempotency-key': idempotencyKeySchema.optional().meta({
    description: 'The same key with the same body adds once, and answers the line again.',
    example: '5f2c9a52-cart-7',
  }),
})
const changeFaults = [cartFaults.lineNotFound, cartFaults.ordered]

/** The caller's cart; what speaks of its lines is also served under the path of its first version. */
export function cartRoutes(deps: { carts: CartApp }): Route[] {
  const lines = lineRoutes(deps)
  const versioned = lines.map((one) => ({ ...one, path: `/api/v1${one.path}` }))
  return [...lines, ...versioned, ...wholeRoutes(deps)]
}

function lineRoutes({ carts }: { carts: CartApp }): Route[] {
  return [
    route({
      method: 'post',
      path: '/items',
      tag,
      summary: 'Put something into the cart',
      description:
        'What is in the cart already becomes more. Answers at once; the reservation follows in the ' +
        'background.',
      roles: buyers,
      headers: addHeaders,
      body: addLineInput,
      answers: {
        201: { description: 'The line.', schema: lineDto, headers: replayedHeaders },
      },
      faults: [cartFaults.tooMany, cartFaults.tooManyLines, keyReused, userFaults.notFound],
      async handle({ principal: { userId }, headers, body, traceparent }) {
        const key = headers['idempotency-key'] ?? null
        const { line, isReplay } = await carts.addByName({ userId, ...body, key, traceparent })
        const replayed = isReplay ? { headers: { 'Idempotency-Replayed': 'true' } } : {}
        return { status: 201, body: toLineDto(line), ...replayed }
      },
    }),

    route({
      method: 'get',
      path: '/items',
      tag,
      summary: 'List all that was put into the cart',
      description: 'With what was taken out again, and how far each reservation has come.',
      roles: buyers,
      query: listLinesQuery,
      answers: { 200: { description: 'A page of lines.', schema: linePageDto } },
      faults: [invalidCursor],
      async handle({ principal: { userId }, query: { limit, cursor } }) {
        const list = `lines of ${userId}`
        const after = cursor === undefined ? undefined : decode(list, cursor)
        const rows = await carts.listLines({ userId, after, limit: limit + 1 })
        const cursorOf = ({ createdAt, id }: CartLine) => encodeCursor(list, [createdAt, id])
        return { status: 200, body: toPage(rows, limit, { toDto: toLineDto, cursorOf }) }
      },
    }),

    route({
      method: 'patch',
      path: '/items/:line_id',
      tag,
      summary: 'Change how many are in a line',
      roles: buyers,
      params: lineParams,
      body: changeLineInput,
      answers: { 200: { description: 'The line.', schema: lineDto } },
      faults: changeFaults,
      async handle({ principal: { userId }, params: { line_id: lineId }, body }) {
        const line = await carts.updateLine({ userId, lineId, quantity: body.quantity })
        return { status: 200, body: toLineDto(line) }
      },
    }),

    route({
      method: 'delete',
      path: '/items/:line_id',
      tag,
      summary: 'Take a line out of the cart',
      description: 'Its reservation is given back, whatever state it is in.',
      roles: buyers,
      params: lineParams,
      answers: { 200: { description: 'The line, also when it was out before.', schema: lineDto } },
      faults: changeFaults,
      async handle({ principal: { userId }, params: { line_id: lineId } }) {
        const line = await carts.updateLine({ userId, lineId, quantity: 0 })
        return { status: 200, body: toLineDto(line) }
      },
    }),
  ]
}

function decode(list: string, cursor: string) {
  const [createdAt, id] = decodeCursor(list, cursor, linePosition)
  return { createdAt, id }
}

function wholeRoutes({ carts }: { carts: CartApp }): Route[] {
  return [
    route({
      method: 'get',
      path: '/cart',
      tag,
      summary: 'Get the cart',
      roles: buyers,
      answers: { 200: { description: 'The cart, one that is empty too.', schema: cartDto } },
      faults: [userFaults.notFound],
      async handle({ principal: { userId } }) {
        return { status: 200, body: toCartDto(await carts.get({ userId, cartId: null })) }
      },
    }),

    route({
      method: 'put',
      path: '/cart/address',
      tag,
      summary: 'Say where the goods are to go',
      roles: buyers,
      body: addressInput,
      answers: { 200: { description: 'The cart.', schema: cartDto } },
      faults: [cartFaults.ordered, userFaults.notFound],
      async handle({ principal: { userId }, body }) {
        const address = toAddress(body)
        const cart = await carts.configureAddress({ userId, cartId: null, address })
        return { status: 200, body: toCartDto(cart) }
      },
    }),
  ]
}
