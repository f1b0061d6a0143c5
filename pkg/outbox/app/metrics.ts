import type { Outcome } from '../../../internal/amqp/outcome'
import { connectionStates, type ConnectionState } from '../../../internal/amqp/keeper'
import type { Metrics } from '../../../internal/metrics/metrics'
import type { OutboxCounts, Settlement } from '../outbox'

/** What the relay tells Prometheus. */
export interface OutboxMetrics {
  answered(outcomes: readonly Outcome[]): void
  /** What was written down, and how many another relay has taken over, or settled, meanwhile. */
  settled(settlements: readonly Settlement[], lost: number): void
  /** What was found when somebody looked last. */
  counted(counts: OutboxCounts): void
}

/** `state` is undefined where no broker is configured. */
export function newOutboxMetrics(
  { gauge, counter }: Pick<Metrics, 'gauge' | 'counter'>,
  state: (() => ConnectionState) | undefined,
): OutboxMetrics {
  let counts: OutboxCounts = { waiting: 0, parked: 0, oldestSeconds: 0 }
  gauge({
    name: 'tillbook_outbox_messages',
    help: 'Events that wait to be published, and that are parked because the broker refuses them; 100,000 at most.',
    read: () => [
      { labels: { state: 'waiting' }, value: counts.waiting },
      { labels: { state: 'parked' }, value: counts.parked },
    ],
  })
  gauge({
    name: 'tillbook_outbox_oldest_waiting_seconds',
    help: 'Age of the oldest event that waits to be published.',
    read: () => counts.oldestSeconds,
  })
  gauge({
    name: 'tillbook_broker_connection',
    help: 'The state of the connection to the broker is the one that is 1.',
    read: () => connectionReadings(state?.() ?? 'none'),
  })
  const count = {
    confirmed: counter({
      name: 'tillbook_outbox_published_total',
      help: 'Events that the broker confirmed; one that is published again counts again.',
    }),
    unroutable: counter({
      name: 'tillbook_outbox_returned_total',
      help: 'Times that the broker returned an event because nothing is bound to take it.',
    }),
    refused: counter({
      name: 'tillbook_outbox_nacked_total',
      help: 'Times that the broker refused an event.',
    }),
    unanswered: counter({
      name: 'tillbook_outbox_unanswered_total',
      help: 'Times that the connection broke, or no answer came, after an event was sent.',
    }),
  }
  const parked = counter({
    name: 'tillbook_outbox_parked_total',
    help: 'Events that were given up until somebody replays or discards them.',
  })
  const overtaken = counter({
    name: 'tillbook_outbox_lost_total',
    help: 'Events that another relay took over, because this one had them for longer than a claim lasts.',
  })
  return {
    answered: (outcomes) => outcomes.forEach(({ kind }) => count[kind]()),
    settled(settlements, lost) {
      parked(settlements.filter(({ state }) => state === 'parked').length)
      overtaken(lost)
    },
    counted: (found) => void (counts = found),
  }
}

function connectionReadings(now: ConnectionState | 'none') {
  return [...connectionStates, 'none'].map((state) => ({
    labels: { state },
    value: state === now ? 1 : 0,
  }))
}
