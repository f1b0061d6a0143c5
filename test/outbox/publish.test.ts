import { describeWith } from '../harness/service'
import { idsOf } from '../harness/broker'
import { pollUntil } from '../harness/poll'
import { insertMessages } from '../../pkg/outbox/sql/store'
import { aHistory, anEvent, openBook, someEvents, type Book } from './book'

describeWith('RabbitMQ', 'O3: the outbox', () => {
  let book: Book
  beforeAll(async () => {
    book = await openBook()
  })
  afterEach(() => book.reset())
  afterAll(() => book.close())

  test('publishes every committed row, persistent and with its message_id', async () => {
    const queue = await book.broker.openQueue('created_order')
    const events = someEvents(book.broker, 250, { headers: { traceparent: '00-1-2-01' } })
    await book.insert(events)
    const relay = book.relay()
    await book.untilPublished(events.length)
    await queue.untilReceived(events.length)
    expect(queue.received).toHaveLength(events.length)
    const [message] = queue.received
    const [event] = events
    expect(message!.fields).toMatchObject({ routingKey: 'created_order', redelivered: false })
    expect(message!.properties).toMatchObject({
      messageId: event!.id,
      type: 'order.created',
      appId: 'tillbook',
      contentType: 'application/json',
      deliveryMode: 2,
      timestamp: Math.floor(Date.parse(event!.createdAt) / 1000),
      headers: {
        traceparent: '00-1-2-01',
        aggregate_type: 'order',
        aggregate_id: event!.aggregateId,
        aggregate_version: 1,
      },
    })
    expect(JSON.parse(message!.content.toString())).toEqual({
      producer: 'tillbook',
      sent_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z$/) as string,
      type: 'order.created',
      payload: JSON.parse(event!.payload) as unknown,
    })
    expect(await relay.metric('tillbook_outbox_published_total')).toBe(events.length)
    expect((await book.rows()).every(({ attempts }) => attempts === 0)).toBe(true)
  })

  test('publishes at once when it is nudged', async () => {
    const queue = await book.broker.openQueue('created_order')
    const relay = book.relay({ limits: { pollMs: 60_000 } })
    await pollUntil(() => relay.publisher!.state() === 'open', { what: 'connection' })
    await book.insert([anEvent(book.broker)])
    await pollUntil(
      () => {
        relay.nudge()
        return queue.received.length > 0
      },
      { what: 'message' },
    )
  })

  test('publishes nothing that is not committed, and nothing that was rolled back', async () => {
    const queue = await book.broker.openQueue('created_order')
    const [committed, rolledBack, open] = someEvents(book.broker, 3)
    const relay = book.relay()
    await book.pool.withClient(async (client) => {
      await client.query({ text: 'begin', values: [] })
      await insertMessages(client, [rolledBack!])
      await client.query({ text: 'rollback', values: [] })
      await client.query({ text: 'begin', values: [] })
      await insertMessages(client, [open!])
      // What is committed meanwhile is published; so the relay has looked, and did not see the others.
      await book.insert([committed!])
      await book.untilPublished(1)
      await queue.untilReceived(1)
      expect([...idsOf(queue.received)]).toEqual([committed!.id])
      await client.query({ text: 'commit', values: [] })
    })
    // Committed late, with a lower number than what is published already.
    await book.untilPublished(2)
    await queue.untilReceived(2)
    expect([...idsOf(queue.received)]).toEqual([committed!.id, open!.id])
    expect((await book.rows()).map(({ id }) => id)).toEqual([open!.id, committed!.id])
    expect(await relay.metric('tillbook_outbox_published_total')).toBe(2)
  })

  test('a message that nothing is bound to take stays, is retried and shown, and goes out then', async () => {
    const relay = book.relay()
    const event = anEvent(book.broker, { routingKey: 'unheard' })
    await book.insert([event])
    const returned = () => relay.metric('tillbook_outbox_returned_total')
    await pollUntil(async () => (await returned()) >= 3, { what: 'three returns' })
    const [row] = await book.rows()
    expect(row).toMatchObject({ published_at: null, parked_at: null, attempts: 0 })
    expect(row!.last_error).toBe('unroutable: NO_ROUTE')
    expect(await relay.metric('tillbook_outbox_messages{state="waiting"}')).toBe(1)
    expect(await relay.metric('tillbook_outbox_published_total')).toBe(0)

    const queue = await book.broker.openQueue('unheard')
    await book.untilPublished(1)
    await queue.untilReceived(1)
    expect([...idsOf(queue.received)]).toEqual([event.id])
    expect((await book.rows())[0]!.last_error).toBeNull()
  })

  test('what is returned keeps nobody else waiting', async () => {
    const queue = await book.broker.openQueue('created_order')
    await book.insert(someEvents(book.broker, 30, { routingKey: 'nobody' }))
    await book.insert(someEvents(book.broker, 30))
    book.relay({ limits: { batchMax: 10 } })
    await queue.untilReceived(30)
    await book.untilPublished(30)
  })

  test('keeps the order of each aggregate, over batches', async () => {
    const queue = await book.broker.openQueue('created_order')
    const histories = Array.from({ length: 5 }, () => aHistory(book.broker, 6))
    // Written with the highest version first: the number in the table says nothing.
    await book.insert(histories.flatMap((history) => history.toReversed()))
    book.relay({ limits: { batchMax: 3 } })
    await book.untilPublished(30)
    await queue.untilReceived(30)
    for (const history of histories) {
      const versions = queue.received
        .filter(({ properties }) => properties.headers!.aggregate_id === history[0]!.aggregateId)
        .map(({ properties }) => properties.headers!.aggregate_version as number)
      expect(versions).toEqual([1, 2, 3, 4, 5, 6])
    }
  })

  test('an aggregate stops at its first failure, and no other does', async () => {
    const queue = await book.broker.openQueue('created_order')
    const [first, second] = aHistory(book.broker, 2)
    const other = anEvent(book.broker)
    await book.insert([{ ...first!, routingKey: 'not_yet' }, second!, other])
    const relay = book.relay()
    const returned = () => relay.metric('tillbook_outbox_returned_total')
    await pollUntil(async () => (await returned()) >= 3, { what: 'three returns' })
    expect([...idsOf(queue.received)]).toEqual([other.id])
    const late = await book.broker.openQueue('not_yet')
    await book.untilPublished(3)
    await Promise.all([late.untilReceived(1), queue.untilReceived(2)])
  })

  test('two relays publish everything once, and keep the order', async () => {
    const queue = await book.broker.openQueue('created_order')
    const histories = Array.from({ length: 60 }, () => aHistory(book.broker, 3))
    const relays = [1, 2].map(() => book.relay({ limits: { batchMax: 5, leaseMs: 10_000 } }))
    const areOpen = () => relays.every(({ publisher }) => publisher!.state() === 'open')
    await pollUntil(areOpen, { what: 'two connections' })
    await book.insert(histories.flat())
    await book.untilPublished(180)
    await queue.untilReceived(180)
    expect(queue.received).toHaveLength(180)
    const counts = await Promise.all(
      relays.map((relay) => relay.metric('tillbook_outbox_published_total')),
    )
    // Both were at it.
    expect(Math.min(...counts)).toBeGreaterThan(0)
    for (const [first] of histories) {
      const versions = queue.received
        .filter(({ properties }) => properties.headers!.aggregate_id === first!.aggregateId)
        .map(({ properties }) => properties.headers!.aggregate_version as number)
      expect(versions).toEqual([1, 2, 3])
    }
  })
})
