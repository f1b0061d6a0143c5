import { currencySchema, decimalInput, moneyOutput } from './money'

const flawOf = (value: unknown) => decimalInput.safeParse(value).error?.issues[0]?.message

test.each<[unknown, bigint, number]>([
  ['12.50', 125n, 1],
  ['-0', 0n, 0],
  [12.5, 125n, 1],
  [-0, 0n, 0],
  [1e3, 1000n, 0],
  ['12345678901234567890', 12345678901234567890n, 0],
])('reads %j', (value, units, scale) => {
  expect(decimalInput.parse(value)).toEqual({ units, scale })
})

test.each(['', 'NaN', '1e3', '0x10', '1,5', ' 1', '\u0000', '١'])('refuses the text %j', (text) => {
  expect(flawOf(text)).toMatch(/must be a decimal/)
})

test.each([0.1 + 0.2, 9007199254740993, 1e300])('refuses the number %p', (number) => {
  expect(flawOf(number)).toMatch(/15 significant digits; send it as a string/)
})

test.each([Infinity, -Infinity, NaN, 1n, true, null, undefined, [], ['1'], {}])(
  'refuses %p',
  (value) => {
    expect(decimalInput.safeParse(value).success).toBe(false)
  },
)

test('an answer’s amount is a plain decimal string', () => {
  for (const text of ['0', '-12.50', '9007199254740991']) {
    expect(moneyOutput.parse(text)).toBe(text)
  }
  for (const value of ['', '1e3', '1.', '.5', '+1', 1, 'NaN', '1\n']) {
    expect(moneyOutput.safeParse(value).success).toBe(false)
  }
})

test('knows the currencies of ISO 4217 and nothing that merely looks like one', () => {
  for (const code of ['EUR', 'JPY', 'KWD']) expect(currencySchema.parse(code)).toBe(code)
  for (const code of ['eur', 'XYZ', '', 'EU', '__proto__', 'constructor', 'EUR ', null, 978]) {
    expect(currencySchema.safeParse(code).success).toBe(false)
  }
})
