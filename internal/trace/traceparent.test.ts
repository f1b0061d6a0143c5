import { newTraceparent, readTraceparent, traceIdOf } from './traceparent'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'
const good = `00-${traceId}-${spanId}-01`

test('takes a trace context as it is, and knows its trace', () => {
  expect(readTraceparent(good)).toBe(good)
  expect(traceIdOf(good)).toBe(traceId)
})

test.each([
  ['nothing', undefined],
  ['two of them, as Node joins them', `${good}, ${good}`],
  ['several, as metadata may have them', [good, good]],
  ['an empty one', ''],
  ['capitals', good.toUpperCase()],
  ['a trace of zeros', `00-${'0'.repeat(32)}-${spanId}-01`],
  ['a span of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
  ['the version that is forbidden', `ff-${traceId}-${spanId}-01`],
  ['more than version 00 has', `${good}-more`],
  ['less', good.slice(0, -1)],
  ['what only begins like one', `${good}x`],
  ['a line break behind it', `${good}\n`],
  ['text of any length', `${good}-${'x'.repeat(100_000)}`],
])('ignores %s', (_, value) => {
  expect(readTraceparent(value)).toBeUndefined()
})

test('takes of a later version what it knows', () => {
  expect(readTraceparent(`cc-${traceId}-${spanId}-0b-what-the-future-brings`)).toBe(good)
  expect(readTraceparent(`01-${traceId}-${spanId}-02`)).toBe(`00-${traceId}-${spanId}-00`)
})

test('makes one that is well formed, unrecorded, and never the same', () => {
  const made = Array.from({ length: 1000 }, newTraceparent)
  for (const one of made) expect(readTraceparent(one)).toBe(one)
  expect(made.every((one) => one.endsWith('-00'))).toBe(true)
  expect(new Set(made.map(traceIdOf)).size).toBe(made.length)
})
