import { eventPageDto } from '../../cmd/api/rest/event'
import { pollUntil } from '../harness/poll'
import { startApi, type Account, type TestApi } from './api'

let api: TestApi
let account: Account
beforeAll(async () => {
  api = await startApi()
  account = await api.anAccount()
})
afterAll(() => api.close())

const page = (query = '') => api.get(`/events?${query}`, eventPageDto)

/** Other databases of the server hold the horizon back for moments. */
function pageWith(count: number, query: string) {
  const full = async () => {
    const found = await page(query)
    return found.data.length >= count && found
  }
  return pollUntil(full, { what: `page of ${count} events` })
}

const latest = async () => (await page('after=latest')).next_cursor

test('begins at the beginning, and goes on where the page before ended', async () => {
  const start = await latest()
  const posted = []
  for (let i = 1; i <= 7; i++) posted.push(await api.deposit(account, `${i}.00`))
  const { data } = await pageWith(7, `after=${start}`)
  expect(data.map(({ transaction }) => transaction.id)).toEqual(posted.map(({ id }) => id))

  const seen = []
  let cursor: string | undefined
  for (;;) {
    const next = await page(`limit=3${cursor ? `&after=${cursor}` : ''}`)
    if (next.data.length === 0) {
      // Where to ask again, as long as there is nothing new.
      expect(next.next_cursor).toBe(cursor)
      break
    }
    expect(next.next_cursor).toBe(next.data.at(-1)!.id)
    seen.push(...next.data)
    cursor = next.next_cursor
  }
  expect(seen.slice(-7)).toEqual(data)
  expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length)
})

test('is the transaction as it was answered, with both of its sides', async () => {
  const start = await latest()
  const [a, b] = [await api.anAccount({ balance: '10.00' }), await api.anAccount()]
  const metadata = { order: 'o-1', items: [{ b: 1, a: 2 }] }
  const more = { counterparty_id: b.id, description: 'Two\nlines', metadata }
  const created = await api.create({ account_id: a.id, amount: '-2.50', ...more })
  const { data } = await pageWith(2, `after=${start}`)
  expect(data[1]).toEqual({
    id: expect.stringMatching(/^\d+-[0-9a-f-]{36}$/) as string,
    type: 'transaction.created',
    transaction: {
      ...created,
      entry_no: 2,
      counterparty_entry_no: 1,
      counterparty_balance_after: '2.50',
    },
  })
  expect(data[0]!.transaction).toMatchObject({
    entry_no: 1,
    counterparty_entry_no: null,
    counterparty_balance_after: null,
  })
})

test('after latest is what comes from then on', async () => {
  await api.deposit(account, '1.00')
  const start = await latest()
  expect((await page(`after=${start}`)).data.length).toBeLessThan(2)
  const { id } = await api.deposit(account, '1.00')
  const { data } = await pageWith(1, `after=${start}`)
  expect(data.at(-1)!.transaction.id).toBe(id)
})

test('never passes a transaction that is committed late, and does not miss it', async () => {
  const start = await latest()
  const [late, other] = [await api.anAccount(), await api.anAccount()]
  const lateId = '00000000-0000-7000-8000-000000000001'
  const posted: string[] = []
  await api.db.withClient(async (client) => {
    const run = (text: string, values: unknown[] = []) => client.query({ text, values })
    await run('begin')
    await run(
      `insert into transaction
         (id, account_id, currency, amount, balance_after, entry_no, effective_at, created_at)
       values ($1, $2, 'EUR', 100, 100, 1, now(), now())`,
      [lateId, late.id],
    )
    await run('update account set balance = 100, entry_no = 1 where id = $1', [late.id])
    for (let i = 0; i < 5; i++) posted.push((await api.deposit(other, '1.00')).id)
    // They are committed and answered, and stand behind one that is not.
    expect((await api.entries(other.id)).data).toHaveLength(5)
    expect(await page(`after=${start}`)).toEqual({ data: [], next_cursor: start })
    await run('commit')
  })
  const { data } = await pageWith(6, `after=${start}`)
  expect(data.map(({ transaction }) => transaction.id)).toEqual([lateId, ...posted])
})

test('stays in order when a transaction that is rolled back leaves a gap', async () => {
  const start = await latest()
  await api.db.withClient(async (client) => {
    const run = (text: string) => client.query({ text, values: [] })
    await run('begin')
    await run(`select pg_current_xact_id()`)
    await run('rollback')
  })
  const { id } = await api.deposit(account, '1.00')
  const { data } = await pageWith(1, `after=${start}`)
  expect(data.map(({ transaction }) => transaction.id)).toEqual([id])
})

const uuid = '019c1f6e-8d7a-7c3b-9f10-2b6f0c5d4e3a'

test.each([
  '',
  'x',
  '1',
  `-${uuid}`,
  `01-${uuid}`,
  `-1-${uuid}`,
  `+1-${uuid}`,
  `1.0-${uuid}`,
  `1e3-${uuid}`,
  ` 1-${uuid}`,
  `1-${uuid} `,
  `1-${uuid.toUpperCase()}`,
  `1-${uuid}0`,
  `1-${uuid.slice(1)}`,
  `1_${uuid}`,
  `9223372036854775808-${uuid}`,
  `99999999999999999999-${uuid}`,
  `1-${'-'.repeat(36)}`,
  'LATEST',
  'null',
  '\u0000',
  "1' or '1'='1",
  'a'.repeat(10_000),
])('refuses the made-up position %j', async (after) => {
  const refused = { status: 400, code: 'request.invalid', paths: ['after'] }
  await api.refuses({ path: `/events?after=${encodeURIComponent(after)}` }, refused)
})

test('refuses a position that no event has come to: it was given out by another ledger', async () => {
  const refused = { status: 400, code: 'event.unknown_position' }
  await api.refuses({ path: `/events?after=9223372036854775807-${uuid}` }, refused)
  const [row] = await api.sql<{ next: bigint }>(
    'select pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1000000 as next',
  )
  await api.refuses({ path: `/events?after=${row!.next}-${uuid}` }, refused)
})

test('takes a position between two events, and refuses what is given twice', async () => {
  expect((await page(`after=0-${uuid}&limit=1`)).data).toHaveLength(1)
  const path = `/events?after=0-${uuid}&after=1-${uuid}`
  await api.refuses({ path }, { status: 400, code: 'request.invalid', paths: ['after'] })
})
