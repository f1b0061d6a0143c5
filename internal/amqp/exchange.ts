import { describeError } from '../fault/describe'
import type { Log } from '../log/log'
import type { Session } from './session'

/** The broker's words for "you may not", and for "it is there and is another kind". */
const accessRefused = 403
const preconditionFailed = 406

/**
 * Makes sure that an exchange is there, on a channel of its own because a "no" closes the channel. One
 * that is there with another type is used as it is, for whoever made it had a reason; and one that we may
 * not make may have been made for us. Throws when the connection is lost.
 */
export async function assertExchange(
  session: Session,
  exchange: { name: string; type: string },
  log: Log,
): Promise<void> {
  const channel = await session.connection.createChannel()
  channel.on('error', () => {})
  const closed = new Promise<void>((resolve) => channel.once('close', resolve))
  try {
    await channel.assertExchange(exchange.name, exchange.type, { durable: true })
    // amqplib waits for the answer to its goodbye for ever when the connection is lost before it comes.
    await Promise.race([channel.close(), closed])
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (code !== accessRefused && code !== preconditionFailed) throw error
    const words = { exchange: exchange.name, reason: describeError(error) }
    log.warn(words, 'the exchange is used as it is: it could not be declared')
  }
}
