import { metadataInput, metadataLimits, metadataOutput } from './metadata'

const { levelsMax, bytesMax } = metadataLimits

const flawOf = (value: unknown) => metadataInput.safeParse(value).error?.issues[0]?.message

test('sorts the keys, on every level, and keeps the order of lists', () => {
  const sorted = metadataInput.parse({ b: [{ z: 1, y: 2 }, 1], a: null })
  expect(JSON.stringify(sorted)).toBe('{"a":null,"b":[{"y":2,"z":1},1]}')
})

test('keeps a key called __proto__ as data', () => {
  const value = metadataInput.parse(JSON.parse('{"__proto__":{"admin":true},"a":1}'))
  expect(Object.keys(value)).toEqual(['__proto__', 'a'])
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
  expect((value as { admin?: boolean }).admin).toBeUndefined()
})

test.each([[[]], ['x'], [1], [true], [null]])('refuses %j, which is no object', (value) => {
  expect(flawOf(value)).toBe('must be an object')
})

function nested(levels: number): unknown {
  return levels === 0 ? 1 : { a: nested(levels - 1) }
}

test('takes as many levels as it says, and no more', () => {
  expect(flawOf(nested(levelsMax))).toBeUndefined()
  expect(flawOf(nested(levelsMax + 1))).toBe('is nested too deeply')
  expect(flawOf(nested(2000))).toBe('is nested too deeply')
})

test('takes as many bytes as it says, and no more', () => {
  const frame = '{"a":""}'.length
  expect(flawOf({ a: 'x'.repeat(bytesMax - frame) })).toBeUndefined()
  expect(flawOf({ a: 'x'.repeat(bytesMax - frame + 1) })).toMatch(`${bytesMax} bytes`)
  // Characters that JSON escapes, or UTF-8 writes in several bytes.
  expect(flawOf({ a: '"'.repeat(bytesMax / 2) })).toMatch(`${bytesMax} bytes`)
  expect(flawOf({ a: 'ä'.repeat(bytesMax / 2) })).toMatch(`${bytesMax} bytes`)
})

test.each([
  { a: 'x\u0000' },
  { 'x\u0000': 1 },
  { a: ['\ud800'] },
  { '\udc00': 1 },
  { a: Infinity },
  { a: 2 ** 53 },
])('refuses %j, which could not be given back as it came', (value) => {
  expect(flawOf(value)).toBeDefined()
})

test('an answer’s metadata is an object or null', () => {
  expect(metadataOutput.parse(null)).toBeNull()
  expect(metadataOutput.parse({ a: [1, null] })).toEqual({ a: [1, null] })
  expect(metadataOutput.safeParse([]).success).toBe(false)
})
