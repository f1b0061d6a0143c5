import type { FieldError, FaultSpec } from '../../internal/fault/fault'
import type { Instant } from '../../internal/clock/instant'
import type { Judgement, Subject } from './lookup'
import { toCreatedMessage } from './message'
import {
  orderFaults,
  type NewOrder,
  type Order,
  type OrderKey,
  type OrderRefusal,
  type OrderRequest,
} from './order'

/** Why nothing comes of a request about somebody, or something, that does not exist. */
export function toRefusal(
  request: Pick<OrderRequest, 'userId' | 'productCode'>,
  unknown: readonly Subject[],
): OrderRefusal {
  const misses = unknown.map((subject) => missOf[subject](request))
  return {
    code: misses[0]!.fault.code,
    detail: misses.map(({ detail }) => detail).join(' '),
    errors: misses.map(({ error }) => error),
  }
}

interface Miss {
  fault: FaultSpec
  detail: string
  error: FieldError
}

type Ordered = Pick<OrderRequest, 'userId' | 'productCode'>

const missOf: Record<Subject, (request: Ordered) => Miss> = {
  customer: ({ userId }) => ({
    fault: orderFaults.userUnknown,
    detail: `The user service knows no user "${userId}".`,
    error: { path: 'user_id', message: 'is not known to the user service' },
  }),
  product: ({ productCode }) => ({
    fault: orderFaults.productUnknown,
    detail: `The product service knows no product "${productCode}".`,
    error: { path: 'product_code', message: 'is not known to the product service' },
  }),
}

/** What the moment gives to an order. */
export interface Fresh {
  id: string
  messageId: string
  currency: string
  createdAt: Instant
}

/** What is saved: with its message when nothing is missing. */
export function toNewOrder(
  { ownerId, userId, productCode, traceparent }: OrderRequest,
  key: OrderKey | null,
  judgement: Exclude<Judgement, { status: 'refused' }>,
  { messageId, ...fresh }: Fresh,
): NewOrder {
  const order = { ...fresh, ownerId, userId, productCode, traceparent, key }
  if (judgement.status === 'pending') return { ...order, ...judgement.known, message: null }
  const { whole } = judgement
  const message = toCreatedMessage({ ...order, ...whole }, messageId)
  return { ...order, ...whole, message }
}

/** The order as it stands in the database right after it was saved. */
export function toSavedOrder(order: NewOrder): Order {
  const { id, ownerId, userId, productCode, customer, product, currency, createdAt } = order
  const status = order.message ? 'created' : 'pending'
  return {
    ...{ id, ownerId, userId, status, productCode, currency },
    customerFullname: customer?.fullname ?? null,
    productName: product?.name ?? null,
    totalAmount: product?.price ?? null,
    ...{ failure: null, attempts: 0, nextAttemptAt: status === 'pending' ? createdAt : null },
    ...{ cartId: null, storeId: null, transactionId: null, lines: [] },
    ...{ createdAt, updatedAt: createdAt },
  }
}
