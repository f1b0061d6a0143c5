import { jsonFlaw, sortKeys, type Json } from './json'

const limits = { levelsMax: 3, bytesMax: 100 }

test('texts of equal values are equal, whatever the order of their keys', () => {
  const one = JSON.parse('{"b":[{"y":1,"x":2}],"a":null,"__proto__":{"z":1}}') as Json
  const two = JSON.parse('{"__proto__":{"z":1},"a":null,"b":[{"x":2,"y":1}]}') as Json
  expect(JSON.stringify(sortKeys(one))).toBe(JSON.stringify(sortKeys(two)))
  expect(JSON.stringify(sortKeys(one))).toContain('__proto__')
})

test.each([
  ['a NUL', { a: 'x\u0000' }, /NUL/],
  ['a NUL in a key', { 'x\u0000': 1 }, /NUL/],
  ['a lone surrogate', { a: ['\ud800'] }, /surrogates/],
  ['a number beyond the safe range', { a: 12345678901234567890 }, /as a string/],
  ['an infinite number', { a: Infinity }, /as a string/],
  ['too many levels', { a: { b: { c: {} } } }, /nested/],
  ['too many bytes', { a: 'ä'.repeat(60) }, /100 bytes/],
])('finds %s', (_name, value, flaw) => {
  expect(jsonFlaw(value, limits)).toMatch(flaw)
})

test('finds nothing in an honest value', () => {
  expect(jsonFlaw({ a: [1, -2.5, 'ä', true, null], b: { c: '😀' } }, limits)).toBeUndefined()
})
