import { toCreatedMessage } from '../order/message'
import type { Order } from '../order/order'
import type { Journal, Payment, Proposal, SideBook } from '../transaction/companion'
import type { CheckoutAsk, CheckoutFacts, LockedCart, LockedLine, Sale } from './checkout'
import {
  isExpected,
  refuseEmpty,
  refuseLines,
  refuseTotal,
  totalOf,
  type LineFlaw,
} from './refusal'

/**
 * Where goods are handed over while a group is decided. Pure: what an earlier request of the group has
 * taken, a later one does not find any more.
 */
export function openCounter(facts: CheckoutFacts, journal: Journal): SideBook<CheckoutAsk, Sale> {
  const stock = new Map<string, bigint>()
  const paidBy = new Map<string, string>()
  const sales: Sale[] = []
  const onHand = (itemId: string) => stock.get(itemId) ?? facts.stock.get(itemId)

  function hand(sale: Sale): Order {
    for (const { itemId, quantity } of sale.taken) {
      journal.put(stock, itemId, onHand(itemId)! - quantity)
    }
    journal.put(paidBy, sale.order.cartId!, sale.order.transactionId!)
    journal.add(sales, sale)
    return sale.order
  }

  function propose(cart: LockedCart, { traceparent }: CheckoutAsk): Payment {
    const orderId = journal.newId()
    return {
      amount: totalOf(cart.lines),
      description: `Order ${orderId}`,
      metadata: { order_id: orderId },
      accept({ id: transactionId }) {
        const order = newOrder(cart, { id: orderId, transactionId, now: journal.now })
        const message = newMessage(order, traceparent, journal.newId())
        return hand({ order, message, taken: listTaken(cart.lines, onHand) })
      },
    }
  }

  return {
    judge(ask): Proposal {
      if (ask.cartId !== null && facts.heldIds.has(ask.cartId)) return { isElsewhere: true }
      const cart = ask.cartId === null ? undefined : facts.carts.get(ask.cartId)
      if (cart?.userId !== ask.userId) return refuseEmpty()
      const paid = paidBy.get(cart.id) ?? cart.paidBy
      if (paid !== null) return { paidBy: paid }
      return judgeCart(cart, ask, { facts, onHand }) ?? propose(cart, ask)
    },
    entries: () => sales,
  }
}

type OnHand = (itemId: string) => bigint | undefined

/** What stands in the way; undefined when nothing does. */
function judgeCart(
  cart: LockedCart,
  { expectedTotal }: CheckoutAsk,
  { facts, onHand }: { facts: CheckoutFacts; onHand: OnHand },
): Proposal | undefined {
  const { lines, currency } = cart
  if (lines.length === 0) return refuseEmpty()
  if (lines.some(({ itemId }) => itemId !== null && facts.heldIds.has(itemId))) {
    return { isElsewhere: true }
  }
  const flaws = listFlaws(lines, onHand)
  if (flaws.length > 0) return refuseLines(cart, flaws)
  if (expectedTotal === null || isExpected(totalOf(lines), expectedTotal, currency))
    return undefined
  return refuseTotal(cart, expectedTotal)
}

/** In the order of the lines; two lines of one item share what there is of it. */
function listFlaws(lines: readonly LockedLine[], onHand: OnHand): LineFlaw[] {
  const wanted = new Map<string, bigint>()
  return lines.flatMap((line) => {
    const { itemId, quantity, isOnMarket, price } = line
    if (itemId !== null && !isOnMarket) return { line, reason: 'off_market', available: 0n }
    if (itemId === null || price === null) return { line, reason: 'no_price', available: 0n }
    const counted = onHand(itemId)
    if (counted === undefined) return []
    const available = counted - (wanted.get(itemId) ?? 0n)
    if (available >= BigInt(quantity)) {
      wanted.set(itemId, (wanted.get(itemId) ?? 0n) + BigInt(quantity))
      return []
    }
    return { line, reason: available === 0n ? 'sold_out' : 'not_enough', available }
  })
}

/** How many of each item that is counted, each once. */
function listTaken(lines: readonly LockedLine[], onHand: OnHand): Sale['taken'] {
  const taken = new Map<string, bigint>()
  for (const { itemId, quantity } of lines) {
    if (itemId === null || onHand(itemId) === undefined) continue
    taken.set(itemId, (taken.get(itemId) ?? 0n) + BigInt(quantity))
  }
  return [...taken].map(([itemId, quantity]) => ({ itemId, quantity }))
}

interface Paid extends Pick<Journal, 'now'> {
  id: string
  transactionId: string
}

function newOrder(cart: LockedCart, { id, transactionId, now }: Paid): Order {
  const { currency, customerFullname, lines } = cart
  return {
    ...{ id, ownerId: cart.userId, userId: cart.userId, status: 'created', productCode: null },
    ...{ customerFullname, productName: joinNames(lines), totalAmount: totalOf(lines), currency },
    ...{ failure: null, attempts: 0, nextAttemptAt: null },
    ...{ cartId: cart.id, storeId: cart.storeId, transactionId },
    lines: lines.map(({ itemId, name, quantity, price }) => ({
      ...{ itemId: itemId!, name, quantity, unitPrice: price! },
    })),
    createdAt: now,
    updatedAt: now,
  }
}

function newMessage(order: Order, traceparent: string | null, id: string) {
  const customer = { fullname: order.customerFullname! }
  const product = { name: order.productName!, price: order.totalAmount! }
  return toCreatedMessage({ ...order, customer, product, traceparent }, id)
}

/** As many characters as an order keeps. */
const namesMax = 500

function joinNames(lines: readonly LockedLine[]): string {
  const names = lines.map(({ name }) => name).join(', ')
  const characters = [...names]
  return characters.length <= namesMax ? names : `${characters.slice(0, namesMax - 1).join('')}…`
}
