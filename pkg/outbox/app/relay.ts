import { setTimeout as sleep } from 'node:timers/promises'
import type { Publisher } from '../../../internal/amqp/publisher'
import type { Clock } from '../../../internal/clock/clock'
import type { Log } from '../../../internal/log/log'
import { startLoop, type Loop } from '../../../internal/loop/loop'
import type { Span, Tracer } from '../../../internal/trace/tracer'
import { toOutgoing } from '../envelope'
import {
  settlementOf,
  tooLarge,
  waitMsOf,
  type ClaimedMessage,
  type OutboxStore,
  type RetryRule,
  type Settlement,
} from '../outbox'
import type { OutboxMetrics } from './metrics'
import { startHousekeeping, type HousekeepingLimits } from './housekeeping'

export interface RelayDeps {
  store: OutboxStore
  /** Where it goes; without one everything waits, and is shown to wait. */
  publisher: Publisher | undefined
  metrics: OutboxMetrics
  clock: Clock
  log: Log
  limits: RelayLimits
  /** Records a span for each batch. */
  tracer?: Tracer | undefined
}

export interface RelayLimits extends RetryRule, HousekeepingLimits {
  /** Messages in one batch, which is all that is ever under way. */
  batchMax: number
  /** Of one message. */
  bytesMax: number
  /** Between two looks for something to publish. */
  pollMs: number
  /** How long a claimed message is nobody else's: longer than a batch takes. */
  leaseMs: number
}

export interface Relay {
  /** There may be something to publish: it is looked for at once. */
  nudge(): void
  /** Ends the batch under way, but does not wait for the broker for long. */
  close(): Promise<void>
}

const closeGraceMs = 1000

/**
 * Publishes what the outbox holds, until it is closed. Any number of relays may be at it on one
 * database: each claims rows of its own, and needs neither a leader, who would have to be replaced, nor
 * a share of the aggregates, which would have to be dealt out anew whenever one of them comes or goes.
 * What one that died had claimed is published by another when its claim is void.
 */
export function startRelay(deps: RelayDeps): Relay {
  const { publisher, limits, log } = deps
  const housekeeping = startHousekeeping(deps)
  if (!publisher)
    log.warn('no broker is configured: events wait in the outbox until AMQP_URL names one')
  const relaying =
    publisher &&
    startLoop({
      step: () => relayBatch({ ...deps, publisher }),
      intervalMs: limits.pollMs,
      shareMax: 1,
      onError: (err) => log.warn({ err }, 'events could not be relayed; trying on'),
    })
  return {
    nudge: () => relaying?.nudge(),
    async close() {
      await Promise.all([housekeeping.stop(), closeRelaying(relaying, publisher)])
    },
  }
}

async function closeRelaying(relaying?: Loop, publisher?: Publisher): Promise<void> {
  if (!relaying || !publisher) return
  const stopped = relaying.stop()
  await Promise.race([stopped, sleep(closeGraceMs, undefined, { ref: false })])
  await publisher.close()
  await stopped
}

/** One batch; answers whether another one should follow at once. */
async function relayBatch(deps: RelayDeps & { publisher: Publisher }): Promise<boolean> {
  const { store, publisher, limits, tracer } = deps
  if (!(await publisher.ready())) return false
  const claimed = await store.claim(limits.batchMax, limits.leaseMs)
  if (claimed.length === 0) return false
  const span = tracer?.begin({
    name: 'publish outbox',
    kind: 'producer',
    parents: claimed.map(({ headers }) => headers.traceparent),
    attributes: { 'messaging.system': 'rabbitmq', 'messaging.batch.message_count': claimed.length },
  })
  const settled = await settle(deps, claimed, span)
  // What was published may have been what others of its aggregate waited for.
  return settled.some(({ state }) => state === 'published')
}

/** Each message goes on with the trace of the request that made it true, however often it is sent. */
async function settle(
  deps: RelayDeps & { publisher: Publisher },
  claimed: readonly ClaimedMessage[],
  span: Span | undefined,
): Promise<Settlement[]> {
  let failure: string | undefined = 'thrown'
  let published = 0
  try {
    const settled = await deps.store.settle(await publish(deps, claimed))
    deps.metrics.settled(settled, claimed.length - settled.length)
    complain(settled, deps.log)
    published = settled.filter(({ state }) => state === 'published').length
    failure = published === claimed.length ? undefined : 'not_published'
    return settled
  } finally {
    span?.end({ attributes: { 'tillbook.published': published }, failure })
  }
}

async function publish(
  { publisher, clock, limits, metrics }: RelayDeps & { publisher: Publisher },
  claimed: readonly ClaimedMessage[],
): Promise<Settlement[]> {
  const sentAt = clock.now()
  const whole = claimed.map((message) => ({ message, outgoing: toOutgoing(message, sentAt) }))
  const fits = ({ outgoing }: (typeof whole)[number]) => outgoing.body.length <= limits.bytesMax
  const sendable = whole.filter(fits)
  const outcomes = await publisher.publish(sendable.map(({ outgoing }) => outgoing))
  metrics.answered(outcomes)
  const settlements = sendable.map(({ message }, i) => {
    const waitMs = waitMsOf(ageMs(message, sentAt), limits, Math.random())
    return settlementOf(message, outcomes[i]!, { waitMs, attemptsMax: limits.attemptsMax })
  })
  const refused = whole
    .filter((one) => !fits(one))
    .map(({ message, outgoing }) => tooLarge(message, outgoing.body.length, limits.bytesMax))
  return [...settlements, ...refused]
}

function ageMs({ createdAt }: ClaimedMessage, now: string): number {
  return Date.parse(now) - Date.parse(createdAt)
}

/** One line for each batch in which something went wrong with the messages themselves. */
function complain(settlements: readonly Settlement[], log: Log): void {
  const [first, ...more] = settlements.filter(({ error }) => error !== null)
  if (!first) return
  const words = { message_id: first.id, reason: first.error, more: more.length }
  const parked = settlements.filter(({ state }) => state === 'parked').length
  if (parked > 0) log.error({ ...words, parked }, 'events were parked: the broker refuses them')
  else log.warn(words, 'events were not taken by the broker; trying again')
}
