import { findBroken, formatOutcomes, type Outcome } from './orders'

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

test('the table has a row for each case, all of one width', () => {
  const order = {
    customer_fullname: 'Ada Lovelace',
    product_name: 'Classic Box',
    total_amount: 9.99,
  }
  const failed = {
    ...{ ...fine, number: 3, product: 'veggie-box', status: 202, message: undefined },
    ...{ finalStatus: 'failed', failure: 'The product service failed. It was tried 5 times.' },
  }
  const lines = formatOutcomes([{ ...fine, message: { payload: { order } } }, failed]).split('\n')
  expect(lines).toHaveLength(4)
  expect(new Set(lines.map(({ length }) => length)).size).toBe(1)
  expect(lines[2]).toMatch(/1 \| u +\| classic-box \| 201 .* Ada Lovelace, Classic Box, 9.99/)
  expect(lines[3]).toMatch(/failed: The product service failed. It was tried 5 times. .* none/)
})
