import { newPool, type Pool } from '../../internal/postgres/pool'
import { inTransaction } from '../../internal/postgres/transaction'
import { insertMessages } from '../../pkg/outbox/sql/store'
import { connectionSettings, newDatabase, type TestDatabase } from '../harness/database'
import { silentLog } from '../harness/log'
import { spawnProgram } from '../harness/program'
import { aHistory, someEvents } from '../outbox/book'

let database: TestDatabase
let pool: Pool
beforeAll(async () => {
  database = await newDatabase()
  pool = newPool(connectionSettings(database.url), silentLog(), { program: 'tillbook-test' })
})
afterEach(() => sql('truncate outbox_message'))
afterAll(async () => {
  await pool.close()
  await database.close()
})

const sql = async (text: string, values: unknown[] = []) =>
  (await pool.query({ text, values })).rows as Record<string, unknown>[]

const run = (...args: string[]) =>
  spawnProgram('outbox', ['config/outbox/local.json', ...args], { DATABASE_URL: database.url })
    .exited

/** One parked, one published, one waiting. */
async function threeEvents() {
  const events = someEvents({ exchange: 'orders' }, 3)
  await inTransaction(pool, (tx) => insertMessages(tx, events))
  const [parked, published, waiting] = events.map(({ id }) => id)
  const park = `parked_at = now(), attempts = 20, last_error = 'refused: message nacked'`
  await sql(`update outbox_message set ${park} where id = $1`, [parked])
  await sql('update outbox_message set published_at = now() where id = $1', [published])
  return { parked: parked!, published: published!, waiting: waiting! }
}

const statesById = async () =>
  Object.fromEntries(
    (await sql('select id, published_at, parked_at, attempts from outbox_message')).map((row) => [
      row.id,
      [row.published_at !== null, row.parked_at !== null, row.attempts],
    ]),
  )

test('list shows the events of one state', async () => {
  const { parked, published, waiting } = await threeEvents()
  const { stdout, stderr, code } = await run('list')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '1 event.\n' })
  expect(stdout).toMatch(
    new RegExp(
      `^${parked}  parked \\S+  order.created to orders/created_order; order \\S+ version 1, ` +
        'created \\S+; 20 refusals; refused: message nacked\n$',
    ),
  )
  const found = await run('list', '--state=published', '--json')
  expect(JSON.parse(found.stdout)).toMatchObject({ id: published, aggregateVersion: 1 })
  expect((await run('list', '--state=waiting')).stdout).toContain(`${waiting}  waiting  `)
  expect((await run('list', '--state=waiting', '--to=2020-01-01T00:00:00Z')).stdout).toBe('')
})

test('replay has what was parked or published published again, under the same id', async () => {
  const { parked, published, waiting } = await threeEvents()
  const first = await run('replay', '--all')
  expect(first.stderr).toBe('1 event will be published again.\n')
  const second = await run('replay', '--state=published', '--from=2020-01-01T00:00:00Z')
  expect(second.stderr).toBe('1 event will be published again.\n')
  const fresh = [false, false, 0]
  expect(await statesById()).toEqual({ [parked]: fresh, [published]: fresh, [waiting]: fresh })
})

test('discard deletes parked events, prints them, and touches nothing else', async () => {
  const { parked, published, waiting } = await threeEvents()
  const none = await run('discard', '--id', published, '--id', waiting)
  expect(none.stderr).toBe('0 events discarded.\n')
  const one = await run('discard', '--id', parked)
  expect(one.stderr).toBe('1 event discarded.\n')
  expect(JSON.parse(one.stdout)).toMatchObject({ id: parked, payload: { order: {} } })
  expect(Object.keys(await statesById()).sort()).toEqual([published, waiting].sort())
})

test('tells when there are more than it was to look at', async () => {
  await inTransaction(pool, (tx) => insertMessages(tx, aHistory({ exchange: 'orders' }, 3)))
  const { stdout, stderr } = await run('list', '--state=waiting', '--limit=2')
  expect(stdout.match(/version \d/g)).toEqual(['version 1', 'version 2'])
  expect(stderr).toBe('2 events.\nThere may be more: --limit is 2.\n')
})
