import type { Answer } from '../rest/answer'
import { ada, answeredMsMax, grace, openShop, orderOf, type Order, type Shop } from './shop'

// O1 to O4: the six use cases of docs/orders.md, each as its table says.

interface Case {
  number: number
  user: string
  product: string
  status: 201 | 202
  end: Order['status']
  fullname: string | null
  total: string | null
}

const cases: Case[] = [
  {
    number: 1,
    user: ada,
    product: 'classic-box',
    status: 201,
    end: 'created',
    fullname: 'Ada Lovelace',
    total: '9.99',
  },
  {
    number: 2,
    user: ada,
    product: 'family-box',
    status: 202,
    end: 'created',
    fullname: 'Ada Lovelace',
    total: '14.99',
  },
  {
    number: 3,
    user: ada,
    product: 'veggie-box',
    status: 202,
    end: 'failed',
    fullname: 'Ada Lovelace',
    total: null,
  },
  {
    number: 4,
    user: grace,
    product: 'classic-box',
    status: 201,
    end: 'created',
    fullname: 'Grace Hopper',
    total: '9.99',
  },
  {
    number: 5,
    user: grace,
    product: 'family-box',
    status: 202,
    end: 'created',
    fullname: 'Grace Hopper',
    total: '14.99',
  },
  {
    number: 6,
    user: grace,
    product: 'veggie-box',
    status: 202,
    end: 'failed',
    fullname: 'Grace Hopper',
    total: null,
  },
]

let shop: Shop
const outcomes = new Map<number, { answer: Answer; tookMs: number; order: Order }>()

// One after the other, because Grace fails and works by turns; their ends are waited for together.
beforeAll(async () => {
  shop = await openShop()
  const ends: Promise<unknown>[] = []
  for (const { number, user, product } of cases) {
    const begin = performance.now()
    const answer = await shop.place(user, product)
    const tookMs = performance.now() - begin
    const end = shop.settled(orderOf(answer).id)
    ends.push(end.then((order) => outcomes.set(number, { answer, tookMs, order })))
  }
  await Promise.all(ends)
})

afterAll(() => shop.close())

test.each(cases)(
  'O4 case $number: $product for $user is answered with $status in time, and ends as $end',
  async ({ number, user, product, status, end, fullname, total }) => {
    const { answer, tookMs, order } = outcomes.get(number)!
    expect(tookMs).toBeLessThan(answeredMsMax)
    const placed = orderOf(answer)
    expect([answer.status, placed.status]).toEqual([status, status === 201 ? 'created' : 'pending'])
    expect(answer.headers.location).toBe(`/orders/${placed.id}`)
    expect(answer.headers['retry-after']).toBe(status === 202 ? '2' : undefined)

    expect(order).toMatchObject({ status: end, user_id: user, product_code: product })
    expect(order).toMatchObject({ customer_fullname: fullname, total_amount: total })
    expect(order.next_attempt_at).toBeNull()
    await hasItsMessages(order)
  },
)

async function hasItsMessages(order: Order): Promise<void> {
  const messages = await shop.messagesOf(order.id)
  if (order.status === 'failed') {
    expect(order.failure).toBe('The product service failed. It was tried 5 times.')
    return expect(messages).toEqual([])
  }
  expect(order.failure).toBeNull()
  expect(messages).toHaveLength(1)
  expect(messages[0]).toMatchObject({
    aggregate_type: 'order',
    aggregate_version: 1,
    exchange: 'orders',
    routing_key: 'created_order',
    type: 'order.created',
    payload: {
      order: {
        order_id: order.id,
        customer_fullname: order.customer_fullname,
        product_name: order.product_name,
        total_amount: Number(order.total_amount),
        created_at: order.created_at,
      },
    },
  })
}

test('O2 an order is answered, read and listed alike', async () => {
  const answer = await shop.place(ada, 'classic-box')
  const order = orderOf(answer)
  expect(order).toEqual({
    id: expect.any(String) as string,
    user_id: ada,
    product_code: 'classic-box',
    customer_fullname: 'Ada Lovelace',
    product_name: 'Classic Box',
    total_amount: '9.99',
    currency: 'EUR',
    status: 'created',
    failure: null,
    attempts: 0,
    next_attempt_at: null,
    lines: [],
    cart_id: null,
    store_id: null,
    transaction_id: null,
    created_at: order.created_at,
    updated_at: order.created_at,
  })
  expect(await shop.get(order.id)).toEqual(order)
  expect((await shop.list('limit=1')).data).toEqual([order])
})
