import { hash } from 'node:crypto'
import { Fault } from '../../../internal/fault/fault'
import { formatDecimal } from '../../../internal/money/decimal'
import { cartFaults } from '../../cart/cart'
import type { Order, OrderStore } from '../../order/order'
import { storeFaults } from '../../store/store'
import { withKey, type Ledger } from '../../transaction/app/ledger'
import type { Pay, Verdict } from '../../transaction/instruction'
import type { Refusal } from '../../transaction/transaction'
import type {
  CheckoutAsk,
  CheckoutRequest,
  CheckoutStore,
  CheckoutVerdict,
  Till,
} from '../checkout'
import { refuseEmpty } from '../refusal'

export interface CheckoutApp {
  /**
   * Turns a cart into an order that is paid for, both on disk when it answers. A cart that became one
   * before gives that order again, with a key or without. A refusal is a verdict, not a fault. Faults:
   * those of the ledger, store.not_found, cart.not_found.
   */
  checkOut(request: CheckoutRequest): Promise<CheckoutVerdict>
}

export interface CheckoutAppDeps {
  ledger: Pick<Ledger, 'submitOne'>
  checkouts: CheckoutStore
  orders: Pick<OrderStore, 'find'>
  /** Where somebody buys who names no store. */
  defaultStoreId: string
  /** Told of each order, for whoever publishes its message. Must not throw. */
  onOrdered?(): void
}

/** The name under which the ledger's store is given the companion. */
export const checkoutKind = 'checkout'

export function newCheckoutApp(deps: CheckoutAppDeps): CheckoutApp {
  const { ledger, checkouts, orders, defaultStoreId, onOrdered } = deps

  async function findTill(request: CheckoutRequest): Promise<Till | undefined> {
    const { userId, cartId, storeId } = request
    if (cartId !== null) {
      const till = await checkouts.findTillOfCart({ userId, cartId, storeId })
      if (till) return till
      throw new Fault(cartFaults.notFound, { detail: `There is no cart "${cartId}".` })
    }
    const till = await checkouts.findTill({ userId, storeId: storeId ?? defaultStoreId })
    if (till || storeId === null) return till
    throw new Fault(storeFaults.notFound, { detail: `There is no store "${storeId}".` })
  }

  async function getOrderPaidBy(transactionId: string): Promise<Order> {
    const id = await checkouts.findOrderId(transactionId)
    const order = id && (await orders.find(id, undefined))
    if (order) return order
    throw new Error(`the transaction ${transactionId} paid for no order`)
  }

  async function answer(verdict: Verdict, key: string | null): Promise<CheckoutVerdict> {
    if (verdict.status === 'refused') return answerRefused(verdict, key)
    const { companion, transaction, paidBy, status } = verdict
    const order = companion as Order | undefined
    if (status === 'created') onOrdered?.()
    return {
      status: 'ordered',
      order: order ?? (await getOrderPaidBy(transaction?.id ?? paidBy!)),
      isReplayed: status === 'replayed',
    }
  }

  return {
    async checkOut(request) {
      const till = await findTill(request)
      // Nobody has filled a cart yet where nobody has been.
      if (!till) return { status: 'refused', ...refuseEmpty(), isReplayed: false }
      return answer(await ledger.submitOne(toPay(request, till)), request.key)
    },
  }
}

/** What the ledger is asked to do. */
function toPay(request: CheckoutRequest, { storeAccountId, cartId, lines }: Till): Pay {
  const { userId, paysFromAny, accountId, expectedTotal, traceparent, key } = request
  const ask: CheckoutAsk = { userId, cartId, expectedTotal, traceparent }
  const touches = cartId === null ? [] : [`cart ${cartId}`]
  return withKey<Pay>(
    {
      kind: 'pay',
      accountId,
      counterpartyId: storeAccountId,
      payerId: paysFromAny ? null : userId,
      companion: {
        ...{ kind: checkoutKind, ask, touches, weight: Math.max(1, lines) },
        meaning: meaningOf(request),
      },
    },
    key === null ? null : ledgerKeyOf(userId, key),
  )
}

// As the caller named them: which cart it was, the first answer knows.
function meaningOf({ cartId, expectedTotal, storeId }: CheckoutRequest) {
  return {
    cart_id: cartId,
    expected_total: expectedTotal && formatDecimal(expectedTotal),
    store_id: storeId,
  }
}

/** As many characters as a key of the ledger can have. */
const keyLengthMax = 255

/** The caller's key among those of the ledger, whose own hold no space. */
function ledgerKeyOf(userId: string, key: string): string {
  const name = `checkout ${userId} ${key}`
  // With one space more than any other has.
  return name.length <= keyLengthMax ? name : `checkout ${userId} sha256 ${hash('sha256', key)}`
}

function answerRefused(
  { refusal, replayed }: { refusal: Refusal; replayed: boolean },
  key: string | null,
): CheckoutVerdict {
  const isReused = refusal.code === 'idempotency.key_reused'
  const detail = isReused
    ? `The Idempotency-Key "${key}" was used for another request before.`
    : refusal.detail
  return { status: 'refused', refusal: { ...refusal, detail }, isReplayed: replayed }
}
