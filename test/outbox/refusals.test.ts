import { pollUntil } from '../harness/poll'
import { idsOf } from '../harness/broker'
import { describeWith } from '../harness/service'
import { aHistory, anEvent, openBook, someEvents, type Book } from './book'

describeWith('RabbitMQ', 'O3: what the broker refuses', () => {
  let book: Book
  beforeAll(async () => {
    book = await openBook()
  })
  afterEach(() => book.reset())
  afterAll(() => book.close())

  const untilParked = (relay: ReturnType<Book['relay']>, messages = 1) =>
    pollUntil(
      async () => (await relay.metric('tillbook_outbox_messages{state="parked"}')) === messages,
      { what: `${messages} parked` },
    )

  test('a message that is nacked again and again is parked, and counted', async () => {
    const queue = await book.broker.openQueue('created_order')
    await book.broker.openFullQueue('full')
    const [nacked, other] = [anEvent(book.broker, { routingKey: 'full' }), anEvent(book.broker)]
    await book.insert([nacked, other])
    const relay = book.relay()
    await untilParked(relay)
    const [row] = await book.rows()
    expect(row).toMatchObject({ id: nacked.id, attempts: 3, published_at: null })
    expect(row!.parked_at).not.toBeNull()
    expect(row!.last_error).toMatch(/^refused: /)
    expect(await relay.metric('tillbook_outbox_nacked_total')).toBe(3)
    expect(await relay.metric('tillbook_outbox_parked_total')).toBe(1)
    await queue.untilReceived(1)
    expect([...idsOf(queue.received)]).toEqual([other.id])
  })

  test('a message that makes the broker close the channel takes no other along', async () => {
    const queue = await book.broker.openQueue('created_order')
    // To RabbitMQ, CC means further routing keys, and has to be a list.
    const poison = anEvent(book.broker, { headers: { CC: 'everybody' } })
    const others = someEvents(book.broker, 20)
    await book.insert([...others.slice(0, 10), poison, ...others.slice(10)])
    const relay = book.relay()
    await book.untilPublished(20)
    await queue.untilReceived(20)
    await untilParked(relay)
    const row = (await book.rows()).find(({ id }) => id === poison.id)!
    expect(row).toMatchObject({ attempts: 3, published_at: null })
    expect(row.last_error).toContain('PRECONDITION_FAILED')
    expect(idsOf(queue.received)).toEqual(new Set(others.map(({ id }) => id)))
    expect((await book.rows()).filter(({ attempts }) => attempts > 0)).toHaveLength(1)
  })

  test('a message that is too large is parked at once, one that AMQP has no room for when tried', async () => {
    const large = anEvent(book.broker, { payload: JSON.stringify({ order: 'x'.repeat(70_000) }) })
    const unwritable = anEvent(book.broker, { routingKey: 'x'.repeat(300) })
    await book.insert([large, unwritable])
    await untilParked(book.relay(), 2)
    const rows = await book.rows()
    expect(rows.map(({ attempts }) => attempts)).toEqual([1, 3])
    expect(rows[0]!.last_error).toMatch(/^refused: 70\d\d\d bytes are more than the 65536/)
  })

  test('a parked message holds back those behind it, until it is gone', async () => {
    const queue = await book.broker.openQueue('created_order')
    await book.broker.openFullQueue('full')
    const [first, second] = aHistory(book.broker, 2)
    const other = anEvent(book.broker)
    await book.insert([{ ...first!, routingKey: 'full' }, second!, other])
    await untilParked(book.relay())
    await book.untilPublished(1)
    await book.insert([anEvent(book.broker)])
    await book.untilPublished(2)
    expect(idsOf(queue.received)).not.toContain(second!.id)
    await book.sql('delete from outbox_message where id = $1', [first!.id])
    await queue.untilReceived(3)
    expect(idsOf(queue.received)).toContain(second!.id)
  })

  test('an exchange that is there with another type is used as it is', async () => {
    const queue = await book.broker.openQueue('created_order')
    await book.insert([anEvent(book.broker)])
    book.relay({ settings: { exchangeType: 'direct' } })
    await book.untilPublished(1)
    await queue.untilReceived(1)
  })

  test('makes an exchange that is not there, durable', async () => {
    const exchange = `${book.broker.exchange}_new`
    await book.insert([anEvent({ exchange })])
    const relay = book.relay()
    await pollUntil(async () => (await relay.metric('tillbook_outbox_returned_total')) > 0, {
      what: 'return',
    })
    // With any other properties than it has, this would be refused.
    await book.broker.channel.assertExchange(exchange, 'topic', { durable: true })
    await relay.close()
    await book.broker.channel.deleteExchange(exchange)
  })
})
