import { statusOf, totalOf, type ReservationState, type ReservationStatus } from './cart'

const states: [ReservationState['desired'], ReservationState['actual'], ReservationStatus][] = [
  ['held', 'none', 'pending'],
  ['held', 'requesting', 'pending'],
  ['held', 'unknown', 'pending'],
  ['held', 'held', 'reserved'],
  ['held', 'releasing', 'pending'],
  ['held', 'released', 'pending'],
  ['held', 'failed', 'failed'],
  ['released', 'none', 'pending'],
  ['released', 'requesting', 'pending'],
  ['released', 'unknown', 'pending'],
  ['released', 'held', 'pending'],
  ['released', 'releasing', 'pending'],
  ['released', 'released', 'released'],
  ['released', 'failed', 'failed'],
]

test.each(states)('what is to be %s and is %s is %s', (desired, actual, status) => {
  expect(statusOf({ desired, actual })).toBe(status)
})

test('a total counts what has a price, beyond what a number can hold', () => {
  const lines = [
    { price: 999_999_999_999_999n, quantity: 1_000_000 },
    { price: null, quantity: 7 },
    { price: 1n, quantity: 1 },
  ]
  expect(totalOf(lines)).toBe(999_999_999_999_999_000_001n)
})
