import { newPool, type Pool } from '../../internal/postgres/pool'
import { connectionSettings, newDatabase, type TestDatabase } from '../harness/database'
import { silentLog } from '../harness/log'
import { bulkPart } from './bulk-kinds'
import { checkBook } from './check'
import { isDefinite, newHistory, note, type History, type Sent } from './history'
import type { Reply } from './kind'
import { requestKinds } from './workload'

// The checker is shown a right book with a true history, and then one of each kind that is wrong. SQL
// in TypeScript, because it writes past the code that would never write so.

let database: TestDatabase
let db: Pool

beforeAll(async () => {
  database = await newDatabase()
  // What is doctored below, no statement of the application's could do: triggers would refuse it.
  const sessionOptions = '-c session_replication_role=replica'
  const options = { program: 'test', sessionOptions }
  db = newPool(connectionSettings(database.url), silentLog(), options)
})

beforeEach(async () => {
  await run(`insert into app_user (id, first_name, last_name) values ('ada', 'Ada', 'L')`)
  await run(`insert into account (id, user_id, name, currency, balance, entry_no)
             values ('a', 'ada', 'A', 'EUR', 700, 2), ('b', 'ada', 'B', 'EUR', 300, 3)`)
  await run(`update account set held = 150 where id = 'b'`)
  await run(`insert into transaction (
               id, account_id, counterparty_id, currency, amount, balance_after, entry_no,
               counterparty_balance_after, counterparty_entry_no, description, effective_at, created_at
             ) values
               ('${id(1)}', 'a', null, 'EUR', 1000, 1000, 1, null, null, 'r-1', now(), now()),
               ('${id(2)}', 'a', 'b', 'EUR', -300, 700, 2, 300, 1, 'r-2', now(), now())`)
  await run(`insert into idempotency (key, fingerprint, transaction_id, refusal, created_at) values
               ('key-1', sha256('1'), '${id(1)}', null, now()),
               ('key-2', sha256('2'), '${id(2)}', null, now()),
               ('key-3', sha256('3'), null, '{}', now()),
               ('key-6', sha256('6'), '${id(6)}', null, now()),
               ('key-7', sha256('7'), '${id(7)}', null, now())`)
  await run(`insert into hold (id, account_id, currency, amount, captured, description, created_at)
             values ('${id(5)}', 'b', 'EUR', 200, 50, 'r-4', now())`)
  await run(`insert into transaction (
               id, account_id, counterparty_id, currency, amount, balance_after, entry_no,
               description, effective_at, created_at, hold_id, reverses_id
             ) values
               ('${id(6)}', 'b', null, 'EUR', -50, 250, 2, 'r-4', now(), now(), '${id(5)}', null),
               ('${id(7)}', 'b', null, 'EUR', 50, 300, 3, 'r-4', now(), now(), null, '${id(6)}')`)
})

// With all that refers to them, which is everything but the keys.
afterEach(() => run('truncate app_user, idempotency cascade'))

afterAll(async () => {
  await db?.close()
  await database?.close()
})

const run = (text: string) => db.query({ text, values: [] })
const id = (n: number) => `0197f3a0-5b6e-7c41-9d2e-00000000000${n}`

const kindOf = (name: string) => requestKinds.find((kind) => kind.name === name)!

function sent(n: number, answer?: Reply, kind = kindOf('deposit'), trace = `r-${n}`): Sent {
  return {
    ...{ kind, trace },
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
    ...{ reverses_id: null, hold_id: null },
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

const world = { account_id: 'b', counterparty_id: 'world:EUR', description: 'r-4' }

function hold(captured: string): object {
  const fixed = { id: id(5), ...world, currency: 'EUR', amount: '2.00' }
  return { ...fixed, captured, status: 'open' }
}

const opened = { status: 201, text: JSON.stringify(hold('0.00')), isReplayed: false }
const captureOf = (change: object = {}): Reply => {
  const paid = created(6, { ...world, amount: '-0.50', balance_after: '2.50', hold_id: id(5) })
  const transaction: unknown = { ...(JSON.parse(paid.text) as object), ...change }
  return { ...opened, text: JSON.stringify({ hold: hold('0.50'), transaction }) }
}
const reversed = created(7, {
  ...{ ...world, amount: '0.50', balance_after: '3.00', reverses_id: id(6) },
})

function trueHistory(): History {
  const all = [
    sent(1, created(1)),
    sent(2, created(2)),
    sent(3, refused),
    sent(5, opened, kindOf('hold'), 'hold r-4'),
    sent(6, captureOf(), kindOf('capture'), `capture of ${id(5)}`),
    sent(7, reversed, kindOf('reversal'), `reversal of ${id(6)}`),
  ]
  return { ...newHistory(), sent: all }
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
  ['an account counts its entries', [`update account set entry_no = 4 where id = 'b'`]],
  [
    'an entry continues the one before',
    [`update transaction set entry_no = 3 where id = '${id(2)}'`],
  ],
  [
    'an entry continues the one before',
    [`update transaction set counterparty_balance_after = 299 where counterparty_id = 'b'`],
  ],
  [
    'an entry continues the one before',
    [`update transaction set balance_after = 701 where id = '${id(2)}'`],
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
  ['what is held is left of open holds', [`update account set held = 149 where id = 'b'`]],
  ['a hold pays what its captures say', [`update hold set captured = 51`]],
  ['a hold pays what its captures say', [`update transaction set hold_id = '${id(5)}'`]],
  ['a 2xx about a hold is in the database', [`update hold set captured = 49`]],
  ['a 2xx about a hold is in the database', [`update hold set amount = 201`]],
  ['a 2xx about a hold is in the database', [`delete from hold`]],
  [
    'a transaction is reversed once',
    [`update transaction set amount = 49 where reverses_id is not null`],
  ],
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
  for (const [n, { kind, trace }] of trueHistory().sent.entries()) {
    if (n === 2) continue
    const others = () => trueHistory().sent.filter((_, at) => at !== n)
    const lost = { ...sent(n + 1, undefined, kind, trace), key: null }
    expect(await broken({ ...newHistory(), sent: [...others(), lost] })).toEqual([])
    // The next one tells of the hold as well.
    if (kind.name === 'hold') continue
    expect(await broken({ ...newHistory(), sent: others() })).toEqual(['nothing else is there'])
  }
})

test('finds a capture without a key that was carried out twice, answered or not', async () => {
  await run(`insert into transaction (
               id, account_id, currency, amount, balance_after, entry_no,
               description, effective_at, created_at, hold_id
             ) values ('${id(8)}', 'b', 'EUR', -50, 250, 4, 'r-4', now(), now(), '${id(5)}')`)
  await run(`update account set balance = 250, entry_no = 4, held = 100 where id = 'b'`)
  await run(`update hold set captured = 100`)
  expect(await broken()).toEqual(['nothing else is there'])
  const history = trueHistory()
  history.sent[4] = { ...history.sent[4]!, key: null, answer: undefined }
  expect(await broken(history)).toEqual(['no request is carried out twice'])
})

describe('of a bulk', () => {
  const bulkOf = (name: string, answer?: Reply): Sent => {
    const whole: Sent = { ...sent(9, answer, kindOf(name)), trace: undefined }
    const part = (n: number): Sent => ({ ...sent(n, undefined, bulkPart), whole })
    return Object.assign(whole, { isAtomic: name === 'atomic bulk', parts: [part(1), part(8)] })
  }
  const withBulk = (bulk: Sent): History => {
    const { sent: all, ...rest } = trueHistory()
    return { ...rest, sent: [...all.slice(1), bulk, ...bulk.parts!] }
  }

  test('finds the half of an atomic one, but not of another one', async () => {
    expect(await broken(withBulk(bulkOf('atomic bulk')))).toEqual([
      'an atomic bulk is posted whole or not at all',
    ])
    expect(await broken(withBulk(bulkOf('bulk')))).toEqual([])
  })

  test('finds what was posted of an atomic one that was refused', async () => {
    const history = withBulk(bulkOf('atomic bulk', refused))
    expect(await broken(history)).toContain('what was refused is not there')
  })

  test('takes each verdict for the answer to its part, and remembers none that passes', () => {
    const bulk = bulkOf('bulk')
    const verdict = (status: string, text: string) => {
      const name = status === 'refused' ? 'problem' : 'transaction'
      return `{"status":"${status}","${name}":${text}}`
    }
    const busy = verdict('refused', '{"status":503,"code":"ledger.busy"}')
    const answer = (...verdicts: string[]) =>
      bulk.kind.read!({ status: 200, text: `{"data":[${verdicts.join()}]}`, isReplayed: false })
    const history = newHistory()
    note(history, bulk, answer(verdict('created', created(1).text), busy))
    expect([bulk, ...bulk.parts!].map((one) => one.answer?.text)).toEqual([
      undefined,
      created(1).text,
      undefined,
    ])
    const text = '{"status":422,"instance":"/requests/2","code":"account.insufficient_funds"}'
    note(history, bulk, answer(verdict('replayed', created(1).text), verdict('refused', text)))
    expect(bulk.answer?.status).toBe(200)
    expect(bulk.parts![1]!.answer).toMatchObject({ status: 422, text })
    expect(history.findings).toEqual([])
    note(history, bulk, answer(verdict('replayed', created(2).text), verdict('refused', text)))
    expect(new Set(history.findings.map(({ rule }) => rule))).toEqual(new Set(['one answer a key']))
  })
})

test.each([
  ['account', { account_id: 'b' }],
  ['balance', { balance_after: '7.01' }],
  ['other side', { counterparty_id: 'world:EUR' }],
  ['reversal', { reverses_id: id(1) }],
  ['hold', { hold_id: id(5) }],
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
