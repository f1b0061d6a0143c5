import { whyNotReady } from '../../cmd/api/readiness'
import { run } from '../../cmd/migrate/run'
import { migrate as migrateConfig } from '../../config/schema'
import { newPool, type Pool } from '../../internal/postgres/pool'
import type { EventPage } from '../../pkg/event/event'
import { beginning } from '../../pkg/event/position'
import { newEventStore } from '../../pkg/event/sql/store'
import { connectionSettings, newDatabase, type TestDatabase } from '../harness/database'
import { silentLog } from '../harness/log'
import { pollUntil } from '../harness/poll'

let database: TestDatabase
let db: Pool

beforeEach(async () => {
  database = await newDatabase()
  db = newPool(connectionSettings(database.url), silentLog(), { program: 'test' })
  await sql(`insert into app_user (id, first_name, last_name) values ('ada', 'Ada', 'Lovelace')`)
  await sql(
    `insert into account (id, user_id, name, currency) values ('till', 'ada', 'Till', 'EUR')`,
  )
})

afterEach(async () => {
  await db.close()
  await database.close()
})

async function sql<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
  return (await db.query({ text, values })).rows as Row[]
}

async function migrate(): Promise<string[]> {
  const lines: string[] = []
  const settings = { url: database.url, statement_timeout_ms: 60_000 }
  const config = migrateConfig.parse({ environment: 'test', database: settings })
  await run(config, { directory: 'migrations', print: (line) => lines.push(line) })
  return lines
}

async function offset(): Promise<bigint> {
  const [row] = await sql<{ xact_offset: bigint }>('select xact_offset from xact_epoch')
  return row!.xact_offset
}

const idOf = (n: number) => `019c1f6e-8d7a-7c3b-9f10-${String(n).padStart(12, '0')}`

/** A row as a dump brings it along, or with `xactNo` left out as one that is posted here. */
async function insert(n: number, xactNo?: bigint): Promise<void> {
  await sql(
    `insert into transaction
       (id, account_id, currency, amount, balance_after, entry_no, effective_at, created_at, xact_no)
     select $1, 'till', 'EUR', 1, $2::int, $2::int, now(), now(),
       coalesce($3, pg_current_xact_id()::text::bigint + xact_offset)
     from xact_epoch`,
    [idOf(n), n, xactNo ?? null],
  )
}

function events(count: number): Promise<EventPage> {
  const all = async () => {
    const page = await newEventStore(db).list(beginning, 100)
    return page.events.length === count && page
  }
  return pollUntil(all, { what: `${count} events` })
}

test('a book that was restored into another server goes on above its own numbers', async () => {
  const brought = 5_000_000_000n
  await insert(1, brought - 1n)
  await insert(2, brought)
  // Nothing that this server gives out comes that far, so that they would never be over.
  expect((await newEventStore(db).list(beginning, 100)).events).toEqual([])

  const lines = await migrate()
  expect(lines).toEqual([
    expect.stringMatching(/^this book comes from another server: its numbers go on/) as string,
    expect.stringMatching(/^up to date/) as string,
  ])
  expect(await offset()).toBeGreaterThan(0n)
  await insert(3)
  await insert(4)
  const page = await events(4)
  expect(page.events.map(({ transaction }) => transaction.id)).toEqual([1, 2, 3, 4].map(idOf))
  expect(page.events[2]!.position.xactNo).toBeGreaterThan(brought)

  // And from there into a third one, which has come less far still.
  await insert(5, 9_000_000_000n)
  await migrate()
  await insert(6)
  const { events: all } = await events(6)
  expect(all.at(-1)!.transaction.id).toBe(idOf(6))
})

test('the API does not go on with a restored book before its numbers are raised', async () => {
  await insert(1)
  expect(await whyNotReady(db, 'none')).toBeUndefined()
  await insert(2, 5_000_000_000n)
  expect(await whyNotReady(db, 'none')).toMatch(/comes from another server: run `make migrate`/)
  await migrate()
  await insert(3)
  expect(await whyNotReady(db, 'none')).toBeUndefined()
})

test('on its own server nothing is raised, however often it is looked', async () => {
  await insert(1)
  for (let i = 0; i < 3; i++) expect(await migrate()).toHaveLength(1)
  expect(await offset()).toBe(0n)
})

test('the number that was brought along is raised above also when it is just the next one', async () => {
  const [row] = await sql<{ next: bigint }>(
    'select pg_current_xact_id()::text::bigint + 200 as next',
  )
  await insert(1, row!.next)
  await migrate()
  await insert(2)
  const { events: all } = await events(2)
  expect(all.map(({ transaction }) => transaction.id)).toEqual([1, 2].map(idOf))
})

test('two programs that raise at once leave one number that is high enough', async () => {
  await insert(1, 5_000_000_000n)
  await Promise.all([migrate(), migrate(), migrate()])
  await insert(2)
  const { events: all } = await events(2)
  expect(all.map(({ transaction }) => transaction.id)).toEqual([1, 2].map(idOf))
})
