import { connect, type ConsumeMessage } from 'amqplib'
import { randomUUID } from 'node:crypto'
import { orderDto } from '../../pkg/order/dto/order'
import { pollUntil } from '../harness/poll'
import { spawnProgram } from '../harness/program'
import { describeWith, serviceUrl } from '../harness/service'
import { aCustomer, anItem, openPrograms, type Programs } from './programs'

// O1 to O3: an order from POST /orders, or /checkout, to the message that RabbitMQ hands out.

const box = { user_id: '7c11e1ce2741', product_code: 'classic-box' }
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

describeWith('RabbitMQ', 'the message of an order', () => {
  let programs: Programs
  let queue: Awaited<ReturnType<typeof listen>>
  beforeAll(async () => {
    queue = await listen()
    programs = await openPrograms()
  })
  afterAll(async () => {
    await programs?.close()
    await queue?.close()
  })

  /** What an operator does to what was published. */
  async function outbox(command: string, ...more: string[]) {
    const args = ['config/outbox/local.json', command, '--state=published', ...more]
    const done = await spawnProgram('outbox', args, { DATABASE_URL: programs.databaseUrl }).exited
    expect(done).toMatchObject({ code: 0 })
    return done
  }

  test('O1 O2 O3: has the fields of the order, and those alone, persistent and under its own id', async () => {
    const placed = await programs.send('/orders', { json: box })
    expect([placed.status, placed.headers.get('location')]).toEqual([
      201,
      `/orders/${orderDto.parse(placed.json).id}`,
    ])
    const order = orderDto.parse(placed.json)
    expect(order).toMatchObject({
      ...{ ...box, customer_fullname: 'Ada Lovelace', product_name: 'Classic Box' },
      ...{ total_amount: '9.99', created_at: expect.stringMatching(rfc3339) as string },
    })
    const [message] = await queue.about(order.id)
    expect(message!.fields).toMatchObject({ exchange: 'orders', routingKey: 'created_order' })
    expect(message!.properties).toMatchObject({
      ...{ deliveryMode: 2, contentType: 'application/json', type: 'order.created' },
      messageId: expect.stringMatching(uuid) as string,
    })
    expect(contentOf(message!)).toEqual({
      producer: 'tillbook',
      sent_at: expect.stringMatching(rfc3339) as string,
      type: 'order.created',
      payload: {
        order: {
          order_id: order.id,
          customer_fullname: 'Ada Lovelace',
          product_name: 'Classic Box',
          total_amount: 9.99,
          created_at: order.created_at,
        },
      },
    })
  })

  test('O3: a repeat has the same message_id, and nothing else of it differs but when it was sent', async () => {
    const { id } = orderDto.parse((await programs.send('/orders', { json: box })).json)
    const [first] = await queue.about(id)
    await outbox('replay', `--id=${String(first!.properties.messageId)}`)
    const [, again] = await queue.about(id, 2)
    expect(again!.properties.messageId).toBe(first!.properties.messageId)
    const { sent_at: _first, ...sent } = contentOf(first!)
    const { sent_at: _again, ...repeated } = contentOf(again!)
    expect(repeated).toEqual(sent)
  })

  test('O3: what is pending or fails has none, and what is created later has its one', async () => {
    const place = async (product_code: string) => {
      const { status, json } = await programs.send('/orders', { json: { ...box, product_code } })
      expect([status, json]).toMatchObject([202, { status: 'pending' }])
      return orderDto.parse(json).id
    }
    programs.simulator.setFaults({ product: { error: 1 } })
    const later = await place('classic-box')
    programs.simulator.setFaults({})
    const failing = await place('veggie-box')
    expect(await queue.about(later)).toHaveLength(1)
    await pollUntil(
      async () => (await programs.send(`/orders/${failing}`)).json.status === 'failed',
      { what: 'failed order', timeoutMs: 30_000 },
    )
    // Behind all that could have come of it.
    const { id } = orderDto.parse((await programs.send('/orders', { json: box })).json)
    await queue.about(id)
    expect(queue.seen(failing)).toEqual([])
    expect(queue.seen(later)).toHaveLength(1)
  })

  test('O2 O3 T1: the total is a number with all its digits, also where a double has no room for the cents', async () => {
    const name = `palace ${randomUUID()}`
    await anItem(programs, { name, price: '8000000000000.11' })
    const as = await aCustomer(programs, 'rich', '72000000000000.99')
    await programs.send('/items', { as, json: { name, quantity: 9 } })
    const bought = await programs.send('/checkout', { as, json: { account_id: as } })
    const order = orderDto.parse(bought.json)
    expect(order.total_amount).toBe('72000000000000.99')
    const [message] = await queue.about(order.id)
    const text = message!.content.toString()
    expect(/"total_amount": ?([^,}]+)/.exec(text)![1]).toBe('72000000000000.99')
    expect(contentOf(message!)).toMatchObject({
      payload: { order: { order_id: order.id, customer_fullname: 'Ada rich', product_name: name } },
    })
    // Nor are any lost on an operator's screen.
    const { stdout } = await outbox('list', '--json')
    expect(stdout).toMatch(/"total_amount": ?72000000000000\.99[,}]/)
  })
})

interface Content {
  producer: string
  sent_at: string
  type: string
  payload: object
}

const contentOf = ({ content }: ConsumeMessage) => JSON.parse(content.toString()) as Content

/** What the durable exchange of all orders gets from now on. */
async function listen() {
  const connection = await connect(serviceUrl('RabbitMQ'))
  const channel = await connection.createChannel()
  // The broker closes the channel when one is there that is not durable.
  await channel.assertExchange('orders', 'topic', { durable: true })
  const { queue } = await channel.assertQueue('', { exclusive: true })
  await channel.bindQueue(queue, 'orders', 'created_order')
  const messages: ConsumeMessage[] = []
  await channel.consume(queue, (one) => void (one && messages.push(one)), { noAck: true })
  const seen = (orderId: string) => messages.filter((one) => one.content.includes(orderId))
  return {
    seen,
    about: (orderId: string, count = 1) =>
      pollUntil(() => seen(orderId).length >= count && seen(orderId), {
        what: `${count} messages about ${orderId}`,
        timeoutMs: 30_000,
      }),
    close: () => connection.close(),
  }
}
