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

test('knows an account as it was left last', () => {
  const recall = newRecall()
  recall.keep([anAccount('a')])
  recall.keep([anAccount('a', { balance: 250n, entryNo: 2n })])
  expect(recall.unknown(['a', 'b'])).toEqual(['b'])
  expect(recall.accounts(['a'])?.get('a')).toMatchObject({ balance: 250n, entryNo: 2n })
  expect(recall.accounts(['a', 'b'])).toBeUndefined()
})

test('what is read is older than what was decided meanwhile', () => {
  const recall = newRecall()
  recall.keep([anAccount('a', { balance: 250n })])
  recall.learn([anAccount('a'), anAccount('b')])
  expect(recall.accounts(['a', 'b'])?.get('a')).toMatchObject({ balance: 250n })
})

test.each<[string, Partial<LockedAccount>]>([
  ['something is set aside on it', { held: 5n }],
  ['a hold on it is over and still counted', { expiredHoldIds: ['h'] }],
  ['it is closed', { closedAt: '2026-01-31T00:00:00.000000Z' as Instant }],
])('does not know an account once %s', (_what, change) => {
  const recall = newRecall()
  recall.keep([anAccount('a')])
  recall.keep([anAccount('a', change)])
  expect(recall.unknown(['a'])).toEqual(['a'])
})

test('an account that stood elsewhere is known from there, unless something was decided since', () => {
  const recall = newRecall()
  const [one, other] = [anAccount('a'), anAccount('b')]
  recall.keep([one, other])
  recall.keep([anAccount('b', { balance: 107n, entryNo: 2n })])
  const by = { balance: -30n, entryNo: 4n }
  recall.move(
    [one, other],
    new Map([
      ['a', by],
      ['b', by],
    ]),
  )
  const known = recall.accounts(['a', 'b'])
  expect(known?.get('a')).toMatchObject({ balance: 70n, entryNo: 5n })
  expect(known?.get('b')).toMatchObject({ balance: 107n, entryNo: 2n })
})

test('what came to nothing is forgotten', () => {
  const recall = newRecall()
  recall.keep([anAccount('a')])
  recall.forget(['a'])
  expect(recall.unknown(['a'])).toEqual(['a'])
})

test('holds no more accounts than it may', () => {
  const recall = newRecall()
  const ids = Array.from({ length: 16_385 }, (_, i) => `a${i}`)
  recall.keep(ids.map((id) => anAccount(id)))
  expect(recall.unknown(ids)).toEqual(['a0'])
})
