import { newPublisher, type Publisher, type PublisherSettings } from '../../internal/amqp/publisher'
import { newSystemClock } from '../../internal/clock/clock'
import { systemIds } from '../../internal/id/id'
import { newMetrics } from '../../internal/metrics/metrics'
import { newPool } from '../../internal/postgres/pool'
import { inTransaction } from '../../internal/postgres/transaction'
import { newOutboxMetrics } from '../../pkg/outbox/app/metrics'
import { startRelay, type Relay, type RelayLimits } from '../../pkg/outbox/app/relay'
import type { OutboxMessage, OutboxStore } from '../../pkg/outbox/outbox'
import { insertMessages, newOutboxStore } from '../../pkg/outbox/sql/store'
import { openTestBroker, type TestBroker } from '../harness/broker'
import { connectionSettings, newDatabase } from '../harness/database'
import { silentLog } from '../harness/log'
import { pollUntil } from '../harness/poll'
import { quickLimits, quickSettings } from './quick'

export interface RelayOptions {
  url?: string
  limits?: Partial<RelayLimits>
  settings?: Partial<PublisherSettings>
  /** Takes the place of the store, around the real one. */
  store?(real: OutboxStore): OutboxStore
  withoutBroker?: boolean
}

export interface RunningRelay extends Relay {
  publisher: Publisher | undefined
  /** The number that Prometheus is told. */
  metric(name: string): Promise<number>
}

export type Book = Awaited<ReturnType<typeof openBook>>

/** A database with an outbox, and an exchange and relays for it. */
export async function openBook() {
  const database = await newDatabase()
  const settings = connectionSettings(database.url)
  const pool = newPool(settings, silentLog(), { program: 'tillbook-test' })
  // As in production: with the rights of the API and no others.
  const relayPool = newPool({ ...settings, role: 'tillbook_api' }, silentLog(), {
    program: 'tillbook-test relay',
  })
  const broker = await openTestBroker()
  const relays: Relay[] = []

  const sql: Sql = async <Row>(text: string, values: unknown[] = []) =>
    (await pool.query({ text, values })).rows as Row[]

  /** Started with the test's settings; closed with the book, unless it was before. */
  function relay(options: RelayOptions = {}): RunningRelay {
    const log = silentLog()
    const metrics = newMetrics()
    const publisher = options.withoutBroker
      ? undefined
      : newPublisher({ ...quickSettings(options.url), ...options.settings }, log)
    const real = newOutboxStore(relayPool)
    const running = startRelay({
      store: options.store?.(real) ?? real,
      publisher,
      metrics: newOutboxMetrics(metrics, publisher?.state),
      clock: newSystemClock(),
      log,
      limits: { ...quickLimits, ...options.limits },
    })
    relays.push(running)
    return { ...running, publisher, metric: (name) => readMetric(metrics.text(), name) }
  }

  const insert = (messages: readonly OutboxMessage[]) =>
    inTransaction(pool, (tx) => insertMessages(tx, messages))

  return {
    ...{ pool, relayPool, broker, databaseUrl: database.url, sql, relay, insert },
    untilPublished: (messages: number) =>
      pollUntil(async () => (await published(sql)) >= messages, {
        what: `${messages} published rows`,
      }),
    rows: () => sql<OutboxRow>('select * from outbox_message order by seq'),
    /** Away with what a test left, on both sides. */
    async reset() {
      await Promise.all(relays.splice(0).map((one) => one.close()))
      await sql('truncate outbox_message')
    },
    async close() {
      await Promise.all(relays.map((one) => one.close()))
      await Promise.all([pool.close(), relayPool.close()])
      await Promise.all([database.close(), broker.close()])
    },
  }
}

export interface OutboxRow {
  id: string
  seq: bigint
  aggregate_id: string
  aggregate_version: number
  attempts: number
  last_error: string | null
  published_at: string | null
  parked_at: string | null
}

type Sql = <Row>(text: string, values?: unknown[]) => Promise<Row[]>

async function published(sql: Sql): Promise<number> {
  const text = 'select count(*)::int as n from outbox_message where published_at is not null'
  const [row] = await sql<{ n: number }>(text)
  return row!.n
}

async function readMetric(text: Promise<string>, name: string): Promise<number> {
  const line = (await text).split('\n').find((one) => one.startsWith(`${name} `))
  if (line === undefined) throw new Error(`there is no metric ${name}`)
  return Number(line.slice(name.length))
}

const clock = newSystemClock()

/** An event of the book's exchange, of an aggregate of its own unless one is given. */
export function anEvent(
  { exchange }: Pick<TestBroker, 'exchange'>,
  given: Partial<OutboxMessage> = {},
): OutboxMessage {
  const aggregateId = given.aggregateId ?? systemIds.next()
  const createdAt = clock.now()
  return {
    id: systemIds.next(),
    aggregateType: 'order',
    aggregateId,
    aggregateVersion: 1,
    exchange,
    routingKey: 'created_order',
    type: 'order.created',
    payload: JSON.stringify({
      order: {
        order_id: aggregateId,
        customer_fullname: 'Ada Lovelace',
        product_name: 'Classic Box',
        total_amount: 9.99,
        created_at: createdAt,
      },
    }),
    headers: {},
    createdAt,
    ...given,
  }
}

export function someEvents(
  broker: Pick<TestBroker, 'exchange'>,
  count: number,
  given: Partial<OutboxMessage> = {},
): OutboxMessage[] {
  return Array.from({ length: count }, () => anEvent(broker, given))
}

/** Versions 1 to `count` of one aggregate. */
export function aHistory(
  broker: Pick<TestBroker, 'exchange'>,
  count: number,
  aggregateId = systemIds.next(),
): OutboxMessage[] {
  return Array.from({ length: count }, (_, i) =>
    anEvent(broker, { aggregateId, aggregateVersion: i + 1 }),
  )
}
