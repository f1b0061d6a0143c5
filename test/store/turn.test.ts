import { ledgerSession } from '../../cmd/api/wiring/pools'
import { systemIds } from '../../internal/id/id'
import { newPool, type Pool } from '../../internal/postgres/pool'
import { single } from '../../pkg/transaction/instruction'
import { newGroupPoster } from '../../pkg/transaction/sql/post'
import { connectionSettings, newDatabase, type TestDatabase } from '../harness/database'
import { silentLog } from '../harness/log'
import { onServer } from '../harness/server'

let database: TestDatabase
const pools: Pool[] = []

beforeAll(async () => {
  database = await newDatabase()
  await onServer(
    database.url,
    `with u as (
       insert into app_user (id, first_name, last_name) values ('ada', 'Ada', 'Lovelace') returning id
     )
     insert into account (id, user_id, name, currency) select 'till', id, 'Till', 'EUR' from u`,
  )
})

afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.close()))
  await database?.close()
})

const deposit = single({
  kind: 'post',
  accountId: 'till',
  amount: { units: 1n, scale: 2 },
  counterpartyId: null,
  description: null,
  metadata: null,
  effectiveAt: null,
  idempotency: null,
})

/** What a process of its own would post with, and how often it had to try. */
function newPoster() {
  const settings = connectionSettings(database.url)
  const options = {
    ...{ program: 'test', connectionsMax: 1, pipeline: true },
    sessionOptions: ledgerSession,
  }
  const lanes = newPool(settings, silentLog(), options)
  pools.push(lanes)
  let tries = 0
  const counted: Pool = {
    ...lanes,
    withClient: (work) => {
      tries += 1
      return lanes.withClient(work)
    },
  }
  const { post } = newGroupPoster(counted, systemIds, {
    attemptsMax: 100,
    outcomeTimeoutMs: 2000,
    ownsSessions: true,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  })
  return { post, tries: () => tries }
}

async function turnsHeld(): Promise<number> {
  const text = `
    select count(*)::int as held from pg_locks
    where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`
  return (await onServer(database.url, text)).rows[0].held
}

const rounds = 60

test('processes that post to one account take turns: hardly a look is in vain, and no turn is kept', async () => {
  const posters = Array.from({ length: 4 }, newPoster)
  await Promise.all(
    posters.map(async ({ post }) => {
      for (let i = 0; i < rounds; i++) await post([deposit, deposit])
    }),
  )
  const tries = posters.reduce((sum, poster) => sum + poster.tries(), 0)
  // Without turns it is about twice as many as there are groups.
  expect(tries / (posters.length * rounds)).toBeLessThan(1.4)
  expect(await turnsHeld()).toBe(0)
  const text = `select balance::int as balance from account where id = 'till'`
  const { rows } = await onServer(database.url, text)
  expect(rows[0].balance).toBe(posters.length * rounds * 2)
})

test('a turn that comes too late is passed over, and nothing of it is kept', async () => {
  const [one, other] = [newPoster(), newPoster()]
  const both = () => Promise.all([one.post([deposit]), other.post([deposit])])
  for (let i = 0; i < 10; i++) await both()
  const holder = newPool(connectionSettings(database.url), silentLog(), { program: 'holder' })
  pools.push(holder)
  await holder.withClient(async (client) => {
    const text = `select pg_advisory_lock(hashtextextended('turn till', 0))`
    await client.query({ text, values: [] })
    // Whether by its turn or past it, each is posted: a turn decides nothing.
    const answers = await both()
    for (const [answer] of answers) expect(answer!.verdicts[0]!.status).toBe('created')
    await client.query({ text: 'select pg_advisory_unlock_all()', values: [] })
  })
  await both()
  expect(await turnsHeld()).toBe(0)
})
