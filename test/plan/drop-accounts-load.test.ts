import type { Client } from 'pg'
import { pollUntil } from '../harness/poll'
import { newRandom, newSeed } from '../harness/random'
import { get, post, spawnApi, type ApiProcess } from '../ledger/processes'
import { brokenRules, newPopulatedBook, noneBroken, one, totals, type Book } from './book'
import { doUsersHold, postToUsers, startLoad, type Load, type Pocket } from './load'
import { ask, runAll, runStep, stepsOf } from './script'

jest.setTimeout(180_000)

const up = stepsOf('up.sql')
const down = stepsOf('down.sql')

const books: Book[] = []
const apis: ApiProcess[] = []
afterAll(async () => {
  await Promise.all(apis.map(({ program }) => program.close()))
  await Promise.all(books.map((book) => book.close()))
})

const seed = newSeed()

test(`up and down under load: no request is lost or done twice, and no cent (seed ${seed})`, async () => {
  const book = await newPopulatedBook({ users: 60, transactions: 6000 })
  books.push(book)
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
  const killed = victim.query('call drop_accounts.back_fill(500, 0.2, waits => true)')
  const failure = expect(killed).rejects.toThrow()
  await pollUntil(
    async () => (await one(book, 'select rows_done from drop_accounts.progress')).rows_done > 1000,
    { what: 'a back-fill halfway' },
  )
  await book.ask(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and query like 'call drop_accounts.back_fill(500%'`,
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
