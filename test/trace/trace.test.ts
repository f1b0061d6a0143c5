import { connect } from 'amqplib'
import type { ConsumeMessage } from 'amqplib'
import { z } from 'zod'
import { orderDto } from '../../pkg/order/dto/order'
import { pollUntil } from '../harness/poll'
import { describeWith, serviceUrl } from '../harness/service'
import { aCaller, openRig, type Rig } from './rig'

const kind = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 }

let rig: Rig
beforeAll(async () => {
  rig = await openRig()
})
afterAll(() => rig.close())

const ordered = { user_id: 'u', product_code: 'p' }

/** Waits for a line of the API's log with these fields. */
const logged = (fields: Record<string, string>) =>
  pollUntil(
    () => rig.lines().some((line) => Object.entries(fields).every(([k, v]) => line[k] === v)),
    { what: `log line ${JSON.stringify(fields)}` },
  )

/** What the exchange of all orders gets from now on. */
async function listen() {
  const connection = await connect(serviceUrl('RabbitMQ'))
  const channel = await connection.createChannel()
  await channel.assertExchange('orders', 'topic', { durable: true })
  const { queue } = await channel.assertQueue('', { exclusive: true })
  await channel.bindQueue(queue, 'orders', 'created_order')
  const messages: ConsumeMessage[] = []
  await channel.consume(queue, (one) => void (one && messages.push(one)), { noAck: true })
  return {
    about: (orderId: string) =>
      pollUntil(() => messages.find((one) => one.content.includes(orderId)), { what: 'message' }),
    close: () => connection.close(),
  }
}

describeWith('RabbitMQ', 'R6 O5: tracing', () => {
  let queue: Awaited<ReturnType<typeof listen>>
  beforeAll(async () => {
    queue = await listen()
  })
  afterAll(() => queue.close())

  test('shows one trace from the caller through API, worker and service into the message', async () => {
    const { traceId, spanId, headers } = aCaller()
    const before = rig.service.traceparents.length
    const answer = await rig.send('/orders', {
      json: ordered,
      headers: { ...headers, prefer: 'respond-async', 'x-request-id': 'one-trace' },
    })
    const { id } = orderDto.parse(JSON.parse(answer.text))

    const request = await rig.collector.span(traceId, 'POST /orders')
    expect(request).toMatchObject({
      ...{ service: 'tillbook-api', kind: kind.server, parentSpanId: spanId },
      attributes: {
        ...{ 'http.route': '/orders', 'http.response.status_code': 202 },
        'tillbook.request_id': 'one-trace',
      },
    })
    const work = await rig.collector.span(traceId, 'handle pending orders')
    expect(work).toMatchObject({
      ...{ service: 'tillbook-worker', kind: kind.consumer, parentSpanId: request.spanId },
      attributes: { 'tillbook.row': id },
    })
    const calls = [
      await rig.collector.span(traceId, 'GET user'),
      await rig.collector.span(traceId, 'GET product'),
    ]
    for (const call of calls) {
      expect(call).toMatchObject({ kind: kind.client, parentSpanId: work.spanId })
      expect(call.attributes['tillbook.outcome']).toBe('ok')
    }
    const heard = rig.service.traceparents.slice(before)
    const expected = calls.map((call) => `00-${traceId}-${call.spanId}-01`)
    expect(heard.sort()).toEqual(expected.sort())

    const message = await queue.about(id)
    expect(message.properties.headers).toMatchObject({
      traceparent: `00-${traceId}-${request.spanId}-01`,
    })
    const batch = await rig.collector.span(traceId, 'publish outbox')
    expect(batch).toMatchObject({ kind: kind.producer, parentSpanId: request.spanId })
    expect(batch.attributes).toMatchObject({ 'tillbook.published': 1 })
  })

  test('goes on with the trace of whoever put something into a cart', async () => {
    const { traceId, headers } = aCaller()
    await rig.send('/items', { json: { name: 'laptop', quantity: 1 }, headers })
    const request = await rig.collector.span(traceId, 'POST /items')
    const work = await rig.collector.span(traceId, 'handle reservations')
    expect(work).toMatchObject({ service: 'tillbook-worker', parentSpanId: request.spanId })
    const call = await rig.collector.span(traceId, 'POST reservation')
    expect(call.parentSpanId).toBe(work.spanId)
    expect(rig.service.traceparents).toContain(`00-${traceId}-${call.spanId}-01`)
  })

  test('has a span for a look-up that the request itself waits for', async () => {
    const { traceId, headers } = aCaller()
    await rig.send('/orders', { json: ordered, headers })
    const request = await rig.collector.span(traceId, 'POST /orders')
    expect(await rig.collector.span(traceId, 'GET user')).toMatchObject({
      ...{ service: 'tillbook-api', parentSpanId: request.spanId },
    })
  })
})

test('C5: has a span for each call over gRPC', async () => {
  const { traceId, spanId, headers } = aCaller()
  const response = await rig.call('item.Item/List', { ...headers, 'x-request-id': 'a-call' })
  expect(response.status).toBe(200)
  expect(await rig.collector.span(traceId, 'item.Item/List')).toMatchObject({
    ...{ kind: kind.server, parentSpanId: spanId },
    attributes: { 'rpc.response.status_code': 'ok', 'tillbook.request_id': 'a-call' },
  })
  await logged({ request_id: 'a-call', trace_id: traceId })
})

test('has a span for the group that a transaction was committed with, linked to all its requests', async () => {
  const opened = z.object({ id: z.string() })
  const { id } = opened.parse(
    JSON.parse((await rig.send('/users/demo/accounts', { json: anAccount })).text),
  )
  const callers = Array.from({ length: 8 }, () => aCaller())
  const post = { account_id: id, amount: '1.00', description: 'traced' }
  await Promise.all(
    callers.map(({ headers }) => rig.send('/transactions', { json: post, headers })),
  )
  const requests = await Promise.all(
    callers.map(({ traceId }) => rig.collector.span(traceId, 'POST /transactions')),
  )
  const groups = () => rig.collector.spans.filter(({ name }) => name === 'commit group')
  const served = () =>
    groups().flatMap(({ parentSpanId, links }) => [parentSpanId, ...links.map((one) => one.spanId)])
  await pollUntil(() => requests.every(({ spanId }) => served().includes(spanId)), {
    what: 'group of each request',
  })
  const sizes = groups().map(({ attributes }) => Number(attributes['tillbook.requests']))
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(callers.length)
  expect(groups()[0]!.attributes).toMatchObject({
    'tillbook.accounts': 1,
    'tillbook.attempts': 1,
  })
})

const anAccount = { name: 'Traced', currency: 'EUR' }

test('tells a failure by its code, and nothing of what was sent', async () => {
  const { traceId, headers } = aCaller()
  const secret = 'Basic c2VjcmV0OnNlY3JldA=='
  await rig.send('/users/lovelace?limit=5', { headers: { ...headers, authorization: secret } })
  const span = await rig.collector.span(traceId, 'GET /users/:id')
  expect(span.attributes['tillbook.fault']).toBe('auth.unauthenticated')
  // Ids are random digits, and may spell a word.
  const { name, attributes, status } = span
  expect(JSON.stringify({ name, attributes, status })).not.toMatch(/lovelace|limit|c2VjcmV0/)
})

test('begins a trace of its own where the caller has none, or one that is no trace', async () => {
  for (const traceparent of ['', 'nonsense', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`]) {
    const id = `own-${traceparent.length}`
    await rig.send('/ready', { headers: { 'x-request-id': id, traceparent } })
    const span = await pollUntil(
      () => rig.collector.spans.find((one) => one.attributes['tillbook.request_id'] === id),
      { what: 'span' },
    )
    expect(span.parentSpanId ?? '').toBe('')
    await logged({ request_id: id, trace_id: span.traceId })
  }
})

test('records nothing of what the caller does not record, and hands its trace on', async () => {
  const { traceId, headers } = aCaller('00')
  const seen = aCaller()
  await rig.send('/orders', { json: ordered, headers })
  await rig.send('/orders', { json: ordered, headers: seen.headers })
  await rig.collector.span(seen.traceId, 'POST /orders')
  expect(rig.collector.spans.some((one) => one.traceId === traceId)).toBe(false)
  const heard = rig.service.traceparents.filter((one) => one?.includes(traceId))
  expect(heard).toHaveLength(2)
  expect(heard.every((one) => one!.endsWith('-00'))).toBe(true)
})
