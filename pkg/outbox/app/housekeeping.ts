import type { Log } from '../../../internal/log/log'
import { startLoop } from '../../../internal/loop/loop'
import type { OutboxStore } from '../outbox'
import type { OutboxMetrics } from './metrics'

export interface HousekeepingDeps {
  store: OutboxStore
  metrics: Pick<OutboxMetrics, 'counted'>
  log: Log
  limits: HousekeepingLimits
}

export interface HousekeepingLimits {
  /** Between two looks at how much waits. */
  countMs: number
  /** How long published messages are kept, to be replayed. */
  retentionMs: number
  /** Between two looks for what is older. */
  purgeMs: number
}

const countMax = 100_000
const purgeMax = 1000
const purgeShareMax = 0.2

/** Watches the outbox, and deletes what was published long ago, a batch at a time. */
export function startHousekeeping({ store, metrics, log, limits }: HousekeepingDeps) {
  const loops = [
    startLoop({
      async step() {
        metrics.counted(await store.count(countMax))
        return false
      },
      intervalMs: limits.countMs,
      shareMax: purgeShareMax,
      onError: (err) => log.debug({ err }, 'the outbox could not be counted'),
    }),
    startLoop({
      step: async () => (await store.deletePublished(limits.retentionMs, purgeMax)) === purgeMax,
      intervalMs: limits.purgeMs,
      shareMax: purgeShareMax,
      onError: (err) => log.warn({ err }, 'published events could not be deleted; trying on'),
    }),
  ]
  return { stop: () => Promise.all(loops.map((loop) => loop.stop())) }
}
