import type { Outgoing } from '../../internal/amqp/outcome'
import type { Instant } from '../../internal/clock/instant'
import { jsonText, writeJson } from '../../internal/json/text'
import type { OutboxMessage } from './outbox'

/** Who the messages are from. */
export const producer = 'tillbook'

/** A row as the message that consumers get; docs/outbox.md is the contract. */
export function toOutgoing(message: OutboxMessage, sentAt: Instant): Outgoing {
  const { id, exchange, routingKey, type, payload } = message
  const envelope = { producer, sent_at: sentAt, type, payload: jsonText(payload) }
  return {
    id,
    exchange,
    routingKey,
    type,
    body: Buffer.from(writeJson(envelope)),
    headers: {
      ...message.headers,
      aggregate_type: message.aggregateType,
      aggregate_id: message.aggregateId,
      aggregate_version: message.aggregateVersion,
    },
    timestampSeconds: Math.floor(Date.parse(message.createdAt) / 1000),
  }
}
