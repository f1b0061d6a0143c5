import { encodeBinaryArray, type BinaryElement } from './binary-array'

// That the server reads them so is proven in test/postgres/array.test.ts.
test.each<[BinaryElement, unknown[], string]>([
  ['text', [], '00000001 00000000 00000019 00000000 00000001'],
  [
    'text',
    ['', null, 'aé'],
    '00000001 00000000 00000019 00000003 00000001 00000000 ffffffff 00000003 61c3a9',
  ],
  [
    'int8',
    [-1n, undefined, 258n],
    '00000001 00000000 00000014 00000003 00000001 00000008 ffffffffffffffff ffffffff 00000008 0000000000000102',
  ],
  [
    'uuid',
    ['0197f3a0-5b6e-7C41-9d2e-3f1a2b4c5d6e'],
    '00000001 00000000 00000b86 00000001 00000001 00000010 0197f3a05b6e7c419d2e3f1a2b4c5d6e',
  ],
])('%s: writes %p', (element, values, hex) => {
  expect(encodeBinaryArray(element, values).toString('hex')).toBe(hex.replaceAll(' ', ''))
})

test('what was written stays when more is written than ever before', () => {
  const before = encodeBinaryArray('text', ['first'])
  const copy = Buffer.from(before)
  const long = 'é'.repeat(200_000)
  expect(encodeBinaryArray('text', [long, 'x']).toString('utf8', 24, 24 + 400_000)).toBe(long)
  expect(before.equals(copy)).toBe(true)
})

test.each<[BinaryElement, unknown]>([
  ['int8', 2n ** 63n],
  ['int8', -(2n ** 63n) - 1n],
  ['int8', 1],
  ['text', 1n],
  ['text', Symbol('x')],
  ['uuid', '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6'],
  ['uuid', '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e0'],
  ['uuid', '0197f3a05b6e7c419d2e3f1a2b4c5d6e0000'],
  ['uuid', '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6g'],
  ['uuid', '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6é'],
  ['uuid', ''],
])('%s: refuses %p', (element, value) => {
  expect(() => encodeBinaryArray(element, [value])).toThrow()
})
