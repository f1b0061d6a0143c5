import { totalOf } from './cart'

test('a total counts what has a price, beyond what a number can hold', () => {
  const lines = [
    { price: 999_999_999_999_999n, quantity: 1_000_000 },
    { price: null, quantity: 7 },
    { price: 1n, quantity: 1 },
  ]
  expect(totalOf(lines)).toBe(999_999_999_999_999_000_001n)
})
