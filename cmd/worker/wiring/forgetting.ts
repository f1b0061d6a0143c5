import { startLoop } from '../../../internal/loop/loop'
import { newCartKeyStore } from '../../../pkg/cart/sql/key'
import { newOrderKeyStore } from '../../../pkg/order/sql/key'
import { deleteOldNotes } from '../../../pkg/outbox/sql/inbox'
import type { WorkConfig, WorkDeps } from './parts'

const intervalMs = 60_000
const batchMax = 1000
const shareMax = 0.2

/** Deletes what is kept to tell a repeat from something new, when no repeat can come any more: a batch at a time. */
export function startForgetting(
  { broker, worker }: Pick<WorkConfig, 'broker' | 'worker'>,
  { pool, log }: Pick<WorkDeps, 'pool' | 'log'>,
): { close(): Promise<void> } {
  const ofKeys = { ageMs: worker.key_retention_ms, limit: batchMax }
  const cartKeys = newCartKeyStore(pool)
  const orderKeys = newOrderKeyStore(pool)
  const deletions: Record<string, () => Promise<number>> = {
    'keys of carts': () => cartKeys.deleteOld(ofKeys),
    'keys of orders': () => orderKeys.deleteOld(ofKeys),
    'handled messages': () => deleteOldNotes(pool, { ageMs: broker.retention_ms, limit: batchMax }),
  }
  const loops = Object.entries(deletions).map(([what, deleteOld]) =>
    startLoop({
      step: async () => (await deleteOld()) === batchMax,
      intervalMs,
      shareMax,
      onError: (err) => log.warn({ err }, `old ${what} could not be deleted; trying on`),
    }),
  )
  return { close: async () => void (await Promise.all(loops.map((loop) => loop.stop()))) }
}
