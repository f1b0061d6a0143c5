import { newBook, type Book } from './book'
import {
  account,
  decideAll,
  earlier,
  hold,
  keyed,
  later,
  movement,
  newState,
  now,
  post,
  request,
} from './fixture'
import { single } from './instruction'

const before = hold('h', 'a')
const given = newState({ accounts: [account('a'), account('b')], holds: [before] })
const aBook = () => newBook(given, { now, newId: () => 'new' })
const refusal = { code: 'account.closed', detail: 'It is.' } as const

/** Enters something of every kind. */
function enterAll(book: Book, balance: bigint): void {
  book.putAccount(account('a', { balance }))
  book.putHold({ ...before, captured: balance })
  book.putHold(hold('opened', 'a'))
  book.addMovement(movement(`m${balance}`, { reversesId: `r${balance}` }))
  book.remember(keyed(`k${balance}`).idempotency, { refusal })
}

/** All that can be read of a book. */
const contents = (book: Book) => ({
  ...{ a: book.account('a'), h: book.hold('h'), opened: book.hold('opened') },
  ...{ r1: book.isReversed('r1'), r2: book.isReversed('r2') },
  ...{ k1: book.answer('k1'), k2: book.answer('k2') },
  changes: structuredClone(book.changes()),
})

test('shows what was put into it, on top of what was read', () => {
  const book = aBook()
  enterAll(book, 1n)
  expect(book.account('a')!.balance).toBe(1n)
  expect(book.account('b')).toEqual(account('b'))
  expect(book.hold('h')!.captured).toBe(1n)
  expect([book.isReversed('r1'), book.isReversed('r2')]).toEqual([true, false])
  expect(book.answer('k1')).toMatchObject({ outcome: { refusal } })
  const { openedHolds, changedHolds, accounts } = book.changes()
  expect(openedHolds.map(({ id }) => id)).toEqual(['opened'])
  expect(changedHolds.map(({ id }) => id)).toEqual(['h'])
  expect(accounts.map(({ id }) => id)).toEqual(['a'])
})

test('an attempt that fails leaves it as it was, whatever had been put there before', () => {
  for (const enterBefore of [() => {}, (book: Book) => enterAll(book, 1n)]) {
    const book = aBook()
    enterBefore(book)
    const found = contents(book)
    book.attempt(() => {
      enterAll(book, 2n)
      enterAll(book, 3n)
      expect(book.account('a')!.balance).toBe(3n)
      expect(book.isReversed('r2')).toBe(true)
      return false
    })
    expect(contents(book)).toEqual(found)
  }
})

test('an attempt that succeeds stays, also when the next one fails', () => {
  const book = aBook()
  book.attempt(() => {
    enterAll(book, 1n)
    return true
  })
  const found = contents(book)
  expect(found.changes.movements.map(({ id }) => id)).toEqual(['m1'])
  book.attempt(() => {
    enterAll(book, 2n)
    return false
  })
  expect(contents(book)).toEqual(found)
  enterAll(book, 2n)
  expect(book.changes().movements.map(({ id }) => id)).toEqual(['m1', 'm2'])
})

test('shows a hold as it is at its moment', () => {
  const over = hold('h', 'a', { expiresAt: earlier })
  const book = newBook(newState({ holds: [over] }), { now, newId: () => 'new' })
  expect(book.hold('h')).toEqual({ ...over, closedAs: 'expired', closedAt: earlier })
  expect(book.changes().changedHolds).toEqual([])
})

describe('an entry dated into what is rolled up', () => {
  const until = (id: string, rolledUpUntil = now, userId = `owner-${id}`) =>
    account(id, { rolledUpUntil, userId })
  const lateEntries = (
    accounts: ReturnType<typeof until>[],
    ...requests: ReturnType<typeof request>[]
  ) =>
    decideAll(
      requests.map((one) => single(post(one))),
      { accounts },
    ).lateEntries
  const dated = { effectiveAt: earlier }

  test('is late, for each side that is rolled up that far', () => {
    const transfer = request('a', '-1', { ...dated, counterpartyId: 'b' })
    const of = { effectiveAt: earlier, transactionId: 't1' }
    const posted = { ...of, accountId: 'a', amount: -100n, isExpense: true }
    const counter = { ...of, accountId: 'b', amount: 100n, isExpense: false }
    expect(lateEntries([until('a'), until('b')], transfer)).toEqual([posted, counter])
    expect(lateEntries([until('a'), account('b')], transfer)).toEqual([posted])
    expect(lateEntries([account('a'), until('b')], transfer)).toEqual([counter])
    expect(lateEntries([until('a', earlier), account('b')], transfer)).toEqual([])
  })

  test('begins before the moment, not at it; what counts now is never late', () => {
    const at = (effectiveAt: typeof now | null) => request('a', '1', { effectiveAt })
    expect(lateEntries([until('a')], at(now), at(later), at(null))).toEqual([])
    expect(lateEntries([until('a')], at(earlier))).toHaveLength(1)
  })

  test('is an expense when the money left for another user, on whichever side', () => {
    const [a, b] = [until('a', now, 'ada'), until('b', now, 'ada')]
    const own = request('a', '-1', { ...dated, counterpartyId: 'b' })
    expect(lateEntries([a, b], own).map(({ isExpense }) => isExpense)).toEqual([false, false])
    const taken = request('a', '1', { ...dated, counterpartyId: 'c' })
    const found = lateEntries([a, until('c')], taken)
    expect(found.map(({ accountId, isExpense }) => [accountId, isExpense])).toEqual([
      ['a', false],
      ['c', true],
    ])
    const spent = request('a', '-1', dated)
    const earned = request('a', '1', dated)
    const expenses = lateEntries([a], spent, earned).map(({ isExpense }) => isExpense)
    expect(expenses).toEqual([true, false])
  })

  test('is none when its transaction was refused or only tried', () => {
    const accounts = [until('a')]
    const requests = [
      single(post(request('a', '-900', dated))),
      single(post(request('a', '1', dated)), true),
    ]
    expect(decideAll(requests, { accounts }).lateEntries).toEqual([])
  })
})
