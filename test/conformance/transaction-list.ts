import type { Period, Transaction, TransactionPosition } from '../../pkg/transaction/transaction'
import { january, plain, type newGiven, type Stores } from './stores'

const always: Period = { from: null, to: null }

/** The lists that pkg/transaction/transaction.ts promises. */
export function exerciseTransactionLists(
  stores: () => Stores,
  { aUser, anAccount, create }: ReturnType<typeof newGiven>,
): void {
  interface Page extends Partial<Period> {
    after?: TransactionPosition
    limit?: number
  }

  async function list(id: string, page: Page = {}): Promise<Transaction[]> {
    const all = { ...always, after: undefined, limit: 100, ...page }
    return (await stores().transactions.listByAccount(id, all)).map(plain)
  }

  async function largest(userId: string, more: Partial<Period & { currency: string }> = {}) {
    const period = { ...always, currency: null, ...more }
    return (await stores().transactions.listLargestExpenses(userId, period)).map(plain)
  }

  test('lists newest effectiveAt first, of equals the later id first', async () => {
    const id = await anAccount()
    const b = await create(id, 1n, { effectiveAt: january(2) })
    const c = await create(id, 2n, { effectiveAt: january(2) })
    const d = await create(id, 3n, { effectiveAt: january(3) })
    const a = await create(id, 4n, { effectiveAt: january(1) })
    expect(await list(id)).toEqual([d, c, b, a])
    expect(await list(id, { limit: 2 })).toEqual([d, c])
    expect(await list(id, { after: c, limit: 1 })).toEqual([b])
    expect(await list(id, { after: a })).toEqual([])
    // A position that is no row is a place all the same.
    const between = { effectiveAt: january(2, 1), id: a.id }
    expect(await list(id, { after: between })).toEqual([c, b, a])
  })

  test('lists from and to inclusive, to the microsecond', async () => {
    const id = await anAccount()
    const rows: Transaction[] = []
    for (const micros of [1, 2, 3]) {
      rows.unshift(await create(id, 1n, { effectiveAt: january(5, micros) }))
    }
    expect(await list(id, { from: january(5, 2) })).toEqual(rows.slice(0, 2))
    expect(await list(id, { to: january(5, 2) })).toEqual(rows.slice(1))
    expect(await list(id, { from: january(5, 2), to: january(5, 2) })).toEqual([rows[1]])
    const page = { from: january(5, 1), to: january(5, 3), after: rows[0]!, limit: 1 }
    expect(await list(id, page)).toEqual([rows[1]])
    expect(await list(id, { from: january(6) })).toEqual([])
  })

  test('lists nothing for an account that is not there', async () => {
    expect(await list('nothing')).toEqual([])
  })

  test('shows a transfer to each account from its own side', async () => {
    const [a, b] = [await anAccount({ balance: 100n }), await anAccount({ balance: 7n })]
    const posted = await create(a, -30n, { counterpartyId: b })
    expect(posted).toMatchObject({ accountId: a, counterpartyId: b, balanceAfter: 70n })
    expect((await list(a))[0]).toEqual(posted)
    const seen = { accountId: b, counterpartyId: a, amount: 30n, balanceAfter: 37n }
    expect((await list(b))[0]).toEqual({ ...posted, ...seen })
    const found = await stores().transactions.find(posted.id)
    expect(plain(found!)).toEqual(posted)
    const counterside = await stores().transactions.findCounterside(posted.id)
    expect(plain(counterside!)).toEqual({ ...posted, ...seen })
  })

  test('has no other side of what came from outside, nor of what is not there', async () => {
    const posted = await create(await anAccount(), 30n)
    expect(await stores().transactions.findCounterside(posted.id)).toBeUndefined()
    const missing = '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e'
    expect(await stores().transactions.findCounterside(missing)).toBeUndefined()
  })

  test('finds no largest expense where there is none', async () => {
    expect(await largest('nobody')).toEqual([])
    const userId = await aUser()
    await anAccount({ userId, balance: 10n })
    expect(await largest(userId)).toEqual([])
  })

  test('finds the largest expense of each currency over all accounts, by currency', async () => {
    const userId = await aUser()
    const open = (currency: string) => anAccount({ userId, currency, balance: 9000n })
    const [a, b, usd, chf] = [
      await open('EUR'),
      await open('EUR'),
      await open('USD'),
      await open('CHF'),
    ]
    await create(a, -10n)
    const euros = await create(b, -11n)
    const dollars = await create(usd, -5n)
    const francs = await create(chf, -1n)
    await create(await anAccount({ balance: 9000n }), -9000n)
    expect(await largest(userId)).toEqual([francs, euros, dollars])
    expect(await largest(userId, { currency: 'USD' })).toEqual([dollars])
    expect(await largest(userId, { currency: 'JPY' })).toEqual([])
  })

  test('takes the earliest of equal expenses, within the period, both ends included', async () => {
    const userId = await aUser()
    const [a, b] = [
      await anAccount({ userId, balance: 90n }),
      await anAccount({ userId, balance: 90n }),
    ]
    const late = await create(a, -7n, { effectiveAt: january(20) })
    const early = await create(b, -7n, { effectiveAt: january(10) })
    expect(await largest(userId)).toEqual([early])
    await create(a, -7n, { effectiveAt: january(10) })
    expect(await largest(userId)).toEqual([early])
    expect(await largest(userId, { from: january(10, 1) })).toEqual([late])
    expect(await largest(userId, { from: january(10), to: january(10) })).toEqual([early])
    expect(await largest(userId, { from: january(20), to: january(20) })).toEqual([late])
    expect(await largest(userId, { to: january(9) })).toEqual([])
  })

  test('counts what went to others, whichever side posted it, and no transfer of one’s own', async () => {
    const userId = await aUser()
    const [a, b] = [
      await anAccount({ userId, balance: 90n }),
      await anAccount({ userId, balance: 90n }),
    ]
    const other = await anAccount({ balance: 90n })
    await create(a, -50n, { counterpartyId: b })
    await create(a, 60n, { counterpartyId: b })
    expect(await largest(userId)).toEqual([])
    const given = await create(a, -20n, { counterpartyId: other })
    expect(await largest(userId)).toEqual([given])
    const taken = await create(other, 30n, { counterpartyId: b })
    const seen = { accountId: b, counterpartyId: other, amount: -30n, balanceAfter: 50n }
    expect(await largest(userId)).toEqual([{ ...taken, ...seen }])
  })
}
