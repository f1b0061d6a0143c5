import { z } from 'zod'
import type { Principal, Role } from '../../../internal/auth/principal'
import { Fault, type FaultSpec } from '../../../internal/fault/fault'
import { readPreferences, type Preferences } from '../../../internal/http/prefer'
import { route, type Answer, type Refused, type Route } from '../../../internal/http/route'
import { decodeCursor, encodeCursor, invalidCursor } from '../../../internal/page/cursor'
import { toPage } from '../../../internal/page/page'
import { instantInput } from '../../../internal/wire/instant'
import type { OrderApp } from '../../../pkg/order/app/order'
import {
  getOrderHeaders,
  listOrdersQuery,
  orderDto,
  orderIdSchema,
  orderPageDto,
  placeOrderHeaders,
  placeOrderInput,
  toOrderDto,
} from '../../../pkg/order/dto/order'
import {
  orderFaults,
  type Order,
  type OrderRefusal,
  type OrderVerdict,
} from '../../../pkg/order/order'
import { transactionFaults } from '../../../pkg/transaction/transaction'

const tag = 'Orders'
const buyers: readonly Role[] = ['customer', 'operator']
const orderPosition = z.tuple([instantInput, orderIdSchema])

/** Seconds after which a pending order is worth another look. */
const retryAfterSeconds = '2'

const location = { Location: 'Where it can be read.' }
const replayedHeader = 'Idempotency-Replayed'
const savedHeaders = {
  ...location,
  [replayedHeader]: '`true` when this is the first answer to the key, again.',
  'Preference-Applied': 'Which preferences were followed.',
}

const refusalFaults: readonly FaultSpec[] = [orderFaults.userUnknown, orderFaults.productUnknown]

export function orderRoutes({ orders }: { orders: OrderApp }): Route[] {
  return [
    route({
      method: 'post',
      path: '/orders',
      tag,
      roles: buyers,
      summary: 'Order a product by its code',
      description:
        'The user and the product are looked up in their services, side by side. When one of them is ' +
        'slow or fails, the order is saved all the same and looked up further in the background: 202, ' +
        'and Location says where to see what became of it. A customer orders for themselves: any other ' +
        'user is as good as unknown to them.',
      headers: placeOrderHeaders,
      body: placeOrderInput,
      answers: {
        201: { description: 'The order, created.', schema: orderDto, headers: savedHeaders },
        202: {
          description: 'The order, saved and pending; a replay may tell that it has failed since.',
          schema: orderDto,
          headers: { ...savedHeaders, 'Retry-After': 'Seconds until it is worth a look.' },
        },
      },
      faults: [...refusalFaults, transactionFaults.keyReused],
      async handle({ principal, headers, body, traceparent }) {
        const wishes = readPreferences(headers.prefer)
        const verdict = await orders.place({
          ownerId: principal.userId,
          userId: body.user_id,
          mayOrderForOthers: principal.role === 'operator',
          productCode: body.product_code,
          key: headers['idempotency-key'] ?? null,
          waitMs: waitMsOf(wishes),
          traceparent,
        })
        return answerVerdict(verdict, wishes)
      },
    }),

    route({
      method: 'get',
      path: '/orders',
      tag,
      roles: buyers,
      summary: 'List the orders of the caller, the newest first',
      description: 'An operator sees the orders of all.',
      query: listOrdersQuery,
      answers: { 200: { description: 'A page of orders.', schema: orderPageDto } },
      faults: [invalidCursor],
      async handle({ principal, query: { limit, cursor } }) {
        const ownerId = ownerOf(principal)
        const list = `orders ${ownerId ?? ''}`
        const after = cursor === undefined ? undefined : readPlace(list, cursor)
        const rows = await orders.list({ ownerId, after, limit: limit + 1 })
        const cursorOf = ({ createdAt, id }: Order) => encodeCursor(list, [createdAt, id])
        return { status: 200, body: toPage(rows, limit, { toDto: toOrderDto, cursorOf }) }
      },
    }),

    route({
      method: 'get',
      path: '/orders/:id',
      tag,
      roles: buyers,
      summary: 'Get an order',
      params: z.strictObject({ id: orderIdSchema }),
      headers: getOrderHeaders,
      answers: {
        200: {
          description: 'The order as it is now.',
          schema: orderDto,
          headers: { 'Retry-After': 'Seconds until a pending one is worth another look.' },
        },
      },
      faults: [orderFaults.notFound],
      async handle({ principal, params, headers }) {
        const { waitSeconds = 0 } = readPreferences(headers.prefer)
        const order = await orders.await(params.id, ownerOf(principal), waitSeconds * 1000)
        const isPending = order.status === 'pending'
        return {
          status: 200,
          body: toOrderDto(order),
          ...(isPending && { headers: { 'Retry-After': retryAfterSeconds } }),
        }
      },
    }),
  ]
}

/** Whose orders a caller may see; undefined: everybody's. */
function ownerOf({ userId, role }: Principal): string | undefined {
  return role === 'operator' ? undefined : userId
}

/** Without a bound of its own a client that takes 202 is not kept waiting at all. */
function waitMsOf({ respondAsync, waitSeconds }: Preferences): number {
  if (waitSeconds !== undefined) return waitSeconds * 1000
  return respondAsync ? 0 : Infinity
}

function readPlace(list: string, cursor: string) {
  const [createdAt, id] = decodeCursor(list, cursor, orderPosition)
  return { createdAt, id }
}

function answerVerdict(verdict: OrderVerdict, wishes: Preferences): Answer | Refused {
  const replayed: Record<string, string> = verdict.isReplayed ? { [replayedHeader]: 'true' } : {}
  if (verdict.status === 'refused') return { fault: toFault(verdict.refusal), headers: replayed }
  const { order } = verdict
  const isCreated = order.status === 'created'
  return {
    status: isCreated ? 201 : 202,
    body: toOrderDto(order),
    headers: {
      Location: `/orders/${order.id}`,
      ...(order.status === 'pending' && { 'Retry-After': retryAfterSeconds }),
      ...applied(wishes, isCreated),
      ...replayed,
    },
  }
}

/** `respond-async` was followed by 202 alone; `wait` always, since nobody waits for longer. */
function applied({ respondAsync, waitSeconds }: Preferences, isCreated: boolean) {
  const followed = [
    ...(respondAsync && !isCreated ? ['respond-async'] : []),
    ...(waitSeconds === undefined ? [] : [`wait=${waitSeconds}`]),
  ]
  return followed.length > 0 && { 'Preference-Applied': followed.join(', ') }
}

function toFault({ code, detail, errors }: OrderRefusal): Fault {
  const spec = refusalFaults.find((fault) => fault.code === code)
  if (!spec) throw new Error(`a key of /orders led to the refusal ${code}`)
  return new Fault(spec, { detail, ...(errors && { errors }) })
}
