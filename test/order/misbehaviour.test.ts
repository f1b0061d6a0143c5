import type { FaultName } from '../../internal/simulator/fault'
import { pollUntil } from '../harness/poll'
import { ada, answeredMsMax, openShop, orderOf, patient, problemOf, type Shop } from './shop'
import { never, startService, wellAnswers, type Service } from './service'

// O1, O4: whatever a service does, the caller gets a clear answer in time, and nothing is made up.

describe('a service that fails as services do', () => {
  const faults: FaultName[] = [
    'error',
    'drop',
    'hang',
    'slow_body',
    'html',
    'half_json',
    'wrong_shape',
    'redirect',
    'endless',
    'long_name',
  ]

  const circuit = { circuit_open_ms: 50 }
  let shops: Shop[]
  beforeAll(async () => {
    const work = { attempts_max: 1000, timeout_ms: 100 }
    const upstreams = { user: circuit, product: circuit }
    shops = await Promise.all([openShop({ work, upstreams }), openShop({ work, upstreams })])
  })
  afterAll(() => Promise.all(shops.map((shop) => shop.close())))

  test.each(faults)('O4 %s: pending in time, created once it is well again', async (fault) => {
    const [one, other] = shops
    await Promise.all([strike(one!, 'user', fault), strike(other!, 'product', fault)])
  })
})

async function strike(shop: Shop, service: 'user' | 'product', fault: FaultName): Promise<void> {
  // Closed again, should the one before have opened the circuit: the fault is to be met.
  const isWell = async () => (await shop.place(ada, 'classic-box')).status === 201
  await pollUntil(isWell, { what: 'service that is well' })

  shop.simulator.setFaults({ [service]: { [fault]: 1 } })
  const begin = performance.now()
  const answer = await shop.place(ada, 'classic-box')
  expect(performance.now() - begin).toBeLessThan(answeredMsMax)
  expect(answer.status).toBe(202)
  const order = orderOf(answer)
  expect(await shop.messagesOf(order.id)).toEqual([])

  shop.simulator.setFaults({})
  expect(await shop.settled(order.id)).toMatchObject({
    status: 'created',
    customer_fullname: 'Ada Lovelace',
    total_amount: '9.99',
  })
  expect(await shop.messagesOf(order.id)).toHaveLength(1)
}

describe('a service that says what cannot be', () => {
  let shop: Shop
  let service: Service

  beforeAll(async () => {
    service = await startService()
    shop = await openShop({ ...patient, url: service.url, withoutWorker: true })
  })

  afterAll(async () => {
    await shop.close()
    await service.close()
  })

  afterEach(() => {
    service.answers = { ...wellAnswers }
  })

  const product = (changes: object) => ({ code: 'p', name: 'Product', price: 12.5, ...changes })
  const user = (changes: object) => ({ id: 'u', firstName: 'Una', lastName: 'User', ...changes })

  test.each([
    ['a price of 12.345 EUR', product({ price: 12.345 })],
    ['a price below zero', product({ price: -1 })],
    ['a price of 1e300', product({ price: 1e300 })],
    ['a price of 1e-7', product({ price: 1e-7 })],
    ['a price that no double holds', product({ price: 12345678901234.567 })],
    ['a price as text', product({ price: '12.50' })],
    ['no price', product({ price: null })],
    ['another product', product({ code: 'q' })],
    ['a product without a name', product({ name: '' })],
    ['a name with control characters', product({ name: 'a\u0007b' })],
    ['a name with a NUL', product({ name: 'a\u0000b' })],
    ['a name of 201 characters', product({ name: 'x'.repeat(201) })],
    ['a list', [product({})]],
    ['nothing but null', null],
  ])('O4 %s is no product: the order waits', async (_what, answer) => {
    service.answers['/products/p'] = answer
    const placed = await shop.place('u', 'p')
    expect(placed.status).toBe(202)
    expect(orderOf(placed)).toMatchObject({
      status: 'pending',
      customer_fullname: 'Una User',
      product_name: null,
      total_amount: null,
    })
  })

  test.each([
    ['another user', user({ id: 'v' })],
    ['a user without any name', user({ firstName: '', lastName: '' })],
    ['a name with a line break', user({ lastName: 'a\nb' })],
    ['half of a surrogate', user({ lastName: '\ud800' })],
    ['a number for a name', user({ firstName: 1 })],
  ])('O4 %s is no user: the order waits', async (_what, answer) => {
    service.answers['/users/u'] = answer
    const placed = await shop.place('u', 'p')
    expect(orderOf(placed)).toMatchObject({ status: 'pending', customer_fullname: null })
  })

  test.each([
    ['free', 0, '0.00'],
    ['a cent', 0.01, '0.01'],
    ['whole', 7, '7.00'],
    ['1.1 + 2.2 rounded by nobody', 3.3, '3.30'],
    ['the largest', 90_071_992_547_409.9, '90071992547409.90'],
  ])('O2 a price is taken by its shortest decimal form: %s', async (_what, price, total) => {
    service.answers['/products/p'] = product({ price })
    const order = orderOf(await shop.place('u', 'p'))
    expect(order).toMatchObject({ status: 'created', total_amount: total })
    const [message] = await shop.messagesOf(order.id)
    expect(message!.payload.order.total_amount).toBe(price)
  })

  test('O2 somebody with one name has that, and what is unknown about a product is passed over', async () => {
    service.answers['/users/u'] = user({ firstName: 'Plato', lastName: '', born: -428 })
    service.answers['/products/p'] = product({ weight: 3 })
    const order = orderOf(await shop.place('u', 'p'))
    expect(order).toMatchObject({ status: 'created', customer_fullname: 'Plato' })
  })

  test.each([401, 403, 410, 429])(
    'O4 a refusal with %i is no 404: the order waits',
    async (status) => {
      service.answers['/users/u'] = status
      expect((await shop.place('u', 'p')).status).toBe(202)
    },
  )

  test('O1 an unknown user is named at once, also while the other service says nothing', async () => {
    service.answers['/products/p'] = never
    const before = await shop.counts()
    const begin = performance.now()
    const answer = await shop.place('nobody', 'p')
    expect(performance.now() - begin).toBeLessThan(10_000)
    expect(answer.status).toBe(422)
    expect(problemOf(answer)).toMatchObject({
      code: 'order.user_unknown',
      detail: 'The user service knows no user "nobody".',
      errors: [{ path: 'user_id', message: 'is not known to the user service' }],
    })
    expect(await shop.counts()).toEqual(before)
  })

  test('O1 an unknown product is named at once, also while the other service fails', async () => {
    service.answers['/users/u'] = never
    const answer = await shop.place('u', 'nothing')
    expect(answer.status).toBe(422)
    expect(problemOf(answer)).toMatchObject({
      code: 'order.product_unknown',
      errors: [{ path: 'product_code', message: 'is not known to the product service' }],
    })
  })

  test('O1 what looks like a path is a name, and nobody has it', async () => {
    const before = service.asked.size
    for (const id of ['..', '.', '../products/p', 'u/', 'u?x=1', 'u#x', '%2e%2e', '/users/u']) {
      expect([id, (await shop.place(id, 'p')).status]).toEqual([id, 422])
    }
    const asked = [...service.asked.keys()].slice(before)
    expect(asked.filter((path) => !/^\/(users|products)\/[^/?#]+$/.test(path))).toEqual([])
  })

  test('C5 the trace context goes on to the services and into the message', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    service.traceparents.length = 0
    const order = orderOf(await shop.place('u', 'p', { headers: { traceparent } }))
    expect(service.traceparents).toEqual([traceparent, traceparent])
    expect((await shop.messagesOf(order.id))[0]!.headers).toEqual({ traceparent })
    const other = orderOf(await shop.place('u', 'p', { headers: { traceparent: 'nonsense' } }))
    // What is no trace context is taken for none: the order begins a trace of its own.
    const own = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-00$/
    const { headers } = (await shop.messagesOf(other.id))[0]!
    expect(headers).toEqual({ traceparent: expect.stringMatching(own) as string })
  })
})

test('O4 a service that only fails is not asked for long: the circuit opens, and answers come without it', async () => {
  const service = await startService({ '/users/u': 500, '/products/p': 500 })
  const shop = await openShop({ ...patient, url: service.url, withoutWorker: true })
  try {
    await Promise.all(Array.from({ length: 20 }, () => shop.place('u', 'p')))
    const asked = new Map(service.asked)
    expect((await shop.place('u', 'p')).status).toBe(202)
    expect(service.asked).toEqual(asked)
  } finally {
    await shop.close()
    await service.close()
  }
})

test('O4 the slow calls of one service take nothing from the other', async () => {
  const service = await startService({ '/users/slow': never })
  const narrow = { in_flight_max: 5, queue_max: 5, timeout_ms: 5000 }
  const shop = await openShop({
    url: service.url,
    withoutWorker: true,
    upstreams: { user: narrow, product: narrow },
  })
  try {
    const slow = Array.from({ length: 5 }, () => shop.place('slow', 'p'))
    await pollUntil(() => service.asked.get('/users/slow') === 5, { what: 'five that hang' })
    const answer = await shop.place('u', 'nothing')
    expect([answer.status, problemOf(answer).code]).toEqual([422, 'order.product_unknown'])
    for (const { status } of await Promise.all(slow)) expect(status).toBe(202)
  } finally {
    await shop.close()
    await service.close()
  }
})
