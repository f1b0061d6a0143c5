import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'
import type { Client } from 'pg'
import { pollUntil } from '../harness/poll'
import { projectFolder } from '../harness/program'
import { newRandom, newSeed } from '../harness/random'
import { get, post, spawnApi, type ApiProcess } from '../ledger/processes'
import {
  brokenRules,
  brokenUserRules,
  everyName,
  everyRow,
  newPopulatedBook,
  noneBroken,
  totals,
  type Book,
} from './book'
import { doUsersHold, postToUsers, startLoad, type Load, type Pocket } from './load'
import { ask, queryNames, runStep, stepsOf } from './script'

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

async function runAll(client: Client, steps: string[]): Promise<void> {
  for (const step of steps) await runStep(client, step)
}

function hasPsql(): boolean {
  try {
    execFileSync('psql', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const one = async (book: Book, text: string, values?: unknown[]) =>
  (await book.ask(text, values))[0]

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

const seed = newSeed()

test(`up, down, and up again under load: no request is lost or done twice, and no cent (seed ${seed})`, async () => {
  const book = await newBook({ users: 60, transactions: 15_000 })
  apis.push(...(await Promise.all([spawnApi(book.url), spawnApi(book.url)])))
  // Not those that this test moves by hand: ada's, and accounts with something set aside.
  const pockets: Pocket[] = await book.ask(
    `select id, user_id, currency from account
     where closed_at is null and held = 0 and user_id <> 'ada' order by id`,
  )
  const history = await one(book, historyUntilNow)
  const startTotals = await book.ask(totals.accounts)
  const startLimits = {
    ada: (await one(book, limitsOf, ['ada'])).limits,
    grace: (await one(book, limitsOf, ['grace'])).limits,
  }
  const load = startLoad({
    apis: apis.map(({ url }) => url),
    databaseUrl: book.url,
    pockets,
    random: newRandom(seed),
    workers: 8,
  })
  const admin = await book.connect()

  await goUpUnderLoad(book, admin, load)
  await oldVersionOnlyReads(book)
  await spendWhatNoAccountHasAlone(book)
  await answersOf(book, load, 'users')

  for (const step of down) {
    await runStep(admin, step)
    await progressOf(load)
  }
  expect(await one(book, brokenRules)).toEqual(noneBroken)
  await answersOf(book, load, 'accounts')
  await runAll(admin, up.slice(0, 4))
  await runStep(admin, 'down/05-contract.sql')
  await load.stop()

  // The history before all of it, row by row, with every account's own numbers.
  const [{ hash }] = await book.ask(historyOf, [history.last])
  expect(hash).toBe(history.hash)
  expect(await one(book, brokenRules)).toEqual(noneBroken)
  expectTotals(await book.ask(totals.accounts), startTotals, await extraOf(book), load)
  expect(await one(book, limitsOf, ['ada'])).toMatchObject({ limits: startLimits.ada - 5000 })
  expect(await one(book, limitsOf, ['grace'])).toMatchObject({ limits: startLimits.grace - 700 })
  expect(await one(book, postedOnce, [load.outcomes.flatMap(({ id }) => id ?? [])])).toEqual({
    missing: 0,
    unasked: 0,
  })
})

const historyUntilNow = `
  select md5(string_agg(t::text, E'\\n' order by id)) as hash, max(id::text) as last from transaction t`
const historyOf = `
  select md5(string_agg(t::text, E'\\n' order by id)) as hash from transaction t where id::text <= $1`
const limitsOf = `
  select sum(min_balance)::int as limits from account where user_id = $1 and closed_at is null`
const postedOnce = `
  select
    (select count(*) from unnest($1::uuid[]) as id where not exists (
      select from transaction t where t.id = id and t.description = 'load'))::int as missing,
    (select count(*) from transaction where description = 'load' and id not in (
      select transaction_id from idempotency where key = 'all-of-it'
    ))::int - cardinality($1::uuid[]) as unasked`

async function progressOf(load: Load): Promise<void> {
  const answered = load.outcomes.length
  await pollUntil(() => load.outcomes.length > answered + 20, { what: 'more answers' })
}

/** The back-fill is killed halfway, limits and holds change meanwhile, the switch waits for somebody. */
async function goUpUnderLoad(book: Book, admin: Client, load: Load): Promise<void> {
  await progressOf(load)
  await runStep(admin, 'up/01-expand.sql')
  const victim = await book.connect()
  const killed = victim.query('call drop_accounts.back_fill(500, 0.2)')
  const failure = expect(killed).rejects.toThrow()
  await pollUntil(
    async () => (await one(book, 'select rows_done from drop_accounts.progress')).rows_done > 1000,
    { what: 'a back-fill halfway' },
  )
  await book.ask(
    `select pg_terminate_backend(pid) from pg_stat_activity where query like 'call drop_accounts.back_fill(500%'`,
  )
  await failure
  await book.client.query(`
    update account set min_balance = min_balance - 5000 where id = 'ada-credit';
    update hold set closed_at = now(), closed_as = 'released'
      where account_id = (select min(account_id) from hold where closed_at is null);
    update account a set held = 0
      where held > 0 and not exists (select from hold where account_id = a.id and closed_at is null)`)
  for (const step of up.slice(1, 4)) {
    await runStep(admin, step)
    await progressOf(load)
  }
  await runStep(admin, 'up/04-verify.sql')
  const reader = await book.connect()
  await reader.query(`begin; select count(*) from account`)
  const switched = runStep(admin, 'up/05-switch.sql')
  await progressOf(load)
  expect(await doUsersHold(book.client)).toBe(false)
  await reader.query('commit')
  await switched
  expect(await doUsersHold(book.client)).toBe(true)
  await pollUntil(() => load.answered('users') > 50, { what: 'postings to users' })
  expect(load.refusedByVersion()).toBeGreaterThan(0)
}

/** Behind the switch and before the contract. */
async function oldVersionOnlyReads(book: Book): Promise<void> {
  const { url } = apis[0]!
  const [euro] = await book.ask(`select balance from user_balance where user_id = 'alan'`)
  expect(euro).toBeDefined()
  const user = (await get(`${url}/users/alan`)).json
  const held = await ask(book.client, 'ListBalances', { user_id: 'alan' })
  expect(Object.keys(user.totals).sort()).toEqual(held.map(({ currency }) => currency).sort())
  const account = user.accounts[0].id
  expect((await get(`${url}/accounts/${account}/transactions`)).status).toBe(200)
  // More than there is: were it judged, the refusal would be remembered with the key.
  const body = { account_id: account, amount: '-99999999.00' }
  const { status, headers } = await post(`${url}/transactions`, body, 'old-version')
  expect([status, Number(headers.get('retry-after')) > 0]).toEqual([503, true])
  expect(await book.ask(`select key from idempotency where key = 'old-version'`)).toEqual([])
  const opened = await post(`${url}/users/alan/accounts`, { name: 'New', currency: 'EUR' })
  expect(opened.status).toBe(503)
}

/** What only users can do; `down` has to find room for each of it in accounts. */
async function spendWhatNoAccountHasAlone(book: Book): Promise<void> {
  const before = await ask(book.client, 'ListBalances', { user_id: 'ada' })
  const { spendable } = before.find(({ currency }) => currency === 'EUR')!
  const amount = BigInt(spendable) - 100n
  const from = { id: '', user_id: 'ada', currency: 'EUR' }
  const wish = { key: 'all-of-it', from, to: null, amount }
  expect(await postToUsers(book.client, wish)).toMatch(/^[0-9a-f-]{36}$/)
  await book.client.query(`
    insert into user_balance (user_id, currency) values ('ada', 'CHF');
    insert into hold (id, amount, created_at, user_id, currency)
      values (gen_random_uuid(), 50, now(), 'ada', 'EUR');
    update user_balance set held = held + 50 where user_id = 'ada' and currency = 'EUR';
    update user_balance set min_balance = min_balance - 700
      where user_id = 'grace' and currency = (
        select min(currency) from user_balance where user_id = 'grace'
      )`)
}

/** A request that was answered is answered with the same transaction by whoever has its turn. */
async function answersOf(book: Book, load: Load, by: 'users' | 'accounts'): Promise<void> {
  await progressOf(load)
  for (const outcome of load.outcomes.filter(({ id }) => id).slice(0, 50)) {
    const [row] = await ask(book.client, 'FindAnswer', { key: outcome.key })
    expect(row.transaction_id).toBe(outcome.id)
    if (by === 'users') {
      expect(await ask(book.client, 'FindTransactionById', { id: outcome.id })).toHaveLength(1)
    } else {
      const { status } = await get(`${apis[0]!.url}/transactions/${outcome.id}`)
      expect(status).toBe(200)
    }
  }
}

interface Total {
  user_id: string
  currency: string
  balance: string
}

/** What was posted beside the load. */
function extraOf(book: Book) {
  return book.ask(
    `select a.user_id, t.currency, t.amount from idempotency i
     join transaction t on t.id = i.transaction_id
     join account a on a.id = t.account_id where i.key = 'all-of-it'`,
  )
}

function expectTotals(
  found: Total[],
  before: Total[],
  extra: { user_id: string; currency: string; amount: string }[],
  load: Load,
): void {
  const sums = new Map<string, bigint>()
  const add = (user: string, currency: string, amount: bigint) =>
    sums.set(`${user} ${currency}`, (sums.get(`${user} ${currency}`) ?? 0n) + amount)
  for (const { user_id, currency, balance } of before) add(user_id, currency, BigInt(balance))
  for (const { user_id, currency, amount } of extra) add(user_id, currency, BigInt(amount))
  for (const { id, from, to, amount } of load.outcomes) {
    if (id === undefined) continue
    add(from.user_id, from.currency, -amount)
    if (to) add(to.user_id, to.currency, amount)
  }
  add('ada', 'CHF', 0n)
  const wanted = [...sums].map(([key, balance]) => `${key} ${balance}`).sort()
  expect(found.map((t) => `${t.user_id} ${t.currency} ${t.balance}`).sort()).toEqual(wanted)
}

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
