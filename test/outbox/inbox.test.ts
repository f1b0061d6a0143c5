import { handleOnce } from '../../pkg/outbox/sql/inbox'
import { systemIds } from '../../internal/id/id'
import { pollUntil } from '../harness/poll'
import { describeWith } from '../harness/service'
import { anEvent, openBook, someEvents, type Book } from './book'
import { consumeOrders } from './example-consumer'

describeWith('RabbitMQ', 'O3: the inbox of a consumer', () => {
  let book: Book
  beforeAll(async () => {
    book = await openBook()
    await book.sql('create table parcel (order_id text not null)')
    await book.sql('grant insert on parcel to tillbook_api')
  })
  afterEach(() => book.reset())
  afterAll(() => book.close())

  const parcels = async () =>
    (await book.sql<{ order_id: string }>('select order_id from parcel')).map((row) => row.order_id)

  const ship = (order: { order_id: string }) => ({
    text: 'insert into parcel (order_id) values ($1)',
    values: [order.order_id],
  })

  test('drops repeats: a replayed event, and one that failed halfway', async () => {
    const queue = `${book.broker.exchange}_parcels`
    const { channel, exchange } = book.broker
    await channel.assertQueue(queue)
    await channel.bindQueue(queue, exchange, 'created_order')
    const events = someEvents(book.broker, 10)
    await book.insert(events)
    let deliveries = 0
    await consumeOrders({
      channel,
      queue,
      pool: book.relayPool,
      async onOrder(order, tx) {
        await tx.query(ship(order))
        deliveries += 1
        // What it wrote is undone, and the message comes again.
        if (deliveries % 4 === 1) throw new Error('out of boxes')
      },
    })
    book.relay()
    await pollUntil(async () => (await parcels()).length === 10, { what: 'parcels' })
    const handled = deliveries
    expect(handled).toBeGreaterThan(10)

    await book.sql('update outbox_message set published_at = null')
    // Behind the repeats, in the same queue.
    const last = anEvent(book.broker)
    await book.untilPublished(10)
    await book.insert([last])
    await pollUntil(async () => (await parcels()).includes(last.aggregateId), { what: 'the last' })
    const orders = [...events, last].map(({ aggregateId }) => aggregateId)
    expect((await parcels()).sort()).toEqual(orders.sort())
    await channel.deleteQueue(queue)
  })

  test('of deliveries at once one is handled; each consumer handles its own', async () => {
    await book.sql('delete from parcel')
    const messageId = systemIds.next()
    const deliver = (consumer: string) =>
      handleOnce(book.relayPool, { consumer, messageId }, async (tx) => {
        await tx.query(ship({ order_id: consumer }))
      })
    const answers = await Promise.all(['a', 'a', 'b', 'a', 'b'].map(deliver))
    expect(answers.filter(Boolean)).toHaveLength(2)
    expect((await parcels()).sort()).toEqual(['a', 'b'])
  })
})
