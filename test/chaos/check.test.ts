import { newPool, type Pool } from '../../internal/postgres/pool'
import { connectionSettings, newDatabase, type TestDatabase } from '../harness/database'
import { silentLog } from '../harness/log'
import { checkBook } from './check'
import { isDefinite, newHistory, note, type History, type Reply, type Sent } from './history'
import { requestKinds } from './workload'

// The checker is shown a right book with a true history, and then one of each kind that is wrong. SQL
// in TypeScript, because it writes past the code that would never write so.

let database: TestDatabase
let db: Pool

beforeEach(async () => {
  database = await newDatabase()
  db = newPool(connectionSettings(database.url), silentLog(), { program: 'test' })
  await run(`insert into app_user (id, first_name, last_name) values ('ada', 'Ada', 'L')`)
  await run(`insert into account (id, user_id, name, currency, balance, entry_no)
             values ('a', 'ada', 'A', 'EUR', 700, 2), ('b', 'ada', 'B', 'EUR', 300, 1)`)
  await run(`insert into transaction (
               id, account_id, counterparty_id, currency, amount, balance_after, entry_no,
               counterparty_balance_after, counterparty_entry_no, description, effective_at, created_at
             ) values
               ('${id(1)}', 'a', null, 'EUR', 1000, 1000, 1, null, null, 'r-1', now(), now()),
               ('${id(2)}', 'a', 'b', 'EUR', -300, 700, 2, 300, 1, 'r-2', now(), now())`)
  await run(`insert into idempotency (key, fingerprint, transaction_id, refusal, created_at) values
               ('key-1', sha256('1'), '${id(1)}', null, now()),
               ('key-2', sha256('2'), '${id(2)}', null, now()),
               ('key-3', sha256('3'), null, '{}', now())`)
  // What is doctored below, no statement of the application's could do.
  await run('alter table transaction disable trigger user')
})

afterEach(async () => {
  await db?.close()
  await database?.close()
})

const run = (text: string) => db.query({ text, values: [] })
const id = (n: number) => `0197f3a0-5b6e-7c41-9d2e-00000000000${n}`

function sent(n: number, answer?: Reply): Sent {
  const kind = requestKinds[0]!
  return {
    kind,
    label: `r-${n}`,
    key: `key-${n}`,
    path: '/transactions',
    body: {},
    tries: 1,
    answer,
  }
}

function created(n: number, change: object = {}): Reply {
  const told = {
    ...{ id: id(n), account_id: 'a', currency: 'EUR', description: `r-${n}` },
    ...(n === 1
      ? { amount: '10.00', balance_after: '10.00', counterparty_id: 'world:EUR' }
      : { amount: '-3.00', balance_after: '7.00', counterparty_id: 'b' }),
    ...change,
  }
  return { status: 201, text: JSON.stringify(told), isReplayed: false }
}

const refused: Reply = {
  status: 422,
  text: '{"instance":"/requests/1","code":"account.insufficient_funds"}',
  isReplayed: false,
}

function trueHistory(): History {
  return { ...newHistory(), sent: [sent(1, created(1)), sent(2, created(2)), sent(3, refused)] }
}

/** The rules that are broken. */
async function broken(history = trueHistory()): Promise<string[]> {
  await checkBook(db, history)
  return history.findings.map(({ rule }) => rule)
}

test('finds nothing wrong with a right book and a true history', async () => {
  expect(await broken()).toEqual([])
})

test.each<[string, string[]]>([
  ['a balance is the sum of its entries', [`update account set balance = 701 where id = 'a'`]],
  ['an account counts its entries', [`update account set entry_no = 3 where id = 'b'`]],
  ['an entry continues the one before', [`update transaction set entry_no = 3 where entry_no = 2`]],
  [
    'an entry continues the one before',
    [`update transaction set counterparty_balance_after = 299 where counterparty_id = 'b'`],
  ],
  [
    'an entry continues the one before',
    [`update transaction set balance_after = 701 where entry_no = 2`],
  ],
  ['a currency comes to zero', [`update account set balance = 299 where id = 'b'`]],
  [
    'no two keys share a transaction',
    [`update idempotency set transaction_id = '${id(1)}' where key = 'key-2'`],
  ],
  [
    'no two keys share a transaction',
    [`update idempotency set transaction_id = '${id(9)}' where key = 'key-2'`],
  ],
  ['no request is carried out twice', [`update transaction set description = 'r-1'`]],
  ['a 2xx is in the database', [`delete from transaction where id = '${id(2)}'`]],
  ['a 2xx is in the database', [`update transaction set amount = -299 where id = '${id(2)}'`]],
  [
    'what was refused is not there',
    [`update transaction set description = 'r-3' where id = '${id(2)}'`],
  ],
  [
    'no balance is under its limit',
    [`update transaction set amount = -1300, balance_after = -300 where id = '${id(2)}'`],
  ],
])('finds out when it does not hold that %s: %s', async (rule, statements) => {
  for (const statement of statements) await run(statement)
  expect(await broken()).toContain(rule)
})

test('finds a transaction that nobody was told of, but not one whose answer was lost', async () => {
  const { sent: all, ...rest } = trueHistory()
  expect(await broken({ ...rest, sent: all.filter(({ label }) => label !== 'r-2') })).toEqual([
    'nothing else is there',
  ])
  const lost = { ...sent(2), key: null }
  expect(await broken({ ...newHistory(), sent: [all[0]!, lost, all[2]!] })).toEqual([])
})

test.each([
  ['account', { account_id: 'b' }],
  ['balance', { balance_after: '7.01' }],
  ['other side', { counterparty_id: 'world:EUR' }],
])('finds a 2xx that told of another %s', async (_what, change) => {
  const history = trueHistory()
  history.sent[1]!.answer = created(2, change)
  expect(await broken(history)).toContain('a 2xx is in the database')
})

test.each<[string, Reply, Reply]>([
  ['a refusal after a 2xx', created(1), refused],
  ['a 2xx after a refusal', refused, created(1)],
  ['another body', created(1), created(1, { amount: '10.01' })],
  ['another refusal', refused, { ...refused, text: refused.text.replace('insufficient', 'other') }],
])('finds an answer that contradicts the first one: %s', (_what, first, second) => {
  const history = newHistory()
  const one = sent(1)
  note(history, one, first)
  note(history, one, second)
  expect(history.findings.map(({ rule }) => rule)).toEqual(['one answer a key'])
})

test('takes a refusal for the same although it names another request, and no 503 for an answer', () => {
  const history = newHistory()
  const one = sent(1)
  note(history, one, { ...refused, status: 503 })
  note(history, one, refused)
  note(history, one, { ...refused, text: refused.text.replace('/1', '/2'), isReplayed: true })
  expect(history.findings).toEqual([])
  expect(isDefinite({ ...refused, text: '{"code":"idempotency.in_progress"}', status: 409 })).toBe(
    false,
  )
})
