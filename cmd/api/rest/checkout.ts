import { roles } from '../../../internal/auth/principal'
import type { FaultSpec } from '../../../internal/fault/fault'
import { route, type Answer, type Refused, type Route } from '../../../internal/http/route'
import { cartFaults } from '../../../pkg/cart/cart'
import type { CheckoutApp } from '../../../pkg/checkout/app/checkout'
import { checkoutFaults, type CheckoutVerdict } from '../../../pkg/checkout/checkout'
import {
  checkoutHeaders,
  checkoutInput,
  toCheckoutRequest,
} from '../../../pkg/checkout/dto/checkout'
import { orderDto, toOrderDto } from '../../../pkg/order/dto/order'
import { storeFaults } from '../../../pkg/store/store'
import { movementFaults, toFault } from './verdict'

const refusals: readonly FaultSpec[] = Object.values(checkoutFaults)
const refusalsByCode = Object.fromEntries(refusals.map((spec) => [spec.code, spec]))

const replayedHeader = 'Idempotency-Replayed'

export function checkoutRoutes({ checkouts }: { checkouts: CheckoutApp }): Route[] {
  return [
    route({
      method: 'post',
      path: '/checkout',
      tag: 'Orders',
      roles,
      summary: 'Buy what is in the cart',
      description:
        'Takes the goods, writes the order, moves the money to the store and announces it, all in one ' +
        'commit: on disk when it is answered, and either whole or not at all. A refusal names each line ' +
        'that stands in the way, and what could still be bought. A cart becomes one order: to check it ' +
        'out again gives the same one.',
      headers: checkoutHeaders,
      body: checkoutInput,
      answers: {
        201: {
          description: 'The order, paid.',
          schema: orderDto,
          headers: {
            Location: 'Where it can be read.',
            [replayedHeader]: '`true` when the cart was ordered before, or the key answered.',
          },
        },
      },
      faults: [...movementFaults, ...refusals, cartFaults.notFound, storeFaults.notFound],
      async handle({ principal, headers, body, traceparent }) {
        const verdict = await checkouts.checkOut({
          ...toCheckoutRequest(body, headers),
          userId: principal.userId,
          traceparent,
          paysFromAny: principal.role === 'operator',
        })
        return answerVerdict(verdict)
      },
    }),
  ]
}

function answerVerdict(verdict: CheckoutVerdict): Answer | Refused {
  const replayed: Record<string, string> = verdict.isReplayed ? { [replayedHeader]: 'true' } : {}
  if (verdict.status === 'refused') {
    return { fault: toFault(verdict.refusal, refusalsByCode), headers: replayed }
  }
  const { order } = verdict
  return {
    status: 201,
    body: toOrderDto(order),
    headers: { Location: `/orders/${order.id}`, ...replayed },
  }
}
