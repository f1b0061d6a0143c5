import type { Instant } from '../../../internal/clock/instant'
import type { LockedAccount } from '../book'
import { newRecall } from './recall'

function anAccount(id: string, more: Partial<LockedAccount> = {}): LockedAccount {
  return {
    ...{ id, userId: 'ada', currency: 'EUR', balance: 100n, minBalance: 0n, held: 0n, entryNo: 1n },
    ...{ closedAt: null, expiredHoldIds: [], rolledUpUntil: null, rolledUpUntilId: null },
    ...more,
  }
}

function newRig() {
  const machine = { ms: 0 }
  return { machine, recall: newRecall(() => machine.ms) }
}

test('knows an account as it was left last', () => {
  const { recall } = newRig()
  recall.keep([anAccount('a')])
  recall.keep([anAccount('a', { balance: 250n, entryNo: 2n })])
  expect(recall.unknown(['a', 'b'])).toEqual(['b'])
  expect(recall.accounts(['a'])?.get('a')).toMatchObject({ balance: 250n, entryNo: 2n })
  expect(recall.accounts(['a', 'b'])).toBeUndefined()
})

test('what is read is older than what was decided meanwhile', () => {
  const { recall } = newRig()
  recall.keep([anAccount('a', { balance: 250n })])
  recall.learn([anAccount('a'), anAccount('b')])
  expect(recall.accounts(['a', 'b'])?.get('a')).toMatchObject({ balance: 250n })
})

test.each<[string, Partial<LockedAccount>]>([
  ['something is set aside on it', { held: 5n }],
  ['a hold on it is over and still counted', { expiredHoldIds: ['h'] }],
  ['it is closed', { closedAt: '2026-01-31T00:00:00.000000Z' as Instant }],
])('does not know an account once %s', (_what, change) => {
  const { recall } = newRig()
  recall.keep([anAccount('a')])
  recall.keep([anAccount('a', change)])
  expect(recall.unknown(['a'])).toEqual(['a'])
})

test('of what others post to it knows nothing for a second, whatever it is told', () => {
  const { machine, recall } = newRig()
  recall.distrust(['a'])
  recall.keep([anAccount('a')])
  recall.learn([anAccount('a')])
  expect(recall.unknown(['a', 'b'])).toBeUndefined()
  expect(recall.accounts(['a'])).toBeUndefined()
  machine.ms += 1000
  expect(recall.unknown(['a'])).toEqual(['a'])
  recall.learn([anAccount('a')])
  expect(recall.accounts(['a'])?.size).toBe(1)
})

test('what came to nothing is forgotten, and those who were sent before can tell', () => {
  const { recall } = newRig()
  recall.keep([anAccount('a')])
  const age = recall.age()
  recall.forget(['a'])
  expect(recall.unknown(['a'])).toEqual(['a'])
  expect(recall.age()).toBeGreaterThan(age)
})

test('holds no more accounts than it may', () => {
  const { recall } = newRig()
  const ids = Array.from({ length: 16_385 }, (_, i) => `a${i}`)
  recall.keep(ids.map((id) => anAccount(id)))
  expect(recall.unknown(ids)).toEqual(['a0'])
})
