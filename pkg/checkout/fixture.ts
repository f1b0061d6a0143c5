import { readDecimal } from '../../internal/money/decimal'
import type { Order } from '../order/order'
import { account, decideAll, type GivenState } from '../transaction/fixture'
import {
  single,
  type Instruction,
  type LedgerRequest,
  type Pay,
  type Verdict,
} from '../transaction/instruction'
import type { Idempotency } from '../transaction/transaction'
import type { CheckoutFacts, LockedCart, LockedLine, Sale } from './checkout'
import { openCounter } from './counter'

// What the unit tests of checkouts begin with: ada's money in `ada`, the shop's in `shop`.

/** One of it, for 10.00. */
export function line(itemId: string | null, more: Partial<LockedLine> = {}): LockedLine {
  const name = `Thing ${itemId}`
  return {
    id: `line-${itemId}`,
    itemId,
    name,
    quantity: 1,
    price: 1000n,
    isOnMarket: true,
    ...more,
  }
}

export function cart(id: string, lines: LockedLine[], more: Partial<LockedCart> = {}): LockedCart {
  return {
    ...{ id, userId: 'ada', storeId: 'main', currency: 'EUR', customerFullname: 'Ada Lovelace' },
    ...{ paidBy: null, lines, ...more },
  }
}

interface Asked {
  userId?: string
  accountId?: string
  payerId?: string | null
  expectedTotal?: string
  idempotency?: Idempotency | null
}

/** That the cart is checked out, by ada and from her account. */
export function pay(cartId: string | null, asked: Asked = {}): Pay {
  const { userId = 'ada', accountId = 'ada', expectedTotal, idempotency = null } = asked
  const expected = expectedTotal === undefined ? null : readDecimal(expectedTotal)!
  const ask = { userId, cartId, expectedTotal: expected, traceparent: null }
  return {
    ...{ kind: 'pay', accountId, counterpartyId: 'shop', idempotency },
    payerId: asked.payerId === undefined ? userId : asked.payerId,
    companion: { kind: 'checkout', ask, touches: [`cart ${cartId}`], weight: 1, meaning: {} },
  }
}

export interface GivenGoods {
  carts?: LockedCart[]
  stock?: Record<string, bigint>
  heldIds?: string[]
  accounts?: GivenState['accounts']
  answers?: GivenState['answers']
}

export function newFacts({ carts = [], stock = {}, heldIds = [] }: GivenGoods): CheckoutFacts {
  return {
    carts: new Map(carts.map((one) => [one.id, one])),
    stock: new Map(Object.entries(stock)),
    heldIds: new Set(heldIds),
  }
}

/** Decides a group of requests, or of single instructions. */
export function checkOut(group: readonly (Instruction | LedgerRequest)[], given: GivenGoods) {
  const facts = newFacts(given)
  const requests = group.map((one) => ('kind' in one ? single(one) : one))
  const decision = decideAll(requests, {
    accounts: given.accounts ?? [account('ada', { userId: 'ada' }), account('shop')],
    answers: given.answers ?? new Map(),
    companions: new Map([['checkout', (journal) => openCounter(facts, journal)]]),
  })
  const sales = decision.sideEntries.flatMap(({ entries }) => entries as Sale[])
  return { ...decision, sales, verdicts: decision.answers.flatMap(({ verdicts }) => verdicts) }
}

/** A verdict in short: the order's total, what had paid for it before, or the code of the refusal. */
export function outcomeOf(verdict: Verdict): unknown {
  if (verdict.status === 'refused') return verdict.refusal.code
  return verdict.paidBy ?? (verdict.companion as Order).totalAmount
}
