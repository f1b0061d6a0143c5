import type { Instant } from '../../internal/clock/instant'
import type { JsonObject } from '../../internal/json/json'
import { decimalOfNumber, readDecimal } from '../../internal/money/decimal'
import { fingerprintOf, type Unkeyed } from './fingerprint'
import type { Post, Reverse } from './instruction'

const request: Unkeyed<Post> = {
  kind: 'post',
  accountId: 'a',
  amount: readDecimal('12.50')!,
  counterpartyId: 'b',
  description: 'x',
  metadata: JSON.parse('{"a":{"c":1,"d":[1,2]},"b":null}') as JsonObject,
  effectiveAt: '2026-01-31T09:30:00.000000Z' as Instant,
}

const of = (change: object) => fingerprintOf({ ...request, ...change })

test('has 32 bytes and stays the same from release to release: digests are stored', () => {
  expect(fingerprintOf(request)).toHaveLength(64)
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

describe('of what else can be asked', () => {
  const original = { id: 't' } as Reverse['original']
  const hold = { id: 'h', accountId: 'a', counterpartyId: 'b' }
  const amount = readDecimal('12.50')!
  const expiresAt = '2030-01-01T00:00:00.000000Z' as Instant
  const { effectiveAt: _, ...sides } = request
  const opening = { ...sides, kind: 'open_hold', expiresAt } as const
  const companion = { kind: 'checkout', ask: {}, touches: [], weight: 1, meaning: {} }
  const paying = {
    kind: 'pay',
    accountId: 'a',
    counterpartyId: 'b',
    payerId: null,
    companion,
  } as const

  test.each<[Unkeyed, string]>([
    [
      { kind: 'reverse', original },
      '15999119c5783aeb398064a05ee6c9839a5db4ddfc0ff5f28d7c82c66671aa11',
    ],
    [opening, '07b915e60952ab7e9b9219e3dc8e5ba9b53d6d5a1a1204aa410a2c98defa70bb'],
    [
      { kind: 'capture_hold', hold, amount },
      '033b967d54e9dc9654f0b760fa0fcc5b42d6600c5f70b84e137cb071b2a146d4',
    ],
    [
      { kind: 'capture_hold', hold, amount: null },
      '622300852ceadf63bba34c011f26e93b163a7d7634752f5fa070292747467e1a',
    ],
    [
      { kind: 'release_hold', hold },
      '10e375d4b412f52a6f695136cbcc716e668f09d97f437221c7c1ab9982a5d6ca',
    ],
    [
      { kind: 'extend_hold', hold, expiresAt },
      '0e76aaaf96ed9ae048bca10f4eec920ce60c8691d599af1bcfcde57c374c09ce',
    ],
    [
      { kind: 'extend_hold', hold, expiresAt: null },
      '94c0b38247cb64fe19b123ab03b3fe2b0ef165466d0a2e47221e1c32f90e75ff',
    ],
    [
      { ...paying, companion: { ...companion, meaning: { cart_id: null, store_id: 'main' } } },
      '6dc820cd064cf592d0f07ca41c1a7d27cd772979e255102939b0c49105382ade',
    ],
  ])('%j stays the same from release to release', (instruction, digest) => {
    expect(fingerprintOf(instruction)).toBe(digest)
  })

  test('is the same however the amount is written, and whatever else is known of the hold', () => {
    const hex = fingerprintOf
    const capture = { kind: 'capture_hold', hold, amount } as const
    const other = { ...hold, counterpartyId: null }
    const again = { ...capture, hold: other, amount: decimalOfNumber(12.5)! }
    expect(hex(again)).toBe(hex(capture))
    expect(hex({ ...opening, amount: readDecimal('12.500')! })).toBe(hex(opening))
  })

  test('differs with everything that changes the meaning, also from one kind to another', () => {
    const other = { ...hold, id: 'i' }
    const all: Unkeyed[] = [
      request,
      { ...opening, expiresAt: null },
      ...[opening, { ...opening, amount: readDecimal('1')! }],
      ...[
        { ...opening, counterpartyId: null },
        { ...opening, accountId: 'c' },
      ],
      ...[
        { ...opening, description: null },
        { ...opening, metadata: null },
      ],
      { kind: 'reverse', original },
      { kind: 'reverse', original: { ...original, id: 'h' } },
      ...[paying, { ...paying, accountId: 'c' }],
      ...[{ kind: 'rent' }, { meaning: { cart_id: 'c' } }].map((change) => {
        return { ...paying, companion: { ...companion, ...change } }
      }),
      ...[hold, other].flatMap((one): Unkeyed[] => [
        { kind: 'release_hold', hold: one },
        { kind: 'capture_hold', hold: one, amount: null },
        { kind: 'capture_hold', hold: one, amount },
        { kind: 'extend_hold', hold: one, expiresAt: null },
        { kind: 'extend_hold', hold: one, expiresAt },
      ]),
    ]
    const digests = all.map((one) => fingerprintOf(one))
    expect(new Set(digests).size).toBe(all.length)
  })
})
