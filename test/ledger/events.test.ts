import { newPool, type Pool } from '../../internal/postgres/pool'
import { connectionSettings, newDatabase, type TestDatabase } from '../harness/database'
import { silentLog } from '../harness/log'
import { openEvents, type SentEvent } from '../rest/sse'
import { openAccount, post, spawnApi, type ApiProcess } from './processes'

jest.setTimeout(120_000)

let database: TestDatabase
let db: Pool
let apis: ApiProcess[]

beforeAll(async () => {
  database = await newDatabase()
  db = newPool(connectionSettings(database.url), silentLog(), { program: 'test' })
  apis = await Promise.all([spawnApi(database.url), spawnApi(database.url)])
  for (let n = 0; n < 4; n++) await openAccount(apis[0]!.url, `account-${n}`)
})

afterAll(async () => {
  await Promise.all(apis.map(({ program }) => program.close()))
  await db.close()
  await database.close()
})

/** Posts at both processes at once, until each has done its share or is killed. */
function postAtBoth(each: number): Promise<unknown> {
  const clients = apis.flatMap(({ url }, process) =>
    Array.from({ length: 8 }, async (_, client) => {
      for (let i = 0; i < each; i++) {
        const account_id = `account-${(process + client + i) % 4}`
        await post(`${url}/transactions`, { account_id, amount: '0.01' })
      }
    }),
  )
  return Promise.allSettled(clients)
}

/** All transactions in their order. */
async function committed(): Promise<string[]> {
  const text = 'select id from transaction order by xact_no, id'
  return (await db.query({ text, values: [] })).rows.map(({ id }: { id: string }) => id)
}

const idsOf = (events: SentEvent[]) =>
  events.map(({ data }) => (data as { transaction: { id: string } }).transaction.id)

test('while two processes post, each reader gets every transaction once, in one order', async () => {
  const [one, two] = await Promise.all(apis.map(({ url }) => openEvents(url)))
  await postAtBoth(25)
  const ids = await committed()
  expect(ids).toHaveLength(2 * 8 * 25)
  expect(idsOf(await one!.receives(ids.length))).toEqual(ids)
  expect(idsOf(await two!.receives(ids.length))).toEqual(ids)
  one!.close()
  two!.close()
})

test('after kill -9 in the middle, a reader goes on at the other process, and misses none', async () => {
  const [killed, other] = apis as [ApiProcess, ApiProcess]
  const first = await openEvents(killed.url)
  const before = (await committed()).length
  const posting = postAtBoth(40)
  await first.receives(before + 100)
  killed.program.kill('SIGKILL')
  expect(await first.ended).toBe(false)
  const seen = first.events()
  await posting
  const ids = await committed()
  const second = await openEvents(other.url, { lastEventId: seen.at(-1)!.id })
  const rest = await second.receives(ids.length - seen.length)
  expect(idsOf([...seen, ...rest])).toEqual(ids)
  second.close()
})
