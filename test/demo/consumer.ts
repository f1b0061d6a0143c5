import { connect, type ChannelModel, type ConsumeMessage } from 'amqplib'

/** Somebody who is told of orders, with a queue of their own. */
export interface OrderConsumer {
  /** The message about this order as it came; undefined when none has come in time. */
  nextMessage(orderId: string): Promise<unknown>
  /** Deletes the queue. */
  close(): Promise<void>
}

export interface OrderConsumerOptions {
  amqpUrl: string
  /** How long a message is waited for. */
  patienceMs: number
}

const exchange = 'orders'
const routingKey = 'created_order'
const connectTimeoutMs = 5000

// Other systems may publish there as well while the six orders are under way.
const messagesMax = 1000

/** Listens from now on to what is published about orders. */
export async function openOrderConsumer({
  amqpUrl,
  patienceMs,
}: OrderConsumerOptions): Promise<OrderConsumer> {
  const connection = await connect(amqpUrl, { timeout: connectTimeoutMs })
  // What breaks off shows as a message that does not come.
  connection.on('error', () => {})
  const inbox = newInbox()
  const queue = await listen(connection, inbox.take)
  return {
    nextMessage: (orderId) => inbox.next(orderId, patienceMs),
    close: () => remove(connection, queue),
  }
}

/** A queue that the broker forgets with this connection, in case nobody gets to delete it. */
async function listen(
  connection: ChannelModel,
  take: (message: ConsumeMessage) => void,
): Promise<string> {
  await declareExchange(connection)
  const channel = await connection.createChannel()
  const { queue } = await channel.assertQueue('', { exclusive: true, maxLength: messagesMax })
  await channel.bindQueue(queue, exchange, routingKey)
  await channel.consume(queue, (message) => void (message && take(message)), { noAck: true })
  return queue
}

/** One that is there is used as it is, whatever its type: the broker ends a channel that wants another. */
async function declareExchange(connection: ChannelModel): Promise<void> {
  const channel = await connection.createChannel()
  channel.on('error', () => {})
  const isThere = await channel.checkExchange(exchange).then(
    () => true,
    () => false,
  )
  if (isThere) return channel.close()
  const another = await connection.createChannel()
  await another.assertExchange(exchange, 'topic', { durable: true })
  await another.close()
}

async function remove(connection: ChannelModel, queue: string): Promise<void> {
  const channel = await connection.createChannel()
  await channel.deleteQueue(queue)
  await connection.close()
}

/** Keeps the newest messages by the id of their order, and hands them to whoever waits for one. */
function newInbox() {
  const kept = new Map<string, unknown>()
  const waiting = new Map<string, (message: unknown) => void>()

  function take({ content }: ConsumeMessage): void {
    const message: unknown = JSON.parse(content.toString('utf8'))
    const id = orderIdOf(message)
    if (id === undefined) return
    kept.set(id, message)
    const [oldest] = kept.keys()
    if (kept.size > messagesMax) kept.delete(oldest!)
    waiting.get(id)?.(message)
  }

  async function next(orderId: string, patienceMs: number): Promise<unknown> {
    if (kept.has(orderId)) return kept.get(orderId)
    let timer: NodeJS.Timeout | undefined
    const message = await new Promise<unknown>((resolve) => {
      waiting.set(orderId, resolve)
      timer = setTimeout(resolve, patienceMs)
    })
    clearTimeout(timer)
    waiting.delete(orderId)
    return message
  }

  return { take, next }
}

function orderIdOf(message: unknown): string | undefined {
  const { payload } = message as { payload?: { order?: { order_id?: string } } }
  return payload?.order?.order_id
}
