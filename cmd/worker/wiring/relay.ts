import { newSystemClock } from '../../../internal/clock/clock'
import { startOutbox } from '../../../pkg/outbox/app/outbox'
import type { Relay } from '../../../pkg/outbox/app/relay'
import { newOutboxStore } from '../../../pkg/outbox/sql/store'
import type { WorkConfig, WorkDeps } from './parts'

/** Publishes what the outbox holds; without a broker it only tells how much waits. */
export function startRelaying(
  { broker: settings }: Pick<WorkConfig, 'broker'>,
  { pool, log, metrics, tracer }: WorkDeps,
): Relay {
  return startOutbox({
    store: newOutboxStore(pool),
    settings,
    metrics,
    clock: newSystemClock(),
    log,
    tracer,
  })
}
