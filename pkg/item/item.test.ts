import { decimalOfNumber } from '../../internal/money/decimal'
import {
  itemLimits,
  pagesOf,
  positionOf,
  priceNumber,
  readPage,
  readPrice,
  type Item,
} from './item'

test.each([0, 0.01, 0.29, 1.1, 9.99, 14.99, 33.33, 1e9 + 0.07, 9999999999999.99])(
  'C3: %d comes back as the same double, time after time',
  (number) => {
    let price = number
    for (let round = 0; round < 3; round++) {
      price = priceNumber(readPrice(decimalOfNumber(price)!, 'EUR'), 'EUR')
    }
    expect(price).toBe(number)
  },
)

test('C3: every price has a double that is read as that price again', () => {
  const max = itemLimits.priceMax
  for (const price of [1n, 99n, 10n ** 14n + 1n, max - 1n, max]) {
    for (const currency of ['EUR', 'JPY', 'KWD']) {
      expect(readPrice(decimalOfNumber(priceNumber(price, currency))!, currency)).toBe(price)
    }
  }
})

test('a page knows where it begins, and how many there are', () => {
  expect(readPage({ sorting: '', order: '', requested: 3n, size: 20n })).toEqual({
    ...{ current: 3n, offset: 40, limit: 20 },
  })
  expect([0n, 1n, 20n, 21n].map((items) => pagesOf(items, 20n))).toEqual([1n, 1n, 1n, 2n])
})

test('a position in a list by description holds as much of it as the index, emoji whole', () => {
  const item = { id: 'i', description: '😀'.repeat(100) } as Item
  expect(positionOf({ ...item, price: null } as Item, 'description').value).toBe('😀'.repeat(64))
})
