import { encodeArray } from './array'

// That the server reads them so is proven in test/postgres/array.test.ts.
test.each<[unknown[], string]>([
  [[], '{}'],
  [['a', ''], '{"a",""}'],
  [['a,b', '{}', 'NULL'], '{"a,b","{}","NULL"}'],
  [['"', '\\', '\\"'], '{"\\"","\\\\","\\\\\\""}'],
  [[null, undefined], '{NULL,NULL}'],
  [[1n, -9007199254740993n, 1.5, true], '{1,-9007199254740993,1.5,true}'],
  [[Buffer.from([0, 255])], '{"\\\\x00ff"}'],
])('writes %p', (values, text) => {
  expect(encodeArray(values)).toBe(text)
})

test.each([{}, [['nested']], Symbol('x'), () => 1])('refuses %p as an element', (value) => {
  expect(() => encodeArray([value])).toThrow('no array element')
})
