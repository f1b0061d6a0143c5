import { line, prose } from './text'

const flawOf = (schema: ReturnType<typeof line>, value: unknown) =>
  schema.safeParse(value).error?.issues[0]?.message

test.each(['x', ' x ', 'O’Ñandú', '李', '"\\{}', '<b>', 'x'.repeat(10), '😀'.repeat(10)])(
  'takes %j as a line and keeps it as it is',
  (text) => {
    expect(line(10).parse(text)).toBe(text)
  },
)

test.each([
  ['', 'must not be empty'],
  [' \u00a0\u2003', 'must not be empty'],
  ['a\nb', 'must not contain control characters'],
  ['a\u0085', 'must not contain control characters'],
  ['\u001b[31m', 'must not contain control characters'],
  ['a\u0000', 'must not contain a NUL character'],
  ['\ud83d', 'must be well-formed Unicode, without lone surrogates'],
  ['x'.repeat(11), 'must have at most 10 characters'],
  ['😀'.repeat(11), 'must have at most 10 characters'],
  ['x'.repeat(1_000_000), 'must have at most 10 characters'],
])('refuses %j as a line', (text, message) => {
  expect(flawOf(line(10), text)).toBe(message)
})

test('takes any prose that can be stored: empty, with line breaks, with control characters', () => {
  for (const text of ['', '\n\t', 'a\r\nb', '\u0001\u007f', '😀'.repeat(10)]) {
    expect(prose(10).parse(text)).toBe(text)
  }
})

test('refuses prose that is too long or cannot be stored', () => {
  expect(flawOf(prose(10), '😀'.repeat(11))).toMatch(/at most 10/)
  expect(flawOf(prose(10), 'a\u0000')).toMatch(/NUL/)
  expect(flawOf(prose(10), '\udc00')).toMatch(/surrogates/)
})

test.each([1, null, undefined, ['x'], {}])('refuses %p', (value) => {
  expect(prose(10).safeParse(value).success).toBe(false)
})
