import { ada, answeredMsMax, openShop, orderOf, type Shop } from './shop'
import { never, startService, wellAnswers, type Service } from './service'

let shop: Shop
let service: Service

beforeAll(async () => {
  service = await startService()
  shop = await openShop({ url: service.url, withoutWorker: true })
})

afterAll(async () => {
  await shop.close()
  await service.close()
})

const wish = (prefer: string) => ({ headers: { prefer } })

test('O1 respond-async: saved and answered without asking anybody', async () => {
  const before = new Map(service.asked)
  const answer = await shop.place('u', 'p', wish('respond-async'))
  expect(answer.status).toBe(202)
  expect(answer.headers['preference-applied']).toBe('respond-async')
  expect(orderOf(answer)).toMatchObject({ status: 'pending', attempts: 0, customer_fullname: null })
  expect(service.asked).toEqual(before)
})

test('O1 wait=0 is the same by another name', async () => {
  const answer = await shop.place('u', 'p', wish('wait=0'))
  expect([answer.status, answer.headers['preference-applied']]).toEqual([202, 'wait=0'])
})

test('O1 respond-async with wait: at once when that is quick enough', async () => {
  const answer = await shop.place('u', 'p', wish('respond-async, wait=5'))
  expect([answer.status, answer.headers['preference-applied']]).toEqual([201, 'wait=5'])
})

test('O1 a wait longer than the budget is no longer than the budget', async () => {
  service.answers['/users/u'] = never
  const begin = performance.now()
  const answer = await shop.place('u', 'p', wish('wait=100'))
  expect(performance.now() - begin).toBeLessThan(answeredMsMax)
  expect(answer.status).toBe(202)
  service.answers = { ...wellAnswers }
})

test('O1 without a wish none is said to be followed, and nonsense is passed over', async () => {
  for (const prefer of ['', 'wait=soon', 'return=minimal']) {
    const answer = await shop.place('u', 'p', wish(prefer))
    expect([answer.status, answer.headers['preference-applied']]).toEqual([201, undefined])
  }
})

describe('waiting for an order', () => {
  test('O4 wait: the answer comes as soon as the order is not pending any more', async () => {
    const own = await openShop({ orders: { budget_ms: 2000 } })
    try {
      const { id } = orderOf(await own.place(ada, 'family-box', wish('respond-async')))
      await own.send('GET', `/orders/${id}`, wish('wait=2'))
      const answer = await own.send('GET', `/orders/${id}`, wish('wait=2'))
      expect(orderOf(answer).status).toBe('created')
      expect(answer.headers).not.toHaveProperty('retry-after')
    } finally {
      await own.close()
    }
  })

  test('O4 wait: a pending order is told of when the time is over', async () => {
    const { id } = orderOf(await shop.place('u', 'p', wish('respond-async')))
    const begin = performance.now()
    const answer = await shop.send('GET', `/orders/${id}`, wish('wait=100'))
    const tookMs = performance.now() - begin
    expect(tookMs).toBeGreaterThan(1200)
    expect(tookMs).toBeLessThan(answeredMsMax)
    expect(orderOf(answer).status).toBe('pending')
    expect(answer.headers['retry-after']).toBe('2')
  })
})
