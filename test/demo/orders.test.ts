import { openShop, type Shop } from '../order/shop'
import { findBroken, formatOutcomes, runOrderDemo, type Outcome } from './orders'

let shop: Shop

beforeAll(async () => {
  shop = await openShop()
})

afterAll(() => shop.close())

test('O4 the demonstration runs the six use cases, and finds all as promised', async () => {
  const answered: number[] = []
  const outcomes = await runOrderDemo({
    url: shop.url,
    headers: { 'x-test-principal': JSON.stringify({ userId: 'demo', role: 'operator' }) },
    nextMessage: async (id) => (await shop.messagesOf(id))[0],
    patienceMs: 20_000,
    onAnswer: ({ number }) => answered.push(number),
  })
  expect(answered).toEqual([1, 2, 3, 4, 5, 6])
  expect(findBroken(outcomes)).toEqual([])
  const lines = formatOutcomes(outcomes).split('\n')
  expect(new Set(lines.map(({ length }) => length)).size).toBe(1)
  expect(lines[2]).toMatch(
    /1 \| 7c11e1ce2741 \| classic-box \| 201 .* Ada Lovelace, Classic Box, 9.99/,
  )
  expect(lines[7]).toMatch(/failed: The product service failed. It was tried 5 times. .* none/)
})

const fine: Outcome = {
  ...{ number: 1, user: 'u', product: 'classic-box', status: 201, answeredMs: 10 },
  ...{ finalStatus: 'created', failure: null, settledMs: 20, message: {} },
}

test.each<Partial<Outcome>>([
  { status: 202 },
  { answeredMs: 2501 },
  { finalStatus: 'pending' },
  { message: undefined },
  { product: 'veggie-box' },
])('tells of what is not as promised: %j', (change) => {
  expect(findBroken([fine])).toEqual([])
  expect(findBroken([{ ...fine, ...change }])).toHaveLength(1)
})
