import type { Message, Options } from 'amqplib'
import type { Outcome, Outgoing } from './outcome'
import type { Session } from './session'

/**
 * Publishes all of them without waiting in between, and waits for what becomes of each; the outcomes
 * stand in the order of the messages. When nothing is heard for too long the session is dropped. While
 * the broker has blocked the connection it is waited for: it has told that it is there, and whatever was
 * sent anew on another connection would arrive twice.
 */
export async function stream(
  session: Session,
  messages: readonly Outgoing[],
  timeoutMs: number,
): Promise<Outcome[]> {
  const returned = new Map<unknown, string>()
  const onReturn = ({ properties, fields }: Message) => {
    const { replyText } = fields as unknown as { replyText: string }
    returned.set(properties.messageId, replyText)
  }
  const giveUp = () => {
    if (session.isBlocked()) timer.refresh()
    else session.drop(`no confirm within ${timeoutMs} ms`)
  }
  const timer = setTimeout(giveUp, timeoutMs)
  session.channel.on('return', onReturn)
  try {
    return await Promise.all(messages.map((message) => publish(session, message, returned)))
  } finally {
    clearTimeout(timer)
    session.channel.off('return', onReturn)
  }
}

/** The broker confirms what it could not route, too: only it has said so before, by returning it. */
function publish(
  session: Session,
  message: Outgoing,
  returned: ReadonlyMap<unknown, string>,
): Promise<Outcome> {
  const { id, exchange, routingKey, body } = message
  return new Promise((resolve) => {
    const answer = (error: Error | null) => {
      const reason = returned.get(id)
      if (error === null && reason === undefined) return resolve({ kind: 'confirmed' })
      if (reason !== undefined) return resolve({ kind: 'unroutable', reason })
      resolve({ kind: session.isOpen() ? 'refused' : 'unanswered', reason: String(error?.message) })
    }
    try {
      session.channel.publish(exchange, routingKey, body, propertiesOf(message), answer)
    } catch (error) {
      // It cannot be written as AMQP wants it, or the channel has ended meanwhile.
      answer(error as Error)
    }
  })
}

function propertiesOf({ id, type, headers, timestampSeconds }: Outgoing): Options.Publish {
  return {
    appId: 'tillbook',
    messageId: id,
    type,
    headers,
    timestamp: timestampSeconds,
    contentType: 'application/json',
    persistent: true,
    mandatory: true,
  }
}
