import { instantForm, newGiven, type OpenStores, type Stores } from './stores'

/** What pkg/user/user.ts promises, for any store. */
export function exerciseUserStore(name: string, open: OpenStores): void {
  describe(`the user store: ${name}`, () => {
    let stores: Stores
    beforeAll(async () => {
      stores = await open()
    })
    afterAll(() => stores.close())
    const { aUser, anAccount } = newGiven(() => stores)

    const ada = { id: 'ada', firstName: 'Ada "the\\first"', lastName: 'Lövelace 😀' }

    test('gives back the user that it inserted, with the time', async () => {
      const inserted = await stores.users.insert(ada)
      const createdAt = expect.stringMatching(instantForm) as string
      expect(inserted).toEqual({ ...ada, createdAt })
      expect(await stores.users.list({ afterId: undefined, limit: 10 })).toContainEqual(inserted)
      expect((await stores.users.findOverview('ada'))!.user).toEqual(inserted)
    })

    test('refuses an id that is there, and keeps the first user', async () => {
      const first = await stores.users.insert({ ...ada, id: 'grace' })
      const second = stores.users.insert({ ...first, firstName: 'Other' })
      await expect(second).rejects.toMatchObject({ code: 'user.exists' })
      expect((await stores.users.findOverview('grace'))!.user).toEqual(first)
    })

    test('lists by id, those after one, as many as asked for', async () => {
      const list = async (afterId: string | undefined, limit: number) =>
        (await stores.users.list({ afterId, limit })).map(({ id }) => id)
      // Behind everybody else's.
      const ids = ['zB', 'za', 'za-1', 'za:1', 'zb']
      expect(await list('zA', 5)).toEqual([])
      for (const id of [...ids].reverse()) await stores.users.insert({ ...ada, id })
      expect(await list('zA', 9)).toEqual(ids)
      expect(await list('zA', 2)).toEqual(['zB', 'za'])
      expect(await list('za', 2)).toEqual(['za-1', 'za:1'])
      expect(await list('za-', 1)).toEqual(['za-1'])
      expect(await list('zb', 2)).toEqual([])
      const all = await list(undefined, 1000)
      expect(all).toEqual([...all].sort())
      expect(all.slice(-5)).toEqual(ids)
    })

    test('finds a user with all accounts by id and nobody else’s', async () => {
      const [userId, other] = [await aUser(), await aUser()]
      expect(await stores.users.findOverview(userId)).toMatchObject({ accounts: [] })
      const ids = [
        await anAccount({ userId, balance: 5n, currency: 'USD' }),
        await anAccount({ userId }),
        await anAccount({ userId }),
      ]
      await anAccount({ userId: other })
      const { accounts } = (await stores.users.findOverview(userId))!
      expect(accounts.map(({ id }) => id)).toEqual([...ids].sort())
      for (const account of accounts) {
        expect(account).toEqual(await stores.accounts.find(account.id))
      }
    })

    test('knows nothing of a user that is not there', async () => {
      expect(await stores.users.findOverview('nobody')).toBeUndefined()
    })
  })
}
