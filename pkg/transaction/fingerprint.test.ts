import type { Instant } from '../../internal/clock/instant'
import type { JsonObject } from '../../internal/json/json'
import { decimalOfNumber, readDecimal } from '../../internal/money/decimal'
import { fingerprintOf, type Unkeyed } from './fingerprint'
import type { Post } from './instruction'

const request: Unkeyed<Post> = {
  kind: 'post',
  accountId: 'a',
  amount: readDecimal('12.50')!,
  counterpartyId: 'b',
  description: 'x',
  metadata: JSON.parse('{"a":{"c":1,"d":[1,2]},"b":null}') as JsonObject,
  effectiveAt: '2026-01-31T09:30:00.000000Z' as Instant,
}

const of = (change: object) => fingerprintOf({ ...request, ...change }).toString('hex')

test('has 32 bytes and stays the same from release to release: digests are stored', () => {
  expect(fingerprintOf(request)).toHaveLength(32)
  expect(of({})).toBe('b65895a2924f0f8cacb42ceaba865d3b9e9b5ace391027c594c5b14f3e1ee1ae')
})

test.each<[string, object]>([
  ['12.5', { amount: readDecimal('12.5') }],
  ['12.500', { amount: readDecimal('12.500') }],
  ['the number 12.5', { amount: decimalOfNumber(12.5) }],
  ['another order of keys', { metadata: JSON.parse('{"b":null,"a":{"d":[1,2],"c":1}}') }],
])('is the same for %s', (_name, change) => {
  expect(of(change)).toBe(of({}))
})

test('differs with everything that changes the meaning, also from one change to another', () => {
  const metadata = (text: string) => ({ metadata: JSON.parse(text) as JsonObject })
  const changes: object[] = [
    {},
    { accountId: 'b', counterpartyId: 'a' },
    { accountId: 'ab', counterpartyId: '' },
    { counterpartyId: null },
    { amount: readDecimal('-12.50') },
    { amount: readDecimal('125') },
    { amount: readDecimal('1.25') },
    { description: null },
    { description: '' },
    { description: 'null' },
    { description: 'X' },
    { metadata: null },
    metadata('{}'),
    metadata('{"a":{"c":1,"d":[2,1]},"b":null}'),
    metadata('{"a":{"c":"1","d":[1,2]},"b":null}'),
    metadata('{"a":{"c":1,"d":[1,2]}}'),
    metadata('{"a":{"c":1,"d":[1,2]},"b":null,"__proto__":null}'),
    { effectiveAt: null },
    { effectiveAt: '2026-01-31T09:30:00.000001Z' },
  ]
  expect(new Set(changes.map(of)).size).toBe(changes.length)
})
