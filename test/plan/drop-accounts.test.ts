import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { pollUntil } from '../harness/poll'
import { projectFolder } from '../harness/program'
import { sharedServer } from '../harness/server'
import { get, spawnApi, type ApiProcess } from '../ledger/processes'
import {
  brokenRules,
  brokenUserRules,
  everyName,
  everyRow,
  newPopulatedBook,
  noneBroken,
  one,
  totals,
  type Book,
} from './book'
import { ask, queryNames, runAll, runStep, stepsOf } from './script'

jest.setTimeout(180_000)

const up = stepsOf('up.sql')
const down = stepsOf('down.sql')
const small = { users: 30, transactions: 4000 }

const books: Book[] = []
const apis: ApiProcess[] = []
afterAll(async () => {
  await Promise.all(apis.map(({ program }) => program.close()))
  await Promise.all(books.map((book) => book.close()))
})

async function newBook(numbers = small): Promise<Book> {
  const book = await newPopulatedBook(numbers)
  books.push(book)
  return book
}

function hasPsql(): boolean {
  try {
    execFileSync('psql', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

test('has its steps', () => {
  expect([up.length, down.length]).toEqual([6, 5])
})

describe('a book on which nothing happens', () => {
  let book: Book
  let before: unknown
  beforeAll(async () => {
    book = await newBook()
    before = await one(book, everyRow)
  })

  test.each(['the first time', 'and again'])(
    'is after up and down what it was to the byte, its schema too: %s',
    async () => {
      const names = (await one(book, everyName)).names
      const accounts = await book.ask(totals.accounts)
      await runAll(book.client, up)
      expect(await one(book, `select to_regclass('account') as account`)).toEqual({ account: null })
      expect(await book.ask(totals.users)).toEqual(accounts)
      expect(await one(book, brokenUserRules)).toEqual({ ...noneBroken, below_limit: undefined })
      await runAll(book.client, down)
      expect(await one(book, everyRow)).toEqual(before)
      expect((await one(book, everyName)).names).toBe(names)
      expect(await one(book, brokenRules)).toEqual(noneBroken)
    },
  )

  test('every movement is carried over once, those between own accounts apart', async () => {
    const counted = await one(
      book,
      `select count(*)::int as all, count(*) filter (where own.user_id = other.user_id)::int as own
       from transaction t
       join account own on own.id = t.account_id
       left join account other on other.id = t.counterparty_id`,
    )
    await runAll(book.client, up)
    const carried = await one(
      book,
      `select (select count(*) from user_transaction)::int as between,
        (select count(*) from own_transfer)::int as own`,
    )
    expect(counted.own).toBeGreaterThan(100)
    expect(carried).toEqual({ between: counted.all - counted.own, own: counted.own })
    await runAll(book.client, down)
  })

  test.each(up.slice(0, 4).map((step, i) => [step, up.slice(0, i + 1)] as const))(
    'goes back from %s by the last step of down.sql alone',
    async (_step, steps) => {
      await runAll(book.client, steps)
      await runStep(book.client, down.at(-1)!)
      expect(await one(book, everyRow)).toEqual(before)
    },
  )

  if (hasPsql()) {
    test('psql runs both files as they stand', async () => {
      for (const name of ['up.sql', 'down.sql']) {
        const path = `docs/plans/drop-accounts/${name}`
        const args = ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', path, book.url]
        await promisify(execFile)('psql', args, { cwd: projectFolder })
      }
      expect(await one(book, everyRow)).toEqual(before)
    })
  }

  test('is not thrown away by that step when users hold the money', async () => {
    await runAll(book.client, up)
    await expect(runStep(book.client, down.at(-1)!)).rejects.toThrow('users hold the money')
    await runAll(book.client, down)
    expect(await one(book, everyRow)).toEqual(before)
  })
})

describe('verification', () => {
  let book: Book
  beforeAll(async () => {
    book = await newBook()
    await runAll(book.client, up.slice(0, 3))
  })

  test.each([
    [
      'a cent',
      `update user_balance set balance = balance + 1 where user_id = 'ada' and currency = 'EUR'`,
    ],
    [
      'a limit',
      `update user_balance set min_balance = min_balance - 1 where user_id = 'ada' and currency = 'EUR'`,
    ],
    [
      'a hold',
      `update user_balance set held = held + 1 where user_id = 'ada' and currency = 'EUR'`,
    ],
    [
      'a row that is missing',
      `delete from user_transaction where id = (select id from user_transaction limit 1)`,
    ],
    [
      'a changed word',
      `update user_transaction set description = 'x' where id = (select id from user_transaction limit 1)`,
    ],
  ])('finds %s', async (_what, damage) => {
    await book.client.query(`begin; set local session_replication_role = replica; ${damage}`)
    await expect(runStep(book.client, 'up/04-verify.sql')).rejects.toThrow(
      'the two models disagree',
    )
    await book.client.query('rollback')
    await runStep(book.client, 'up/04-verify.sql')
  })
})

/** Somebody with a transaction under way, in another database of the server. */
async function beginElsewhere(): Promise<Client> {
  const client = new Client({ connectionString: sharedServer().url })
  await client.connect()
  await client.query('begin; select pg_current_xact_id()')
  return client
}

const sleeping = `
  select from pg_stat_activity
  where datname = current_database() and query like '%call drop_accounts.back_fill%' and wait_event = 'PgSleep'`

test('the back-fill waits for what runs in other databases, and then has carried all over', async () => {
  const elsewhere = await beginElsewhere()
  const book = await newBook()
  const observer = await book.connect()
  let filled: Promise<void> | undefined
  try {
    await runStep(book.client, up[0]!)
    filled = runStep(book.client, up[1]!)
    await pollUntil(async () => (await observer.query(sleeping)).rowCount === 1, {
      what: 'back-fill that waits',
    })
    expect(await ask(observer, 'FindProgress')).toEqual([{ rows_done: '0', rows_left: '4000' }])
  } finally {
    // It holds up everybody on the server.
    await elsewhere.end()
  }
  await filled
  expect(await ask(observer, 'FindProgress')).toEqual([{ rows_done: '4000', rows_left: '0' }])
})

test('the example queries answer what the API answered before', async () => {
  const book = await newBook()
  const api = await spawnApi(book.url)
  apis.push(api)
  const user = (await get(`${api.url}/users/ada`)).json
  const period = { from: '2024-01-01T00:00:00Z', to: '2025-12-31T00:00:00Z' }
  const query = `from=${period.from}&to=${period.to}`
  const largest = (await get(`${api.url}/users/ada/transactions/max?${query}`)).json
  await runAll(book.client, up.slice(0, 2))
  const [progress] = await ask(book.client, 'FindProgress')
  expect(progress).toEqual({ rows_done: '4000', rows_left: '0' })
  await runAll(book.client, up.slice(2))

  const cents = (amount: string) => amount.replace('.', '')
  const balances = await ask(book.client, 'ListBalances', { user_id: 'ada' })
  expect(Object.fromEntries(balances.map((row) => [row.currency, row.balance]))).toEqual(
    Object.fromEntries(Object.entries(user.totals as object).map(([k, v]) => [k, cents(v)])),
  )
  const expenses = await ask(book.client, 'ListLargestExpenses', { user_id: 'ada', ...period })
  expect(expenses.map(({ currency, id }) => [currency, id])).toEqual(
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- JSON of an answer
    Object.entries<any>(largest.largest_expenses).map(([k, v]) => [k, v.transaction.id]),
  )
  const at = { user_id: 'ada', currency: 'EUR', at: '2027-01-01T00:00:00Z' }
  expect(await ask(book.client, 'FindBalanceAt', at)).toEqual([
    { balance: balances.find(({ currency }) => currency === 'EUR')!.balance },
  ])
  const first = { before_at: 'infinity', before_id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }
  const page = await ask(book.client, 'ListTransactions', { ...at, ...first, limit: 20 })
  expect(page).toHaveLength(20)
  expect(page[0].balance_after).toBe(balances.find(({ currency }) => currency === 'EUR')!.balance)
  for (const row of await ask(book.client, 'ListTrialBalances')) {
    expect(row.from_outside).toBe(row.balance)
  }
  expect(queryNames).toHaveLength(11)
})
