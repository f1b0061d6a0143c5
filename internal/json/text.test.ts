import { jsonText, writeJson } from './text'

test('a number keeps all its digits, in whatever it stands', () => {
  const amount = jsonText('90071992547409.93')
  expect(writeJson({ a: [{ amount }, amount] })).toBe(
    '{"a":[{"amount":90071992547409.93},90071992547409.93]}',
  )
  // What a double makes of it.
  expect(JSON.stringify(90071992547409.93)).not.toBe('90071992547409.93')
})

test('everything else is what JSON.stringify makes of it', () => {
  const all = {
    'a "name"': ['€\n\u2028', 1.5, -0, 1e300, true, false, null, [], {}, [[]]],
    nothing: undefined,
    nested: { deeper: { text: '' } },
  }
  expect(writeJson(all)).toBe(JSON.stringify(all))
})

test.each(['', '1,2', '{', '01', 'NaN', '"a'])('%j is no JSON', (text) => {
  expect(() => jsonText(text)).toThrow(SyntaxError)
})
