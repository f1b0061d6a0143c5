import { newPublisher, type Publisher } from '../../../internal/amqp/publisher'
import type { Clock } from '../../../internal/clock/clock'
import type { Log } from '../../../internal/log/log'
import type { Tracer } from '../../../internal/trace/tracer'
import type { Metrics } from '../../../internal/metrics/metrics'
import type { OutboxStore } from '../outbox'
import { newOutboxMetrics } from './metrics'
import { startRelay, type Relay, type RelayLimits } from './relay'

/** The names are those of the configuration. */
export interface BrokerSettings {
  url?: string | undefined
  exchange_type: 'topic' | 'direct'
  batch_max: number
  message_bytes_max: number
  poll_interval_ms: number
  connect_timeout_ms: number
  confirm_timeout_ms: number
  lease_ms: number
  heartbeat_seconds: number
  reconnect_ms_min: number
  reconnect_ms_max: number
  retry_ms_min: number
  retry_ms_max: number
  attempts_max: number
  retention_ms: number
}

export interface OutboxDeps {
  store: OutboxStore
  settings: BrokerSettings
  metrics: Pick<Metrics, 'gauge' | 'counter'>
  clock: Clock
  log: Log
  tracer?: Tracer | undefined
}

const countMs = 5000
const purgeMs = 60_000

/** Relays events as it is configured, until it is closed; without a broker they wait and are counted. */
export function startOutbox({ store, settings, metrics, clock, log, tracer }: OutboxDeps): Relay {
  const publisher = openPublisher(settings, log)
  return startRelay({
    ...{ store, publisher, clock, log, tracer },
    metrics: newOutboxMetrics(metrics, publisher?.state),
    limits: limitsOf(settings),
  })
}

function openPublisher(settings: BrokerSettings, log: Log): Publisher | undefined {
  if (settings.url === undefined) return undefined
  return newPublisher(
    {
      url: settings.url,
      connectTimeoutMs: settings.connect_timeout_ms,
      heartbeatSeconds: settings.heartbeat_seconds,
      exchangeType: settings.exchange_type,
      confirmTimeoutMs: settings.confirm_timeout_ms,
      backoff: { msMin: settings.reconnect_ms_min, msMax: settings.reconnect_ms_max },
    },
    log,
  )
}

function limitsOf(settings: BrokerSettings): RelayLimits {
  return {
    batchMax: settings.batch_max,
    bytesMax: settings.message_bytes_max,
    pollMs: settings.poll_interval_ms,
    leaseMs: settings.lease_ms,
    attemptsMax: settings.attempts_max,
    waitMsMin: settings.retry_ms_min,
    waitMsMax: settings.retry_ms_max,
    retentionMs: settings.retention_ms,
    countMs,
    purgeMs,
  }
}
