import fc from 'fast-check'
import {
  decimalOfNumber,
  formatDecimal,
  formatMinorUnits,
  readDecimal,
  toMinorUnits,
} from './decimal'

test.each([
  ['12.50', 2, 1250n],
  ['-12.5', 2, -1250n],
  ['0.01', 2, 1n],
  ['-0.01', 2, -1n],
  ['1250', 0, 1250n],
  ['1.250', 3, 1250n],
  ['12.500', 2, 1250n],
  ['0', 2, 0n],
])('reads %s at scale %i', (text, scale, minorUnits) => {
  expect(toMinorUnits(readDecimal(text)!, scale)).toBe(minorUnits)
})

test.each([
  '',
  '-',
  '.5',
  '5.',
  '+5',
  '05',
  '1,5',
  '1e3',
  ' 1',
  '1 ',
  'NaN',
  'Infinity',
  '0x10',
  '١',
])('refuses %j as a decimal', (text) => {
  expect(readDecimal(text)).toBeUndefined()
})

test('refuses more decimals than the currency has', () => {
  expect(toMinorUnits(readDecimal('12.345')!, 2)).toBeUndefined()
  expect(toMinorUnits(readDecimal('0.1')!, 0)).toBeUndefined()
})

test.each([
  [0.1, '0.1'],
  [-12.5, '-12.5'],
  [1e-7, '0.0000001'],
  [1e15, '1000000000000000'],
  [123456789012345, '123456789012345'],
  [-0, '0'],
])('takes the number %p by its shortest form', (value, text) => {
  expect(formatDecimal(decimalOfNumber(value)!)).toBe(text)
})

test.each([0.1 + 0.2, 9007199254740993, 1234567890123456, NaN, Infinity, -Infinity, 1e300, 1e-300])(
  'refuses the number %p',
  (value) => {
    expect(decimalOfNumber(value)).toBeUndefined()
  },
)

test('what is formatted is read back, at every scale', () => {
  fc.assert(
    fc.property(
      fc.bigInt(-(2n ** 53n) + 1n, 2n ** 53n - 1n),
      fc.integer({ min: 0, max: 4 }),
      (minorUnits, scale) => {
        const text = formatMinorUnits(minorUnits, scale)
        expect(toMinorUnits(readDecimal(text)!, scale)).toBe(minorUnits)
      },
    ),
  )
})

test('a number of 15 digits and its text are the same value', () => {
  const cents = fc.integer({ min: -99_999_999_999, max: 99_999_999_999 })
  fc.assert(
    fc.property(cents, (value) => {
      expect(decimalOfNumber(value / 100)).toEqual(readDecimal(formatMinorUnits(BigInt(value), 2)))
    }),
  )
})
