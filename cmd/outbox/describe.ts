import type { StoredMessage } from '../../pkg/outbox/operations'

/** One line for a person. */
export function describeMessage(message: StoredMessage): string {
  const { id, aggregateType, aggregateId, aggregateVersion, attempts, lastError } = message
  const about = `${aggregateType} ${aggregateId} version ${aggregateVersion}`
  const parts = [
    `${id}  ${stateOf(message)}  ${message.type} to ${message.exchange}/${message.routingKey}`,
    `${about}, created ${message.createdAt}`,
    ...(attempts > 0 ? [`${attempts} refusals`] : []),
    ...(lastError === null ? [] : [lastError]),
  ]
  return parts.join('; ')
}

function stateOf({ publishedAt, parkedAt }: StoredMessage): string {
  if (publishedAt !== null) return `published ${publishedAt}`
  return parkedAt === null ? 'waiting' : `parked ${parkedAt}`
}
