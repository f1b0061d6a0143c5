import { instantForm, newGiven, type OpenStores, type Stores } from './stores'

const hash = (name: string) => `$argon2id$v=19$m=19456,t=2,p=1$${name}`

/** What pkg/credential/credential.ts promises, for any store. */
export function exerciseCredentialStore(name: string, open: OpenStores): void {
  describe(`the credential store: ${name}`, () => {
    let stores: Stores
    beforeAll(async () => {
      stores = await open()
    })
    afterAll(() => stores.close())
    const { aUser } = newGiven(() => stores)

    test('finds what was put, and nothing for anybody else', async () => {
      const [userId, other] = [await aUser(), await aUser()]
      await stores.credentials.put({ userId, role: 'merchant', passwordHash: hash('a') })
      expect(await stores.credentials.find(userId)).toEqual({
        ...{ userId, role: 'merchant', passwordHash: hash('a') },
        changedAt: expect.stringMatching(instantForm) as string,
      })
      for (const nobody of [other, 'nobody', '']) {
        expect(await stores.credentials.find(nobody)).toBeUndefined()
      }
    })

    test('a user is a customer until a role is given, and keeps it from then on', async () => {
      const userId = await aUser()
      const roles = []
      for (const role of [null, 'operator', null, 'customer'] as const) {
        await stores.credentials.put({ userId, role, passwordHash: hash('a') })
        roles.push((await stores.credentials.find(userId))!.role)
      }
      expect(roles).toEqual(['customer', 'operator', 'operator', 'customer'])
    })

    test('each change has a time of its own, also when nothing is different', async () => {
      const userId = await aUser()
      const times = new Set<string>()
      for (let i = 0; i < 3; i++) {
        await stores.credentials.put({ userId, role: null, passwordHash: hash('a') })
        times.add((await stores.credentials.find(userId))!.changedAt)
      }
      expect(times.size).toBe(3)
    })

    test('refuses a user who is not there', async () => {
      const put = stores.credentials.put({ userId: 'nobody', role: null, passwordHash: hash('a') })
      await expect(put).rejects.toMatchObject({ code: 'user.not_found' })
    })
  })
}
