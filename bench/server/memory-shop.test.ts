import { newSystemClock } from '../../internal/clock/clock'
import { systemIds } from '../../internal/id/id'
import type { Account } from '../../pkg/account/account'
import { newAccountStore } from '../../pkg/account/memory/store'
import type { Hold } from '../../pkg/hold/hold'
import { newLedger } from '../../pkg/transaction/app/ledger'
import { newTransactionStore } from '../../pkg/transaction/memory/store'
import { newUserStore } from '../../pkg/user/memory/store'
import type { User } from '../../pkg/user/user'
import { buyer, shopSize } from '../data/shop'
import { newMemoryShop } from './memory-shop'

/** The mocked shop with all its buyers, of whom the first has so much money. */
async function openShop(balance: bigint) {
  const users = new Map<string, User>()
  const accounts = new Map<string, Account>()
  const books = { users, accounts, accountIds: new Map<string, string[]>() }
  const memory = { ...books, holds: new Map<string, Hold>(), clock: newSystemClock() }
  const [userStore, accountStore] = [newUserStore(memory), newAccountStore(memory)]
  const shop = newMemoryShop({ ...memory, userStore, accountStore })
  for (let n = 0; n < shopSize.buyers; n++) {
    await userStore.insert({ id: buyer(n).userId, firstName: 'Ada', lastName: `Number ${n}` })
  }
  const { userId, accountId } = buyer(0)
  const own = { id: accountId, userId, name: 'Checking', currency: 'EUR', minBalance: 0n }
  accounts.set(accountId, { ...(await accountStore.insert(own)), balance })
  const { companions } = shop
  const transactions = newTransactionStore({ ...memory, ids: systemIds, companions })
  const ledger = newLedger(transactions, {
    ...{ lanes: 2, groupRequestsMax: 100, queueRequestsMax: 100, queueWaitMaxMs: 1000 },
  })
  const apps = await shop.newApps(ledger)
  await shop.refillCarts()
  const request = { userId, accountId, paysFromAny: false, storeId: null, cartId: null }
  const checkOut = (key: string | null) =>
    apps.checkouts.checkOut({ ...request, expectedTotal: null, key, traceparent: null })
  return { shop, apps, accounts, accountId, userId, checkOut }
}

test('sells a cart once, for its price, and gives the same order again', async () => {
  const { shop, apps, accounts, accountId, userId, checkOut } = await openShop(1_000_000n)
  const first = await checkOut('k')
  if (first.status === 'refused') throw new Error(first.refusal.detail)
  const { order } = first
  expect(order.lines).toHaveLength(3)
  const total = order.lines.reduce((sum, { unitPrice }) => sum + unitPrice, 0n)
  expect(order.totalAmount).toBe(total)
  for (const key of ['k', 'another', null]) {
    expect(await checkOut(key)).toMatchObject({ isReplayed: true, order: { id: order.id } })
  }
  expect(accounts.get(accountId)!.balance).toBe(1_000_000n - total)
  expect(accounts.get('shop-main')!.balance).toBe(total)
  expect(await apps.carts.listLines({ userId, after: undefined, limit: 9 })).toEqual([])
  await shop.refillCarts()
  const next = await checkOut('next')
  expect(next).toMatchObject({ status: 'ordered', isReplayed: false })
})

test('sells nothing to whoever cannot pay for it', async () => {
  const { accounts, checkOut } = await openShop(1n)
  const verdict = await checkOut(null)
  expect(verdict).toMatchObject({ refusal: { code: 'account.insufficient_funds' } })
  expect(accounts.get('shop-main')!.balance).toBe(0n)
})
