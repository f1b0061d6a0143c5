import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../../internal/clock/clock'
import { Fault } from '../../../internal/fault/fault'
import type { Ids } from '../../../internal/id/id'
import { transactionFaults } from '../../transaction/transaction'
import { fingerprintOf } from '../fingerprint'
import { judge, nothingKnown, type Judgement, type OrderServices } from '../lookup'
import {
  orderFaults,
  type Order,
  type OrderKey,
  type OrderPage,
  type OrderRequest,
  type OrderStatus,
  type OrderStore,
  type OrderVerdict,
} from '../order'
import { toNewOrder, toRefusal, toSavedOrder } from '../place'
import { asUser, type Admit } from '../../user/app/as-user'
import { lookUpBoth } from './look-up'

export interface OrderApp {
  /**
   * Answers when it is on disk, within the budget and the time that the database takes. Who or what does
   * not exist is a verdict, not a fault. Faults: idempotency.key_reused.
   */
  place(request: OrderRequest): Promise<OrderVerdict>
  /** Faults: order.not_found, also for somebody else's. No owner named: whosever it is. */
  get(id: string, ownerId: string | undefined): Promise<Order>
  /** The same, once it is not pending any more, or after so long; never longer than the budget. */
  await(id: string, ownerId: string | undefined, waitMs: number): Promise<Order>
  list(page: OrderPage): Promise<Order[]>
}

export interface OrderAppDeps {
  orders: OrderStore
  services: OrderServices
  ids: Ids
  clock: Clock
  /** That the prices of the Product Service are in. */
  currency: string
  /** For both look-ups together. */
  budgetMs: number
  /** Told of each order that is saved: a pending one has to be looked up, a created one published. */
  onSaved(status: OrderStatus): void
  admit?: Admit | undefined
}

/** Between two looks at an order that somebody waits for; it may be another process that ends it. */
const lookIntervalMs = 150

export function newOrderApp(deps: OrderAppDeps): OrderApp {
  const { orders, ids, clock, currency, budgetMs, onSaved, admit } = deps

  async function place(request: OrderRequest): Promise<OrderVerdict> {
    const key = keyOf(request)
    const replay = async () => key && (await findReplay(orders, request.ownerId, key))
    const first = await replay()
    if (first) return first
    const judgement = await consider(deps, request)
    const verdict = await save(request, key, judgement)
    // Somebody else came with the key while we looked up.
    return verdict ?? (await replay())!
  }

  async function save(
    request: OrderRequest,
    key: OrderKey | null,
    judgement: Judgement,
  ): Promise<OrderVerdict | undefined> {
    const createdAt = clock.now()
    if (judgement.status === 'refused') {
      const refusal = toRefusal(request, judgement.unknown)
      const { ownerId } = request
      const keep = async () => !key || orders.insertRefusal({ ownerId, key, refusal, createdAt })
      const isFirst = await asUser(ownerId, admit, keep)
      return isFirst ? { status: 'refused', refusal, isReplayed: false } : undefined
    }
    const fresh = { id: ids.next(), messageId: ids.next(), currency, createdAt }
    const order = toNewOrder(request, key, judgement, fresh)
    const insert = () => orders.insert(order)
    if (!(await asUser(request.ownerId, admit, insert))) return undefined
    const saved = toSavedOrder(order)
    onSaved(saved.status)
    return { status: 'saved', order: saved, isReplayed: false }
  }

  async function get(id: string, ownerId: string | undefined): Promise<Order> {
    const order = await orders.find(id, ownerId)
    if (order) return order
    throw new Fault(orderFaults.notFound, { detail: `There is no order "${id}".` })
  }

  return {
    place,
    get,
    async await(id, ownerId, waitMs) {
      const deadline = performance.now() + Math.min(waitMs, budgetMs)
      for (;;) {
        const order = await get(id, ownerId)
        const leftMs = deadline - performance.now()
        if (order.status !== 'pending' || leftMs <= 0) return order
        await sleep(Math.min(leftMs, lookIntervalMs))
      }
    },
    list: (page) => orders.list(page),
  }
}

/**
 * What the services make of it; a request that waits for nothing is left to the worker as it is. They are
 * not asked about somebody whom the caller may not order for, so that nothing tells whether there is one.
 */
async function consider(
  { services, currency, budgetMs }: OrderAppDeps,
  { waitMs, mayOrderForOthers, ...request }: OrderRequest,
): Promise<Judgement> {
  if (!mayOrderForOthers && request.userId !== request.ownerId) {
    return { status: 'refused', unknown: ['customer'] }
  }
  if (waitMs === 0) {
    return { status: 'pending', known: nothingKnown, reasons: [], wasAsked: false }
  }
  const wanted = { ...nothingKnown, ...request, currency }
  return judge(await lookUpBoth(services, wanted, { budgetMs: Math.min(budgetMs, waitMs) }))
}

function keyOf({ key, userId, productCode }: OrderRequest): OrderKey | null {
  if (key === null) return null
  const meaning = { user_id: userId, product_code: productCode }
  return { key, fingerprint: fingerprintOf('order', meaning) }
}

/** The first answer to the key; undefined while it is free. */
async function findReplay(
  orders: OrderStore,
  ownerId: string,
  { key, fingerprint }: OrderKey,
): Promise<OrderVerdict | undefined> {
  const outcome = await orders.findByKey(ownerId, key)
  if (!outcome) return undefined
  if (!outcome.fingerprint.equals(fingerprint)) {
    throw new Fault(transactionFaults.keyReused, {
      detail: `The Idempotency-Key "${key}" belongs to another request; nothing was ordered.`,
    })
  }
  const { order, refusal } = outcome
  if (order) return { status: 'saved', order, isReplayed: true }
  return { status: 'refused', refusal: refusal!, isReplayed: true }
}
