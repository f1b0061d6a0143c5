import type { Channel, ConsumeMessage } from 'amqplib'
import type { Pool } from '../../internal/postgres/pool'
import type { Executor } from '../../internal/postgres/query'
import { orderCreatedMessage } from '../../pkg/outbox/dto/message'
import { handleOnce } from '../../pkg/outbox/sql/inbox'

type Order = ReturnType<typeof orderCreatedMessage.parse>['payload']['order']

export interface ExampleDeps {
  channel: Channel
  queue: string
  pool: Pool
  /** What is to happen once for each order, in the transaction of the inbox. */
  onOrder(order: Order, tx: Executor): Promise<void>
}

/** How to consume orders, as docs/outbox.md describes it. */
export async function consumeOrders({ channel, queue, pool, onOrder }: ExampleDeps): Promise<void> {
  // Without a limit the broker sends everything it has at once.
  await channel.prefetch(10)
  await channel.consume(queue, (message) => {
    if (message) void take(message)
  })

  async function take(message: ConsumeMessage): Promise<void> {
    const parsed = orderCreatedMessage.safeParse(readJson(message.content))
    // It will be no better the next time: to the dead letters with it, where there are any.
    if (!parsed.success) return channel.nack(message, false, false)
    const delivery = { consumer: 'example', messageId: message.properties.messageId as string }
    try {
      await handleOnce(pool, delivery, (tx) => onOrder(parsed.data.payload.order, tx))
      channel.ack(message)
    } catch {
      channel.nack(message, false, true)
    }
  }
}

function readJson(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString('utf8'))
  } catch {
    return undefined
  }
}
