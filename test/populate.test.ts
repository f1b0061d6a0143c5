import { Client } from 'pg'
import { run } from '../cmd/populate/run'
import { migrationNames } from '../internal/build/build'
import { newPool, type Pool } from '../internal/postgres/pool'
import { populate, populateIfEmpty, type PopulateOptions } from '../seeds/populate'
import { connectionSettings, newDatabase, type TestDatabase } from './harness/database'
import { silentLog } from './harness/log'
import { pollUntil } from './harness/poll'

// What must hold in every book, whoever wrote it: each column counts what breaks it.
const brokenRules = `
  with entry as (
    select account_id, entry_no, amount, balance_after, id, effective_at, created_at
    from transaction
    union all
    select
      counterparty_id, counterparty_entry_no, -amount, counterparty_balance_after, id, effective_at,
      created_at
    from transaction where counterparty_id is not null
  ),
  step as (
    select
      entry.*,
      lag(entry_no, 1, 0::bigint) over course as entry_no_before,
      lag(balance_after, 1, 0::bigint) over course as balance_before,
      lag(created_at) over course as created_before,
      lag(id) over course as id_before
    from entry
    window course as (partition by account_id order by entry_no)
  ),
  ending as (
    select distinct on (account_id) account_id, entry_no, balance_after
    from entry order by account_id, entry_no desc
  )
  select
    count(*) filter (where step.entry_no <> entry_no_before + 1)::int as entry_no_gaps,
    count(*) filter (where step.balance_after <> balance_before + amount)::int as wrong_balances,
    count(*) filter (where step.balance_after < min_balance)::int as below_limit,
    count(*) filter (where created_before > step.created_at or id_before >= step.id)::int as out_of_order,
    count(*) filter (where step.effective_at <> step.created_at)::int as backdated,
    count(*) filter (where step.created_at < account.created_at)::int as before_account,
    (select count(*) from account left join ending on account_id = id
      where balance <> coalesce(balance_after, 0)
        or account.entry_no <> coalesce(ending.entry_no, 0))::int as accounts_off,
    (select count(*) from account join app_user on app_user.id = user_id
      where account.created_at < app_user.created_at)::int as accounts_before_user,
    (select count(*) from transaction
      where substr(id::text, 15, 1) <> '7' or substr(id::text, 20, 1) !~ '[89ab]'
        or ('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint
          <> floor(extract(epoch from created_at) * 1000))::int as wrong_ids
  from step join account on account.id = account_id`

const noneBroken = {
  ...{ entry_no_gaps: 0, wrong_balances: 0, below_limit: 0, out_of_order: 0, backdated: 0 },
  ...{ before_account: 0, accounts_off: 0, accounts_before_user: 0, wrong_ids: 0 },
}

// Without xact_no, which belongs to the server that ran it.
const allRows = `
  select md5(string_agg(line, E'\\n' order by line)) as hash from (
    select u::text from app_user u
    union all select a::text from account a
    union all select (to_jsonb(t) - 'xact_no')::text from transaction t
  ) as everything (line)`

const counts = `
  select
    (select count(*) from app_user)::int as users,
    (select count(*) from account)::int as accounts,
    (select count(*) from transaction)::int as transactions`

const waitingBackends = `
  select pid from pg_stat_activity
  where datname = current_database() and wait_event_type = 'Lock' order by pid`

interface Book {
  pool: Pool
  url: string
  fill(options: PopulateOptions): ReturnType<typeof populate>
  ask(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>
  close(): Promise<void>
}

const books: Book[] = []
afterAll(() => Promise.all(books.map((book) => book.close())))

async function newBook(): Promise<Book> {
  const database: TestDatabase = await newDatabase()
  const settings = connectionSettings(database.url, { statement_timeout_ms: 60_000 })
  const pool = newPool(settings, silentLog(), { program: 'populate-test' })
  const book: Book = {
    pool,
    url: database.url,
    fill: (options) => pool.withClient((client) => populate(client, options)),
    ask: async (text, values = []) => (await pool.query({ text, values })).rows,
    close: async () => {
      await pool.close()
      await database.close()
    },
  }
  books.push(book)
  return book
}

async function hashOf(book: Book): Promise<unknown> {
  const [row] = await book.ask(allRows)
  return row?.hash
}

const small = { users: 40, transactions: 3000 }

describe('a book with the default numbers', () => {
  let book: Book
  beforeAll(async () => {
    book = await newBook()
    const filled = await book.fill({})
    expect(filled).toMatchObject({ users: 100, transactions: 10_000, alreadyThere: false })
    expect(await book.ask(counts)).toEqual([
      { users: 100, accounts: filled.accounts, transactions: 10_000 },
    ])
  })

  test('keeps every rule of the ledger', async () => {
    expect(await book.ask(brokenRules)).toEqual([noneBroken])
  })

  test('has readable ids, the second ada being ada-2', async () => {
    const users = await book.ask('select id from app_user order by created_at')
    const ids = users.map((user) => user.id)
    expect(ids.slice(0, 3)).toEqual(['ada', 'grace', 'alan'])
    expect(ids.slice(40, 42)).toEqual(['ada-2', 'grace-2'])
  })

  test('gives the user to try all kinds of accounts, a credit line and yen among them', async () => {
    const { tryUserId } = await book.fill({})
    expect(
      await book.ask(
        `select id, currency, min_balance < 0 as credit, entry_no > 5 as busy
        from account where user_id = $1 order by id`,
        [tryUserId],
      ),
    ).toEqual([
      { id: 'ada-checking', currency: 'EUR', credit: false, busy: true },
      { id: 'ada-credit', currency: 'EUR', credit: true, busy: true },
      { id: 'ada-savings', currency: 'EUR', credit: false, busy: true },
      { id: 'ada-yen', currency: 'JPY', credit: false, busy: true },
    ])
  })

  test('has 1 to 4 accounts a user, in several currencies, some of them in debt', async () => {
    const [row] = await book.ask(
      `select min(number)::int as least, max(number)::int as most,
        (select count(distinct currency) from account)::int as currencies,
        (select count(*) from account where balance < 0)::int as in_debt
      from (select count(*) as number from account group by user_id) as owner`,
    )
    expect(row).toMatchObject({ least: 1, most: 4 })
    expect(row?.currencies).toBeGreaterThanOrEqual(4)
    expect(row?.in_debt).toBeGreaterThan(0)
  })

  test('spreads over the two years before 2026, with a salary and a rent each month', async () => {
    const [span] = await book.ask(
      `select min(created_at) as first, max(created_at) as last,
        count(distinct date_trunc('month', created_at))::int as months from transaction`,
    )
    expect(span?.months).toBe(24)
    expect(String(span?.first)).toMatch(/^2024-01-01T/)
    expect(String(span?.last)).toMatch(/^2025-12-31T/)
    const monthly = await book.ask(
      `select split_part(description, ',', 1) as what, count(*)::int as times,
        count(distinct amount)::int as amounts,
        bool_and(description like '%' || to_char(created_at, ', FMMonth YYYY')) as named
      from transaction
      where account_id = 'ada-checking' and description ~ '^(Salary|Rent), '
      group by 1 order by 1`,
    )
    expect(monthly).toEqual([
      { what: 'Rent', times: 24, amounts: 1, named: true },
      { what: 'Salary', times: 24, amounts: 1, named: true },
    ])
  })

  test('has transfers between users and between accounts of one user, but mostly neither', async () => {
    const [row] = await book.ask(
      `select count(*) filter (where other.user_id <> own.user_id)::int as between_users,
        count(*) filter (where other.user_id = own.user_id)::int as within_one,
        count(*) filter (where other.id is not null and amount > 0)::int as received,
        count(*) filter (where other.id is null)::int as outside,
        count(metadata)::int as with_metadata
      from transaction
      join account own on own.id = account_id
      left join account other on other.id = counterparty_id`,
    )
    expect(row?.between_users).toBeGreaterThan(100)
    expect(row?.within_one).toBeGreaterThan(100)
    expect(row?.received).toBeGreaterThan(100)
    expect(row?.outside).toBeGreaterThan(5000)
    expect(row?.with_metadata).toBeGreaterThan(1000)
  })

  test('stays as it is when it is filled again, also after something was added', async () => {
    const hash = await hashOf(book)
    expect(await book.fill({})).toMatchObject({ alreadyThere: true, tryUserId: 'ada' })
    expect(await hashOf(book)).toBe(hash)
    await book.ask(`insert into app_user (id, first_name, last_name) values ('me', 'Me', 'Myself')`)
    expect(await book.fill({})).toMatchObject({ users: 100, alreadyThere: true })
  })

  test.each([{ seed: 2 }, { users: 101 }, { transactions: 9999 }, { until: '2025-06-01' }])(
    'refuses to be filled with %j on top, and is not changed',
    async (other) => {
      const hash = await hashOf(book)
      await expect(book.fill(other)).rejects.toMatchObject({ code: 'populate.book_not_empty' })
      expect(await hashOf(book)).toBe(hash)
    },
  )
})

test.each([
  [1, 0],
  [1, 3],
  [1, 700],
  [3, 2],
  [300, 400],
  [2, 60_000],
  [10_001, 30],
])(
  '%i users and %i transactions are exactly so many, by all rules',
  async (users, transactions) => {
    const book = await newBook()
    const { accounts } = await book.fill({ users, transactions })
    expect(await book.ask(counts)).toEqual([{ users, accounts, transactions }])
    expect(await book.ask(brokenRules)).toEqual([noneBroken])
  },
)

test.each(['2024-02-29', '2025-03-01', '2026-03-31'])(
  'ends before %s when that is the day, by all rules',
  async (until) => {
    const book = await newBook()
    await book.fill({ ...small, until })
    expect(await book.ask(brokenRules)).toEqual([noneBroken])
    const [row] = await book.ask(
      `select max(created_at) < $1 as in_time, max(created_at) > $1 - interval '2 days' as to_the_end,
        min(created_at) >= $1 - interval '2 years' - interval '1 day' as from_the_start
      from (select $1::timestamptz) as day, transaction`,
      [`${until}T00:00:00Z`],
    )
    expect(row).toEqual({ in_time: true, to_the_end: true, from_the_start: true })
  },
)

test('the same seed gives the same rows, whatever the time zone and the plan; another one does not', async () => {
  const [first, second, third] = await Promise.all([newBook(), newBook(), newBook()])
  await first.fill({ ...small, seed: 7 })
  await second.pool.withClient(async (client) => {
    for (const text of [`set timezone = 'Asia/Tokyo'`, 'set enable_hashjoin = off']) {
      await client.query({ text, values: [] })
    }
    await populate(client, { ...small, seed: 7 })
    await client.query({ text: 'reset timezone', values: [] })
  })
  await third.fill({ ...small, seed: 8 })
  expect(await hashOf(second)).toBe(await hashOf(first))
  expect(await hashOf(third)).not.toBe(await hashOf(first))
})

test('of two at once one fills the book and the other finds it filled', async () => {
  const book = await newBook()
  const both = await Promise.all([book.fill(small), book.fill(small)])
  expect(both.filter((one) => one.alreadyThere)).toHaveLength(1)
  expect(await book.ask(counts)).toMatchObject([{ users: 40, transactions: 3000 }])
})

test('one that is killed halfway leaves nothing, and the next one fills the book as if nothing was', async () => {
  const [book, whole] = await Promise.all([newBook(), newBook()])
  const blocker = new Client({ connectionString: book.url })
  await blocker.connect()
  await blocker.query('begin; lock table transaction in share mode')
  const killed = expect(book.fill(small)).rejects.toMatchObject({ code: 'database.unavailable' })
  await pollUntil(
    async () => {
      const [waiting] = await book.ask(waitingBackends)
      return waiting && (await book.ask('select pg_terminate_backend($1)', [waiting.pid]))
    },
    { what: 'populate that has users and accounts but no transactions' },
  )
  await killed
  await blocker.end()
  expect(await book.ask(counts)).toEqual([{ users: 0, accounts: 0, transactions: 0 }])
  expect(await book.fill(small)).toMatchObject({ alreadyThere: false })
  await whole.fill(small)
  expect(await hashOf(book)).toBe(await hashOf(whole))
})

test('tells each step, and how far it is', async () => {
  const book = await newBook()
  const told: string[] = []
  await book.fill({
    users: 10_001,
    transactions: 1,
    onProgress: ({ step, done, total }) => told.push(`${step} ${done}/${total}`),
  })
  expect(told).toEqual([
    'Users, accounts and transactions 0/10002',
    'Users, accounts and transactions 5000/10002',
    'Users, accounts and transactions 10002/10002',
    'Figures for the planner 0/1',
    'Figures for the planner 1/1',
  ])
})

describe('if empty', () => {
  test('fills an empty book, and leaves one with any user alone', async () => {
    const book = await newBook()
    const fill = (options: PopulateOptions) =>
      book.pool.withClient((client) => populateIfEmpty(client, options))
    expect(await fill(small)).toMatchObject({ users: 40, alreadyThere: false })
    const hash = await hashOf(book)
    expect(await fill({ ...small, seed: 2 })).toBeUndefined()
    expect(await hashOf(book)).toBe(hash)
  })
})

describe('the program', () => {
  async function outputOf(url: string, args: { seed: number; ifEmpty: boolean }) {
    const printed: string[] = []
    const database = connectionSettings(url, { statement_timeout_ms: 60_000 })
    const config = {
      environment: 'test' as const,
      database,
      log: { level: 'silent' as const, format: 'json' as const },
    }
    await run(
      config,
      { ...small, ...args },
      {
        log: silentLog(),
        migrations: migrationNames(),
        print: (line) => printed.push(line),
        stream: { write: () => true },
      },
    )
    return printed
  }

  test('says what it did and which user to try', async () => {
    const { url } = await newBook()
    expect(await outputOf(url, { seed: 1, ifEmpty: false })).toEqual([
      expect.stringMatching(/^Filled: 40 users, \d+ accounts, 3,000 transactions\.$/),
      'A user to try: ada',
    ])
    expect(await outputOf(url, { seed: 1, ifEmpty: false })).toEqual([
      expect.stringMatching(/^Nothing to do, they are there already: 40 users, /),
      'A user to try: ada',
    ])
    expect(await outputOf(url, { seed: 2, ifEmpty: true })).toEqual([
      'The book is in use already: nothing to do.',
    ])
  })

  test('says what to do when the schema is not there', async () => {
    const { url, close } = await newDatabase({ empty: true })
    await expect(outputOf(url, { seed: 1, ifEmpty: true })).rejects.toThrow('run `make migrate`')
    await close()
  })
})
