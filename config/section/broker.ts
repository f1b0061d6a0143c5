import { z } from 'zod'
import { dayMs, msMax, oneOf, section, wholeNumber } from './form'

const brokerForm = 'must be a URL as in amqp://user:password@host:5672/vhost'
const brokerUrl = z
  .string({ error: brokerForm })
  .refine((url) => /^amqps?:\/\/\S+$/.test(url) && URL.canParse(url), { error: brokerForm })

/** Where events go, and how the outbox is relayed there. Without a url they wait. */
const brokerShape = section({
  url: brokerUrl.optional(),
  exchange_type: oneOf(['topic', 'direct']).default('topic'),
  batch_max: wholeNumber(1, 100).default(100),
  message_bytes_max: wholeNumber(1024, 1_048_576).default(65_536),
  poll_interval_ms: wholeNumber(10, 60_000).default(250),
  connect_timeout_ms: wholeNumber(10, msMax).default(5000),
  confirm_timeout_ms: wholeNumber(10, msMax).default(5000),
  lease_ms: wholeNumber(20, msMax).default(15_000),
  heartbeat_seconds: wholeNumber(1, 600).default(10),
  reconnect_ms_min: wholeNumber(1, msMax).default(100),
  reconnect_ms_max: wholeNumber(1, msMax).default(30_000),
  retry_ms_min: wholeNumber(1, msMax).default(1000),
  retry_ms_max: wholeNumber(1, msMax).default(60_000),
  attempts_max: wholeNumber(1, 1000).default(20),
  retention_ms: wholeNumber(1, 366 * dayMs).default(7 * dayMs),
})

// Else a second relay would claim what the first one is publishing, and everything would go out twice.
export const broker = brokerShape.refine(
  ({ lease_ms, confirm_timeout_ms }) => lease_ms > confirm_timeout_ms,
  { error: 'must be longer than broker.confirm_timeout_ms', path: ['lease_ms'] },
)
