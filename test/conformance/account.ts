import { accountsPerUserMax } from '../../pkg/user/user'
import { instantForm, newGiven, refusal, request, type OpenStores, type Stores } from './stores'

/** What pkg/account/account.ts promises, for any store. */
export function exerciseAccountStore(name: string, open: OpenStores): void {
  describe(`the account store: ${name}`, () => {
    let stores: Stores
    beforeAll(async () => {
      stores = await open()
    })
    afterAll(() => stores.close())
    const { aUser, create, post } = newGiven(() => stores)

    async function aNewAccount() {
      const userId = await aUser()
      return {
        id: `${userId}-checking`,
        userId,
        name: 'Checking "1"',
        currency: 'KWD',
        minBalance: -500n,
      }
    }

    test('gives back the account that it inserted: empty, open, without entries', async () => {
      const account = await aNewAccount()
      const inserted = await stores.accounts.insert(account)
      expect(inserted).toEqual({
        ...account,
        balance: 0n,
        held: 0n,
        entryNo: 0n,
        closedAt: null,
        createdAt: expect.stringMatching(instantForm) as string,
      })
      expect(await stores.accounts.find(account.id)).toEqual(inserted)
    })

    test('finds it as its transactions left it', async () => {
      const inserted = await stores.accounts.insert(await aNewAccount())
      await create(inserted.id, '1.500')
      await create(inserted.id, '-2.000')
      const changed = { balance: -500n, entryNo: 2n }
      expect(await stores.accounts.find(inserted.id)).toEqual({ ...inserted, ...changed })
    })

    test('knows nothing of an account that is not there', async () => {
      expect(await stores.accounts.find('nothing')).toBeUndefined()
    })

    test('refuses an id that is there, whoever asks, and keeps the first account', async () => {
      const first = await stores.accounts.insert(await aNewAccount())
      const second = stores.accounts.insert({ ...first, userId: await aUser() })
      await expect(second).rejects.toMatchObject({ code: 'account.exists' })
      expect(await stores.accounts.find(first.id)).toEqual(first)
    })

    test('refuses an account of a user that is not there', async () => {
      const account = { ...(await aNewAccount()), userId: 'nobody' }
      const inserted = stores.accounts.insert(account)
      await expect(inserted).rejects.toMatchObject({ code: 'user.not_found' })
      expect(await stores.accounts.find(account.id)).toBeUndefined()
    })

    test('closes an account for ever, and only when there is nothing on it', async () => {
      const { id } = await stores.accounts.insert({ ...(await aNewAccount()), minBalance: -10n })
      await create(id, '0.005')
      await expect(stores.accounts.close(id)).rejects.toMatchObject({ code: 'account.not_empty' })
      await create(id, '-0.006')
      await expect(stores.accounts.close(id)).rejects.toMatchObject({ code: 'account.not_empty' })
      await create(id, '0.001')
      const before = (await stores.accounts.find(id))!
      expect(before.closedAt).toBeNull()
      const closed = await stores.accounts.close(id)
      const closedAt = expect.stringMatching(instantForm) as string
      expect(closed).toEqual({ ...before, closedAt })
      expect(await stores.accounts.close(id)).toEqual(closed)
      expect(await stores.accounts.find(id)).toEqual(closed)
      expect(refusal(await post(request(id, '1'))).code).toBe('account.closed')
      expect(await stores.accounts.close('nothing')).toBeUndefined()
    })

    test('changes the limit to what is available at most, and of an open account only', async () => {
      const inserted = await stores.accounts.insert({ ...(await aNewAccount()), minBalance: -10n })
      const { id } = inserted
      await create(id, '-0.008')
      const set = (limit: bigint) => stores.accounts.setMinBalance(id, limit)
      await expect(set(-7n)).rejects.toMatchObject({ code: 'account.limit_not_met' })
      expect(await set(-8n)).toEqual({
        ...{ ...inserted, balance: -8n, entryNo: 1n, minBalance: -8n },
      })
      expect(refusal(await post(request(id, '-0.001'))).code).toBe('account.insufficient_funds')
      await set(-9n)
      expect((await create(id, '-0.001')).balanceAfter).toBe(-9n)
      await create(id, '0.009')
      expect(await set(0n)).toEqual(await stores.accounts.find(id))
      await stores.accounts.close(id)
      await expect(set(-1n)).rejects.toMatchObject({ code: 'account.closed' })
      expect(await stores.accounts.setMinBalance('nothing', 0n)).toBeUndefined()
    })

    test('refuses one more account than a user can have, also when all are opened at once', async () => {
      const account = await aNewAccount()
      const inserted = Array.from({ length: accountsPerUserMax + 5 }, (_, i) =>
        stores.accounts.insert({ ...account, id: `account-${i}` }),
      )
      const results = await Promise.allSettled(inserted)
      const refused = results.filter((result) => result.status === 'rejected')
      expect(refused.map(({ reason }) => (reason as { code: string }).code)).toEqual(
        Array.from({ length: 5 }, () => 'user.too_many_accounts'),
      )
      const overview = (await stores.users.findOverview(account.userId))!
      expect(overview.accounts).toHaveLength(accountsPerUserMax)
      // Somebody else still can.
      await stores.accounts.insert(await aNewAccount())
    })
  })
}
