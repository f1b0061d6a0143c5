import type { Instant } from '../../internal/clock/instant'
import { january, type newGiven, type Stores } from './stores'

/** What pkg/transaction/rollup.ts promises of balances at a time; largest expenses stand with the lists. */
export function exerciseRollUps(
  stores: () => Stores,
  { anAccount, create }: ReturnType<typeof newGiven>,
): void {
  const balanceAt = (id: string, at: Instant) => stores().transactions.findBalanceAt(id, at)

  test('finds the balance at a time by when entries count, the time itself included', async () => {
    const [a, b] = [await anAccount(), await anAccount()]
    await create(a, 500n, { effectiveAt: january(10, 5) })
    await create(a, -30n, { effectiveAt: january(20), counterpartyId: b })
    // Backdated, and seen from the other side.
    await create(b, 7n, { effectiveAt: january(5), counterpartyId: a })
    await create(a, 1n, { effectiveAt: january(2) })
    const future = '2999-01-01T00:00:00.000000Z' as Instant
    await create(a, 100n, { effectiveAt: future })
    expect(await balanceAt(a, january(1))).toBe(0n)
    expect(await balanceAt(a, january(2))).toBe(1n)
    expect(await balanceAt(a, january(5))).toBe(-6n)
    expect(await balanceAt(a, january(10, 4))).toBe(-6n)
    expect(await balanceAt(a, january(10, 5))).toBe(494n)
    expect(await balanceAt(a, january(20))).toBe(464n)
    expect(await balanceAt(b, january(20))).toBe(37n)
    expect(await balanceAt(a, future)).toBe((await stores().accounts.find(a))!.balance)
  })

  test('knows no balance of an account that is not there', async () => {
    expect(await balanceAt('nothing', january(1))).toBeUndefined()
  })

  test('has nothing to roll up of a few entries, nor of an account that is not there', async () => {
    const id = await anAccount({ balance: 5n })
    expect(await stores().transactions.rollUp(id)).toBe('done')
    expect(await stores().transactions.rollUp('nothing')).toBe('done')
    const page = await stores().transactions.listToRollUp({ afterId: '', limit: 1000 })
    expect(page.filter(({ isDue }) => isDue)).toEqual([])
  })
}
