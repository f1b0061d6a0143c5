import { setTimeout as sleep } from 'node:timers/promises'
import type { OutboxStore } from '../../pkg/outbox/outbox'
import { idsOf, type TestQueue } from '../harness/broker'
import { pollUntil } from '../harness/poll'
import { newRandom, newSeed } from '../harness/random'
import { describeWith, serviceUrl } from '../harness/service'
import { startTcpProxy, type TcpProxy, type Watcher } from '../harness/tcp-proxy'
import { anEvent, openBook, someEvents, type Book } from './book'

/** basic.ack, class 60 and method 80: the broker's confirm. */
const confirm = Buffer.from([0, 60, 0, 80])

/** channel.close, class 20 and method 40: the goodbye of the channel that declares. */
const channelClose = Buffer.from([0, 20, 0, 40])

/** connection.blocked with a reason, and connection.unblocked, each a whole frame. */
const blocked = Buffer.from('01000000000009000a003c046469736bce', 'hex')
const unblocked = Buffer.from('01000000000004000a003dce', 'hex')

/** A machine that is busy with other tests is no broker that hangs. */
const patient = { confirmTimeoutMs: 2000 }

const seed = newSeed()

describeWith('RabbitMQ', 'O3 O5: while the broker comes and goes', () => {
  let book: Book
  let queue: TestQueue
  const proxies: TcpProxy[] = []
  beforeAll(async () => {
    book = await openBook()
    queue = await book.broker.openQueue('created_order')
  })
  afterEach(async () => {
    await book.reset()
    await Promise.all(proxies.splice(0).map((one) => one.close()))
    queue.received.length = 0
  })
  afterAll(() => book.close())

  async function proxy(newWatcher?: () => Watcher): Promise<TcpProxy> {
    const started = await startTcpProxy(serviceUrl('RabbitMQ'), newWatcher)
    proxies.push(started)
    return started
  }

  async function expectAll(ids: string[]): Promise<void> {
    await book.untilPublished(ids.length)
    await queue.untilReceived(ids.length)
    expect(idsOf(queue.received)).toEqual(new Set(ids))
    expect((await book.rows()).filter(({ attempts }) => attempts > 0)).toEqual([])
  }

  test('an outage under load burns no attempt, and everything arrives afterwards', async () => {
    const broker = await proxy()
    const relay = book.relay({ url: broker.url })
    const ids: string[] = []
    const insert = async () => {
      const events = someEvents(book.broker, 5)
      await book.insert(events)
      ids.push(...events.map(({ id }) => id))
    }
    for (let i = 0; i < 5; i++) await insert()
    await book.untilPublished(5)
    broker.mode = 'away'
    for (let i = 0; i < 20; i++) await insert()
    await pollUntil(() => relay.publisher!.state() === 'away', { what: 'outage' })
    const gauge = 'tillbook_outbox_messages{state="waiting"}'
    await pollUntil(async () => (await relay.metric(gauge)) >= 100, { what: 'lag' })
    expect(await relay.metric('tillbook_outbox_oldest_waiting_seconds')).toBeGreaterThan(0)
    expect(await relay.metric('tillbook_broker_connection{state="away"}')).toBe(1)
    broker.mode = 'open'
    for (let i = 0; i < 5; i++) await insert()
    await expectAll(ids)
    expect(relay.publisher!.state()).toBe('open')
  })

  test(`nothing is lost when connections are cut at any moment (SEED=${seed})`, async () => {
    const random = newRandom(seed)
    // From within the handshake to some batches later.
    const broker = await proxy(() => {
      let left = random.between(200, 9000)
      return (_direction, bytes) => ((left -= bytes.length) > 0 ? 'pass' : 'cut')
    })
    const events = someEvents(book.broker, 100)
    await book.insert(events)
    for (let i = 0; i < 2; i++) book.relay({ url: broker.url, limits: { batchMax: 7 } })
    await expectAll(events.map(({ id }) => id))
    expect(broker.connections()).toBeGreaterThan(5)
  })

  test('a connection that is lost while the exchange is being declared holds nothing up', async () => {
    let cuts = 0
    const broker = await proxy(() => (direction, bytes) => {
      const hit = direction === 'sent' && cuts === 0 && bytes.includes(channelClose)
      cuts += Number(hit)
      return hit ? 'cut' : 'pass'
    })
    const event = anEvent(book.broker)
    await book.insert([event])
    book.relay({ url: broker.url })
    await expectAll([event.id])
    expect(cuts).toBe(1)
  })

  test('what was confirmed and not heard of comes again with the same message_id', async () => {
    let cuts = 0
    const broker = await proxy(() => (direction, bytes) => {
      const hit = direction === 'answered' && cuts === 0 && bytes.includes(confirm)
      cuts += Number(hit)
      return hit ? 'cut' : 'pass'
    })
    const event = anEvent(book.broker)
    await book.insert([event])
    const relay = book.relay({ url: broker.url })
    await expectAll([event.id])
    expect(cuts).toBe(1)
    await pollUntil(() => queue.received.length >= 2, { what: 'repeat' })
    expect(await relay.metric('tillbook_outbox_unanswered_total')).toBe(1)
    expect(await relay.metric('tillbook_outbox_published_total')).toBe(1)
  })

  test('what was confirmed and not written down comes again with the same message_id', async () => {
    let isBroken = true
    const store = (real: OutboxStore): OutboxStore => ({
      ...real,
      settle: (settlements) => {
        if (!isBroken) return real.settle(settlements)
        isBroken = false
        throw new Error('the database is away')
      },
    })
    const event = anEvent(book.broker)
    await book.insert([event])
    book.relay({ store, limits: { leaseMs: 50 } })
    await expectAll([event.id])
    await pollUntil(() => queue.received.length >= 2, { what: 'repeat' })
  })

  test('a broker that says nothing is given up, and everything goes out on another connection', async () => {
    const broker = await proxy()
    const relay = book.relay({ url: broker.url, settings: { confirmTimeoutMs: 250 } })
    await pollUntil(() => relay.publisher!.state() === 'open', { what: 'connection' })
    broker.mode = 'frozen'
    const events = someEvents(book.broker, 10)
    await book.insert(events)
    await pollUntil(() => relay.publisher!.state() === 'away', { what: 'time-out' })
    broker.mode = 'open'
    await expectAll(events.map(({ id }) => id))
    expect(broker.connections()).toBeGreaterThan(1)
  })

  test('while the broker blocks it, the relay waits and sends nothing twice', async () => {
    const broker = await proxy()
    const relay = book.relay({ url: broker.url, settings: patient, limits: { leaseMs: 10_000 } })
    await pollUntil(() => relay.publisher!.state() === 'open', { what: 'connection' })
    broker.inject(blocked)
    await pollUntil(() => relay.publisher!.state() === 'blocked', { what: 'blockade' })
    expect(await relay.metric('tillbook_broker_connection{state="blocked"}')).toBe(1)
    const events = someEvents(book.broker, 3)
    await book.insert(events)
    const gauge = 'tillbook_outbox_messages{state="waiting"}'
    await pollUntil(async () => (await relay.metric(gauge)) === 3, { what: 'lag' })
    broker.inject(unblocked)
    await expectAll(events.map(({ id }) => id))
    expect(queue.received).toHaveLength(3)
    expect(broker.connections()).toBe(1)
  })

  test('a blockade in the middle of a batch is waited out, however long', async () => {
    const broker = await proxy()
    // Long enough for a busy machine to hear of a confirm, once the blockade is over.
    const settings = { confirmTimeoutMs: 1500 }
    const relay = book.relay({ url: broker.url, settings, limits: { leaseMs: 15_000 } })
    const [first, second] = someEvents(book.broker, 2)
    await book.insert([first!])
    await book.untilPublished(1)
    broker.mode = 'frozen'
    await book.insert([second!])
    await pollUntil(async () => (await claims(book)) === 1, { what: 'claim' })
    broker.inject(blocked)
    await sleep(2 * settings.confirmTimeoutMs)
    expect(relay.publisher!.state()).toBe('blocked')
    broker.inject(unblocked)
    broker.mode = 'open'
    await expectAll([first!.id, second!.id])
    expect(queue.received).toHaveLength(2)
  })

  test('closes soon while the broker says nothing, and leaves the rows to others', async () => {
    const broker = await proxy()
    const settings = { confirmTimeoutMs: 60_000 }
    const relay = book.relay({ url: broker.url, settings, limits: { leaseMs: 60_000 } })
    await pollUntil(() => relay.publisher!.state() === 'open', { what: 'connection' })
    broker.mode = 'frozen'
    const event = anEvent(book.broker)
    await book.insert([event])
    await pollUntil(async () => (await claims(book)) === 1, { what: 'claim' })
    const begin = performance.now()
    await relay.close()
    // Not by the end of the confirm's time, which is a minute.
    expect(performance.now() - begin).toBeLessThan(20_000)
    expect(relay.publisher!.state()).toBe('closed')
    // At once, not when the claim would have been void.
    book.relay()
    await expectAll([event.id])
  })
})

/** Rows that somebody has claimed at this moment. */
async function claims(book: Book): Promise<number> {
  const text = `select count(*)::int as n from outbox_message
    where published_at is null and available_at > clock_timestamp()`
  const [row] = await book.sql<{ n: number }>(text)
  return row!.n
}
