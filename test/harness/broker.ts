import { connect, type Channel, type ChannelModel, type ConsumeMessage } from 'amqplib'
import { randomBytes } from 'node:crypto'
import { pollUntil } from './poll'
import { serviceUrl } from './service'

/** A place of a test's own on the broker that all tests share. */
export interface TestBroker {
  /** The name of an exchange that nobody else uses; it is there when somebody has declared it. */
  exchange: string
  channel: Channel
  /** A queue that gets what is published there under this key, and everything it got until now. */
  openQueue(routingKey: string): Promise<TestQueue>
  /** A queue under this key that has no room for anything, and says so. */
  openFullQueue(routingKey: string): Promise<void>
  /** Deletes whatever was made. */
  close(): Promise<void>
}

export interface TestQueue {
  name: string
  received: ConsumeMessage[]
  /** Waits until so many different messages have arrived. */
  untilReceived(messages: number): Promise<void>
}

export async function openTestBroker(type: 'topic' | 'direct' = 'topic'): Promise<TestBroker> {
  const connection = await connect(serviceUrl('RabbitMQ'))
  const channel = await connection.createChannel()
  const exchange = `tillbook_test_${randomBytes(8).toString('hex')}`
  await channel.assertExchange(exchange, type, { durable: true })
  const names: string[] = []
  const bind = async (routingKey: string, args: Record<string, unknown>) => {
    const name = `${exchange}_${names.length}`
    names.push(name)
    await channel.assertQueue(name, { durable: true, arguments: args })
    await channel.bindQueue(name, exchange, routingKey)
    return name
  }
  return {
    exchange,
    channel,
    openQueue: async (routingKey) => listen(channel, await bind(routingKey, {})),
    async openFullQueue(routingKey) {
      await bind(routingKey, { 'x-max-length': 0, 'x-overflow': 'reject-publish' })
    },
    close: () => remove(connection, exchange, names),
  }
}

async function listen(channel: Channel, name: string): Promise<TestQueue> {
  const received: ConsumeMessage[] = []
  await channel.consume(name, (message) => void (message && received.push(message)), {
    noAck: true,
  })
  return {
    name,
    received,
    untilReceived: (messages) =>
      pollUntil(() => idsOf(received).size >= messages, {
        what: `${messages} messages in ${name}, there are ${idsOf(received).size}`,
      }).then(() => {}),
  }
}

export function idsOf(received: readonly ConsumeMessage[]): Set<string> {
  return new Set(received.map(({ properties }) => properties.messageId as string))
}

async function remove(
  connection: ChannelModel,
  exchange: string,
  queues: readonly string[],
): Promise<void> {
  const channel = await connection.createChannel()
  for (const name of queues) await channel.deleteQueue(name)
  await channel.deleteExchange(exchange)
  await connection.close()
}
