import { pollUntil } from '../harness/poll'
import { spawnProgram } from '../harness/program'
import { get, spawnApi, type ApiProcess } from '../ledger/processes'
import { newPopulatedBook, one, rollAllUp, type Book } from './book'
import { runAll, stepsOf } from './script'

jest.setTimeout(120_000)

const up = stepsOf('up.sql')
const down = stepsOf('down.sql')

let book: Book
let api: ApiProcess
beforeAll(async () => {
  book = await newPopulatedBook({ users: 20, transactions: 3000 })
  api = await spawnApi(book.url)
})
afterAll(async () => {
  await api.program.close()
  await book.close()
})

const verify = (...args: string[]) =>
  spawnProgram('verify', [...args, 'config/verify/local.json'], { DATABASE_URL: book.url }).exited

const unsealed = `
  select (select count(*) from transaction) - coalesce(sum(transactions), 0) as left from seal`

/** The number of the last seal, when all that was posted is sealed and verified without a finding. */
async function lastSealOfAll(): Promise<number> {
  await pollUntil(async () => Number((await one(book, unsealed)).left) === 0, {
    what: 'seal of everything',
  })
  return pollUntil(
    async () => {
      const { code, stdout } = await verify('--incremental')
      expect({ code, stdout }).toMatchObject({ code: 0 })
      return Number(/ verified up to seal (\d+), 0 behind it/.exec(stdout)?.[1] ?? 0)
    },
    { what: 'a verification of everything', timeoutMs: 60_000 },
  )
}

const period = 'from=2000-01-01T00:00:00Z&to=2039-12-31T00:00:00Z'

async function largestExpense(): Promise<string> {
  const { status, json } = await get(`${api.url}/users/ada/transactions/max?${period}`)
  expect(status).toBe(200)
  return json.largest_expenses.EUR.transaction.id
}

/** Accounts whose sum before some moment is another one when it is rolled up than entry by entry. */
const wrongSums = `
  select a.id, m.moment
  from account a
  cross join (
    select effective_at as moment from transaction where id in (
      (select id from transaction order by effective_at limit 1 offset 7),
      (select id from transaction order by effective_at desc limit 1 offset 99)
    )
    union all select timestamptz '2024-01-01' union all select 'infinity'
  ) as m
  where balance_before(a.id, m.moment) <> (
    select coalesce(sum(case a.id when t.account_id then t.amount else -t.amount end), 0)
    from transaction t
    where a.id in (t.account_id, t.counterparty_id) and t.effective_at < m.moment
  )`

/** As much as ada has, spent long ago: further back than any rollup of hers. */
const spendLongAgo = `
  with spent as (
    update user_balance set balance = min_balance + held, entry_no = entry_no + 1
    where user_id = 'ada' and currency = 'EUR'
    returning balance, entry_no
  )
  insert into user_transaction (
    id, amount, balance_after, entry_no, effective_at, created_at, xact_no, user_id, currency
  )
  select gen_random_uuid(), $1::bigint, balance, entry_no, '2001-01-01', clock_timestamp(),
    pg_current_xact_id()::text::bigint + (select xact_offset from xact_epoch), 'ada', 'EUR'
  from spent
  returning id`

const onceEach = `
  select
    (select count(*)::int from transaction where id = $1) as transactions,
    (select count(*)::int from late_entry where transaction_id = $1) as late_entries`

const belongings = `
  select string_agg(name, ' ' order by name) as names from (
    select relname from pg_class
    where relnamespace = to_regnamespace('archive') and relkind in ('r', 'v')
    union all
    select proname from pg_proc where pronamespace = to_regnamespace('archive')
  ) as thing (name)`

test('behind the switch and on the way back the old version reads right sums, and seals nothing', async () => {
  const seal = await lastSealOfAll()
  expect(await one(book, `select count(*) > 100 as many from entry_rollup`)).toEqual({ many: true })
  const before = await largestExpense()

  await runAll(book.client, up.slice(0, 5))
  expect(await largestExpense()).toBe(before)
  const { spendable } = await one(
    book,
    `select (balance - held - min_balance)::text as spendable from user_balance
     where user_id = 'ada' and currency = 'EUR'`,
  )
  const { id } = await one(book, spendLongAgo, [`-${spendable}`])
  expect(await largestExpense()).toBe(id)
  expect(await book.ask(wrongSums)).toEqual([])
  for (const text of [
    `insert into seal select * from seal where false`,
    `update verification set checked_at = checked_at`,
    `delete from verified_account`,
  ]) {
    await expect(book.client.query(text)).rejects.toMatchObject({ code: '25006' })
  }

  await runAll(book.client, down.slice(0, 2))
  expect(await one(book, onceEach, [id])).toEqual({ transactions: 1, late_entries: 1 })
  expect(await book.ask(wrongSums)).toEqual([])
  await runAll(book.client, down.slice(2))
  expect(await one(book, onceEach, [id])).toEqual({ transactions: 1, late_entries: 1 })
  expect(await largestExpense()).toBe(id)
  expect(await book.ask(wrongSums)).toEqual([])
  await book.client.query(rollAllUp({ entriesMin: 1 }))
  expect(await one(book, onceEach, [id])).toEqual({ transactions: 1, late_entries: 0 })
  expect(await largestExpense()).toBe(id)
  expect(await book.ask(wrongSums)).toEqual([])
  expect(await lastSealOfAll()).toBeGreaterThan(seal)
})

test('with the contract rollups and seals follow the accounts into the archive, and come back', async () => {
  const largest = await largestExpense()
  await runAll(book.client, up)
  expect((await one(book, belongings)).names).toBe(
    'account balance_before entry_rollup late_entry roll_up seal transaction verification verified_account',
  )
  await runAll(book.client, down)
  expect(await one(book, belongings)).toEqual({ names: null })
  expect(await largestExpense()).toBe(largest)
  expect(await book.ask(wrongSums)).toEqual([])
  await lastSealOfAll()
  expect(await verify()).toMatchObject({ code: 0 })
})
