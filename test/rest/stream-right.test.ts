import { problemDto } from './answer'
import { startApi, type TestApi } from './api'
import { aSignIn, basic, password } from './credentials'
import { openEvents, type EventReader } from './sse'

let api: TestApi
const readers: EventReader[] = []
beforeAll(async () => {
  api = await startApi({ auth: { recheck_ms: 20, remember_ms: 50 } })
})
afterEach(() => readers.splice(0).forEach((reader) => reader.close()))
afterAll(() => api.close())

let count = 0
async function aUser(role: 'operator' | 'customer'): Promise<string> {
  const id = `reader-${++count}`
  await aSignIn(api, id, role)
  return id
}

async function open(path: string, userId: string): Promise<EventReader> {
  const reader = await openEvents(api.url(), { path, authorization: basic(userId) })
  expect(reader.status).toBe(200)
  readers.push(reader)
  return reader
}

const put = async (userId: string, json: object) => {
  const path = `/users/${userId}/credential`
  expect((await api.send({ method: 'PUT', path, json })).status).toBe(204)
}

/** The stream has ended, was not cut, and its last event says why. */
async function expectEnd(reader: EventReader): Promise<void> {
  expect(await reader.ended).toBe(true)
  const last = reader.events().at(-1)!
  expect(last.event).toBe('end')
  expect(problemDto.parse(last.data)).toMatchObject({ code: 'auth.unauthenticated', status: 401 })
}

const newPassword = { password: 'another one of mine' }

describe.each(['/events', '/items/events'])('a stream of %s', (path) => {
  test.each<[string, (id: string) => Promise<void>]>([
    ['the role of its reader was taken away', (id) => put(id, { password, role: 'customer' })],
    ['the password of its reader was changed', (id) => put(id, newPassword)],
    [
      'either was changed by another process',
      async (id) => {
        const change = `update credential set role = 'merchant', changed_at = now() where user_id = $1`
        await api.sql(change, [id])
      },
    ],
    [
      'the reader may not sign in any more',
      async (id) => void (await api.sql('delete from credential where user_id = $1', [id])),
    ],
  ])('ends when %s', async (_what, change) => {
    const id = await aUser('operator')
    const [theirs, other] = [await open(path, id), await open(path, await aUser('operator'))]
    await change(id)
    await expectEnd(theirs)
    expect(other.text()).not.toContain('event: end')
  })
})

test('a stream goes on for whoever may read it, and for the demo operator', async () => {
  const account = await api.anAccount()
  const reader = await open('/events', await aUser('operator'))
  const demo = await openEvents(api.url())
  readers.push(demo)
  // Long past many looks.
  const other = await aUser('operator')
  const theirs = await open('/events', other)
  await put(other, newPassword)
  await expectEnd(theirs)
  const { id } = await api.deposit(account, '1.00')
  for (const { receives } of [reader, demo]) {
    const [first] = (await receives(1)).slice(-1)
    expect((first!.data as { transaction: { id: string } }).transaction.id).toBe(id)
  }
})
