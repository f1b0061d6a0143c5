import { join } from 'node:path'
import { loadConfig } from '../../config/config'
import { newSystemClock } from '../../internal/clock/clock'
import { newMetrics } from '../../internal/metrics/metrics'
import { startOutbox } from '../../pkg/outbox/app/outbox'
import { newOutboxStore } from '../../pkg/outbox/sql/store'
import { silentLog } from '../harness/log'
import { pollUntil } from '../harness/poll'
import { projectFolder } from '../harness/program'
import { describeWith, serviceUrl } from '../harness/service'
import { openBook, someEvents, type Book } from './book'

const settingsWith = (env: NodeJS.ProcessEnv) =>
  loadConfig('api', join(projectFolder, 'config/api/local.json'), env).broker

describeWith('RabbitMQ', 'O3: the outbox beside publishing', () => {
  let book: Book
  beforeAll(async () => {
    book = await openBook()
  })
  afterEach(() => book.reset())
  afterAll(() => book.close())

  test('without a broker events wait, are shown to wait, and one line says so', async () => {
    await book.insert(someEvents(book.broker, 3))
    const lines: string[] = []
    const say = (...words: unknown[]) => void lines.push(String(words.at(-1)))
    const log = { debug: say, info: say, warn: say, error: say, child: () => log }
    const metrics = newMetrics()
    const relay = startOutbox({
      store: newOutboxStore(book.relayPool),
      settings: settingsWith({}),
      metrics,
      clock: newSystemClock(),
      log,
    })
    await pollUntil(
      async () => (await metrics.text()).includes('tillbook_outbox_messages{state="waiting"} 3'),
      { what: 'lag' },
    )
    expect(await metrics.text()).toContain('tillbook_broker_connection{state="none"} 1')
    relay.nudge()
    await relay.close()
    expect(lines).toEqual([
      'no broker is configured: events wait in the outbox until AMQP_URL names one',
    ])
    expect((await book.rows()).every(({ published_at }) => published_at === null)).toBe(true)
  })

  test('relays as it is configured, to the broker that AMQP_URL names', async () => {
    const queue = await book.broker.openQueue('created_order')
    await book.insert(someEvents(book.broker, 3))
    const relay = startOutbox({
      store: newOutboxStore(book.relayPool),
      settings: settingsWith({ AMQP_URL: serviceUrl('RabbitMQ') }),
      metrics: newMetrics(),
      clock: newSystemClock(),
      log: silentLog(),
    })
    await book.untilPublished(3)
    await queue.untilReceived(3)
    await relay.close()
  })

  test('what was published long ago is deleted, and nothing else', async () => {
    const [old, young, parked, waiting] = someEvents(book.broker, 4, { routingKey: 'nobody' })
    await book.insert([old!, young!, parked!, waiting!])
    const set = (what: string, id: string) =>
      book.sql(`update outbox_message set ${what} where id = $1`, [id])
    await set(`published_at = now() - interval '2 hours'`, old!.id)
    await set(`published_at = now() - interval '10 minutes'`, young!.id)
    await set(`parked_at = now() - interval '2 hours'`, parked!.id)
    book.relay({ limits: { purgeMs: 10 } })
    await pollUntil(async () => (await book.rows()).length === 3, { what: 'deletion' })
    const left = (await book.rows()).map(({ id }) => id)
    expect(left).toEqual([young!.id, parked!.id, waiting!.id])
  })

  test('goes on when the database was away', async () => {
    let failures = 0
    const failing = (real: ReturnType<typeof newOutboxStore>) => ({
      ...real,
      claim: (limit: number, leaseMs: number) => {
        if (failures++ < 3) throw new Error('the database is away')
        return real.claim(limit, leaseMs)
      },
    })
    await book.broker.openQueue('created_order')
    await book.insert(someEvents(book.broker, 2))
    book.relay({ store: failing })
    await book.untilPublished(2)
    expect(failures).toBeGreaterThan(3)
  })
})
