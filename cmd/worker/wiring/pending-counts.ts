import { startLoop, type Loop } from '../../../internal/loop/loop'
import type { PendingOrderStore } from '../../../pkg/order/pending'
import type { WorkDeps } from './parts'

const countIntervalMs = 5_000

/** How many orders are pending, in all processes: counted now and then, and told whenever somebody asks. */
export function countPending(
  orders: Pick<PendingOrderStore, 'count'>,
  { log, metrics }: Pick<WorkDeps, 'log' | 'metrics'>,
): Loop {
  let oldestDueSeconds = 0
  let states = { due: 0, waiting: 0, leased: 0 }
  metrics.gauge({
    name: 'tillbook_orders_pending',
    help: 'Pending orders: due, waiting for their next attempt, and in the hands of a worker; 10,000 of each at most.',
    read: () => Object.entries(states).map(([state, value]) => ({ labels: { state }, value })),
  })
  metrics.gauge({
    name: 'tillbook_order_oldest_due_seconds',
    help: 'For how long the pending order that is due longest has been.',
    read: () => oldestDueSeconds,
  })
  return startLoop({
    async step() {
      ;({ oldestDueSeconds, ...states } = await orders.count())
      return false
    },
    intervalMs: countIntervalMs,
    shareMax: 0.05,
    onError: (err) => log.debug({ err }, 'the pending orders could not be counted'),
  })
}
