import type { PublisherSettings } from '../../internal/amqp/publisher'
import type { RelayLimits } from '../../pkg/outbox/app/relay'
import { serviceUrl } from '../harness/service'

/** What takes seconds in production takes milliseconds here. */
export const quickLimits: RelayLimits = {
  batchMax: 100,
  bytesMax: 65_536,
  pollMs: 10,
  leaseMs: 400,
  attemptsMax: 3,
  waitMsMin: 20,
  waitMsMax: 60,
  countMs: 20,
  retentionMs: 3_600_000,
  purgeMs: 1_000_000,
}

export function quickSettings(url = serviceUrl('RabbitMQ')): PublisherSettings {
  return {
    url,
    connectTimeoutMs: 1000,
    heartbeatSeconds: 10,
    exchangeType: 'topic',
    confirmTimeoutMs: 1000,
    backoff: { msMin: 2, msMax: 20 },
  }
}
