import { Client as Session, DatabaseError, type QueryResult } from 'pg'
import { ledgerSession } from '../../cmd/api/wiring/pools'
import type { Instant } from '../../internal/clock/instant'
import { systemIds } from '../../internal/id/id'
import { toFault } from '../../internal/postgres/errors'
import type { Client, Pool } from '../../internal/postgres/pool'
import { newPool } from '../../internal/postgres/pool'
import type { Statement } from '../../internal/postgres/query'
import {
  single,
  type Instruction,
  type LedgerRequest,
  type Post,
  type Verdict,
} from '../../pkg/transaction/instruction'
import { newGroupPoster } from '../../pkg/transaction/sql/post'
import type { Transaction } from '../../pkg/transaction/transaction'
import { connectionSettings, newDatabase, type TestDatabase } from '../harness/database'
import { silentLog } from '../harness/log'
import { pollUntil } from '../harness/poll'
import { onServer } from '../harness/server'
import { commits } from './commits'

jest.setTimeout(60_000)

let database: TestDatabase
const pools: Pool[] = []

beforeAll(async () => {
  database = await newDatabase()
  await sql(`insert into app_user (id, first_name, last_name) values ('ada', 'Ada', 'Lovelace')`)
})

afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.close()))
  await database?.close()
})

const sql = (text: string) => onServer(database.url, text)

let accounts = 0

/** An account with 100.00, in minor units as all here. */
async function anAccount(minBalance = 0): Promise<string> {
  const id = `account-${++accounts}`
  await sql(`
    insert into account (id, user_id, name, currency, min_balance)
    values ('${id}', 'ada', 'A', 'EUR', ${minBalance})`)
  await newProcess().post(deposit(id, 10_000n))
  return id
}

function deposit(accountId: string, units: bigint, key?: string): Post {
  return {
    ...{ kind: 'post', accountId, counterpartyId: null, amount: { units, scale: 2 } },
    ...{ description: null, metadata: null, effectiveAt: null },
    idempotency: key === undefined ? null : { key, fingerprint: '00'.repeat(32) },
  }
}

type Meddle = (client: Client, statement: Statement) => Promise<QueryResult>

/** A process of its own, and the statements that it sent. */
function newProcess(
  meddle: Meddle = (client, statement) => client.query(statement),
  url = database.url,
) {
  const options = {
    ...{ program: 'recall', connectionsMax: 2, pipeline: true },
    sessionOptions: ledgerSession,
  }
  const pool = newPool(connectionSettings(url), silentLog(), options)
  pools.push(pool)
  const sent: string[] = []
  const lanes: Pool = {
    ...pool,
    withClient: (work) =>
      pool.withClient((client) =>
        work({
          pid: client.pid,
          query(statement) {
            sent.push((statement.name ?? statement.text).replace('transaction.', ''))
            return meddle(client, statement)
          },
        }),
      ),
  }
  const { post } = newGroupPoster(lanes, systemIds, {
    ...{ attemptsMax: 20, outcomeTimeoutMs: 2000, ownsSessions: true, sleep: async () => {} },
  })
  return {
    sent,
    async post(instruction: Instruction, lane = 0): Promise<Verdict> {
      return (await post([single(instruction)], lane))[0]!.verdicts[0]!
    },
    postRequest: (requests: LedgerRequest[]) => post(requests),
    async postAll(instructions: Instruction[]): Promise<Verdict[]> {
      return (await post(instructions.map((one) => single(one)))).map(
        ({ verdicts }) => verdicts[0]!,
      )
    },
  }
}

/** A process that posted to the account before, and so remembers how it left it. */
async function newProcessThatKnows(id: string, meddle?: Meddle) {
  const one = newProcess(meddle)
  await one.post(deposit(id, 1n))
  one.sent.length = 0
  return one
}

const oneTrip = ['WriteFromRecall']

async function readBook(id: string) {
  const { rows } = await sql(`
    select a.balance::int, a.entry_no::int,
      (select array_agg(t.balance_after::int order by t.entry_no) from transaction t
       where t.account_id = a.id) as balances,
      (select bool_and(t.created_at > before.created_at) from transaction t
       join transaction before on before.account_id = t.account_id and before.entry_no = t.entry_no - 1
       where t.account_id = a.id) as rises
    from account a where id = '${id}'`)
  return rows[0]
}

test('what it posted to before it posts to in one round trip', async () => {
  const id = await anAccount()
  const { post, sent } = await newProcessThatKnows(id)
  expect(await post(deposit(id, 5n))).toMatchObject({ status: 'created' })
  expect(sent).toEqual(oneTrip)
  expect(await readBook(id)).toEqual({
    ...{ balance: 10_006, entry_no: 3, balances: [10_000, 10_001, 10_006], rises: true },
  })
})

test('what it knows nothing of it reads first, without a lock', async () => {
  const id = await anAccount()
  const { post, sent } = newProcess()
  await post(deposit(id, 5n))
  expect(sent).toEqual(['ReadAccounts', ...oneTrip])
})

test('a refusal among others is by what is there, and kept with its key', async () => {
  const [id, other] = [await anAccount(), await anAccount()]
  const { post, postAll, sent } = await newProcessThatKnows(id)
  await post(deposit(other, 1n))
  sent.length = 0
  const refusal = { code: 'account.insufficient_funds' }
  const key = `key-${id}`
  const verdicts = await postAll([deposit(id, -10_002n, key), deposit(other, 1n)])
  expect(verdicts).toMatchObject([{ status: 'refused', refusal }, { status: 'created' }])
  expect(sent).toEqual(oneTrip)
  await sql(`update account set min_balance = -100 where id = '${id}'`)
  const again = await post(deposit(id, -10_002n, key))
  expect(again).toMatchObject({ status: 'refused', refusal, replayed: true })
  expect(await post(deposit(id, -10_002n))).toMatchObject({ status: 'created' })
})

describe('what somebody else did meanwhile is seen:', () => {
  test.each<[string, (id: string) => Promise<unknown>, string]>([
    ['money went', (id) => newProcess().post(deposit(id, -20_000n)), 'account.insufficient_funds'],
    [
      'the limit was raised',
      (id) => sql(`update account set min_balance = 0 where id = '${id}'`),
      'account.insufficient_funds',
    ],
    [
      'something was set aside',
      (id) =>
        newProcess().post({
          ...{ kind: 'open_hold', accountId: id, counterpartyId: null, expiresAt: null },
          ...{ amount: { units: 20_000n, scale: 2 }, description: null, metadata: null },
          idempotency: null,
        }),
      'account.insufficient_funds',
    ],
    [
      'it was emptied and closed',
      async (id) => {
        await newProcess().post(deposit(id, -10_001n))
        await sql(`update account set closed_at = now() where id = '${id}'`)
      },
      'account.closed',
    ],
  ])('%s', async (_what, meanwhile, code) => {
    const id = await anAccount(-20_000)
    const { post, sent } = await newProcessThatKnows(id)
    await meanwhile(id)
    const book = await readBook(id)
    expect(await post(deposit(id, -12_000n))).toMatchObject({
      status: 'refused',
      refusal: { code },
    })
    expect(sent.slice(0, 1)).toEqual(oneTrip)
    expect(await readBook(id)).toEqual(book)
  })

  test('its entries were rolled up until later', async () => {
    const id = await anAccount()
    const { post, sent } = await newProcessThatKnows(id)
    await sql(`
      update account set rolled_up_until = '9999-01-01', rolled_up_until_id = gen_random_uuid()
      where id = '${id}'`)
    await post(deposit(id, 5n))
    expect(sent).toContain('InsertLateEntries')
    expect(await readBook(id)).toMatchObject({ balance: 10_006, rises: true })
  })

  test('the limit was lowered, so that what would be refused by memory is posted', async () => {
    const id = await anAccount()
    const { post } = await newProcessThatKnows(id)
    await sql(`update account set min_balance = -20000 where id = '${id}'`)
    const key = `key-${id}`
    expect(await post(deposit(id, -12_000n, key))).toMatchObject({ status: 'created' })
  })

  test('money came, and the next one is posted behind it', async () => {
    const id = await anAccount()
    const { post } = await newProcessThatKnows(id)
    await newProcess().post(deposit(id, 700n))
    await post(deposit(id, 30n))
    expect(await readBook(id)).toEqual({
      ...{ balance: 10_731, entry_no: 4, balances: [10_000, 10_001, 10_701, 10_731], rises: true },
    })
  })
})

test('what somebody else posted to meanwhile takes one round trip, too', async () => {
  const [id, other] = [await anAccount(), await anAccount()]
  const { post, sent } = await newProcessThatKnows(id)
  await post(deposit(other, 1n))
  const somebody = newProcess()
  await somebody.post(deposit(id, 700n))
  await somebody.post(deposit(id, -50n))
  await somebody.post(deposit(other, 20n))
  sent.length = 0
  const transfer = { ...deposit(id, -9_000n), counterpartyId: other }
  expect(await post(transfer)).toMatchObject({
    status: 'created',
    transaction: { balanceAfter: 1_651n, counterpartyBalanceAfter: 19_021n, entryNo: 5n },
  })
  expect(await post(deposit(id, 1n))).toMatchObject({ transaction: { balanceAfter: 1_652n } })
  expect(sent).toEqual([...oneTrip, ...oneTrip])
  expect(await readBook(id)).toEqual({
    ...{ balance: 1_652, entry_no: 6, rises: true },
    balances: [10_000, 10_001, 10_701, 10_651, 1_651, 1_652],
  })
  expect(await readBook(other)).toMatchObject({ balance: 19_021, entry_no: 4 })
})

test('a refusal asks only the account that was short to stand where it stood', async () => {
  const [customer, till] = [await anAccount(), await anAccount()]
  const { post, postAll, sent } = await newProcessThatKnows(customer)
  await post(deposit(till, 1n))
  await newProcess().post(deposit(till, 70n))
  sent.length = 0
  const pay = (units: bigint) => ({ ...deposit(customer, -units), counterpartyId: till })
  expect(await postAll([pay(20_000n), pay(1_000n)])).toMatchObject([
    { status: 'refused', refusal: { members: { account_id: customer } } },
    { status: 'created', transaction: { balanceAfter: 9_001n, counterpartyBalanceAfter: 11_071n } },
  ])
  expect(sent).toEqual(oneTrip)
  // Now it is the customer of whom another process knows more.
  await newProcess().post(deposit(customer, 11_000n))
  expect(await postAll([pay(20_000n), pay(1n)])).toMatchObject([
    { status: 'created', transaction: { balanceAfter: 1n } },
    { status: 'created', transaction: { balanceAfter: 0n } },
  ])
})

test('of all or none, what came before the refused one has to stand as well', async () => {
  const [poor, rich, till] = [await anAccount(), await anAccount(), await anAccount()]
  const { post, postRequest, sent } = await newProcessThatKnows(till)
  for (const id of [poor, rich]) await post(deposit(id, 1n))
  await newProcess().post(deposit(rich, -9_500n))
  sent.length = 0
  const all = [deposit(rich, -1_000n), deposit(poor, -20_000n)]
  const [refused, created] = await postRequest([
    { instructions: all, isAtomic: true, isDryRun: false },
    single(deposit(till, 1n)),
  ])
  expect(refused).toMatchObject({
    refusedAt: 0,
    verdicts: [{ status: 'refused', refusal: { members: { account_id: rich } } }],
  })
  expect(created).toMatchObject({ verdicts: [{ status: 'created' }] })
  expect(sent.slice(0, 1)).toEqual(oneTrip)
})

test.each([15, 300, 3000])(
  'of %i accounts none is read but those that are posted to',
  async (count) => {
    const own = await newDatabase()
    const ids = Array.from({ length: count }, (_, i) => `own-${i}`)
    try {
      await onServer(own.url, `insert into app_user values ('ada', 'Ada', 'Lovelace')`)
      await onServer(
        own.url,
        `insert into account (id, user_id, name, currency)
        select 'own-' || i, 'ada', 'A', 'EUR' from generate_series(0, ${count - 1}) as i`,
      )
      await onServer(own.url, 'analyze')
      let release = () => {}
      const released = new Promise<void>((resolve) => (release = resolve))
      const state = { isArmed: false }
      const slow = newProcess(async (client, statement) => {
        if (!state.isArmed) return client.query(statement)
        await client.query({ text: 'begin isolation level serializable', values: [] })
        const answer = await client.query(statement)
        await released
        await client.query({ text: 'commit', values: [] })
        return answer
      }, own.url)
      const quick = newProcess(undefined, own.url)
      await slow.post(deposit(ids[0]!, 1n))
      await quick.post(deposit(ids[1]!, 1n))
      slow.sent.length = 0
      state.isArmed = true
      const posted = slow.post(deposit(ids[0]!, 1n))
      await pollUntil(
        async () =>
          (
            await onServer(
              own.url,
              `select from pg_stat_activity
              where datname = current_database() and state = 'idle in transaction'`,
            )
          ).rows.length > 0,
        { what: 'what waits for its commit' },
      )
      await quick.post(deposit(ids[1]!, 1n))
      release()
      expect(await posted).toMatchObject({ status: 'created' })
      expect(slow.sent).toEqual(oneTrip)
    } finally {
      await Promise.all(pools.splice(0).map((pool) => pool.close()))
      await own.close()
    }
  },
)

test('the lowest balance of a group counts, not only its last one', async () => {
  const id = await anAccount()
  const { postAll } = await newProcessThatKnows(id)
  await newProcess().post(deposit(id, -5_000n))
  const verdicts = await postAll([deposit(id, -6_000n), deposit(id, 9_000n)])
  expect(verdicts).toMatchObject([
    { status: 'refused', refusal: { code: 'account.insufficient_funds' } },
    { status: 'created', transaction: { balanceAfter: 14_001n } },
  ])
})

test('a balance near the end of its range is judged where it stands', async () => {
  const id = await anAccount()
  const { postAll } = await newProcessThatKnows(id)
  const nearly = 9_007_199_254_740_000n
  await newProcess().post(deposit(id, nearly - 10_001n))
  const verdicts = await postAll([deposit(id, 2_000n), deposit(id, -1_999n)])
  expect(verdicts).toMatchObject([
    { status: 'refused' },
    { status: 'created', transaction: { balanceAfter: nearly - 1_999n } },
  ])
})

describe('an account that others post to at the same moment', () => {
  test('is taken in turns, in the same round trip, as long as they do', async () => {
    const id = await anAccount()
    const { post, sent } = await newProcessThatKnows(id)
    const locker = new Session({ connectionString: database.url })
    await locker.connect()
    try {
      await locker.query('begin')
      await locker.query(`update account set balance = balance where id = '${id}'`)
      const posted = post(deposit(id, 1n))
      await pollUntil(
        async () =>
          (
            await sql(`select from pg_stat_activity where wait_event_type = 'Lock'
            and datname = current_database() and query like '%updated_account%'`)
          ).rows.length > 0,
        { what: 'the wait for the row' },
      )
      await locker.query('commit')
      expect(await posted).toMatchObject({ status: 'created' })
    } finally {
      await locker.end()
    }
    sent.length = 0
    await post(deposit(id, 1n))
    expect(sent).toEqual(['TakeTurns', ...oneTrip, 'GiveUpTurns'])
    await newProcess().post(deposit(id, 1n))
    expect(await post(deposit(id, 1n))).toMatchObject({ transaction: { balanceAfter: 10_005n } })
    expect(await readBook(id)).toMatchObject({ balance: 10_005, rises: true })
  })
})

test('a group is sent behind another one, and continues it', async () => {
  const id = await anAccount()
  const { post, sent } = await newProcessThatKnows(id)
  const verdicts = await Promise.all([1n, 2n, 3n].map((units) => post(deposit(id, units))))
  expect(sent).toEqual([...oneTrip, ...oneTrip, ...oneTrip])
  expect(verdicts).toMatchObject([
    { transaction: { balanceAfter: 10_002n } },
    { transaction: { balanceAfter: 10_004n } },
    { transaction: { balanceAfter: 10_007n } },
  ])
  expect(await readBook(id)).toMatchObject({ balance: 10_007, rises: true })
})

test('what was sent behind a group that comes to nothing is decided again', async () => {
  const id = await anAccount()
  const { post } = await newProcessThatKnows(id)
  const key = `key-${id}`
  await newProcess().post(deposit(await anAccount(), 5n, key))
  const verdicts = await Promise.all([
    post(deposit(id, 1000n, key)),
    // Only with what the first one would have brought.
    post(deposit(id, -10_500n)),
    post(deposit(id, 2n)),
  ])
  expect(verdicts).toMatchObject([
    { status: 'replayed', transaction: { amount: 5n } },
    { status: 'refused' },
    { status: 'created' },
  ])
  expect(await readBook(id)).toMatchObject({ balance: 10_003, rises: true })
})

test('an answer that came first is replayed, and the account is remembered all the same', async () => {
  const id = await anAccount()
  const { post, sent } = await newProcessThatKnows(id)
  const key = `key-${id}`
  expect(await post(deposit(id, 5n, key))).toMatchObject({ status: 'created' })
  expect(await post(deposit(id, 5n, key))).toMatchObject({ status: 'replayed' })
  sent.length = 0
  await post(deposit(id, 1n))
  expect(sent).toEqual(oneTrip)
  expect(await readBook(id)).toMatchObject({ balance: 10_007 })
})

describe('a commit that is not answered posts once', () => {
  /** Once armed, the next commit is carried out or not, and answered with an error. */
  function newBreak(fail: (client: Client) => Promise<never>, isCarriedOut: boolean) {
    const state = { isArmed: false }
    const meddle: Meddle = async (client, statement) => {
      if (!commits(statement) || !state.isArmed) return client.query(statement)
      state.isArmed = false
      if (isCarriedOut) await client.query(statement)
      else if (statement.text === 'commit') await client.query({ ...statement, text: 'rollback' })
      return fail(client)
    }
    return { state, meddle }
  }

  const failures: [string, (client: Client) => Promise<never>][] = [
    [
      'the disk is full',
      async () => {
        throw toFault(
          Object.assign(new DatabaseError('no space left', 0, 'error'), { code: '53100' }),
        )
      },
    ],
    [
      'the session ends',
      async (client) => {
        await sql(`select pg_terminate_backend(${client.pid}, 5000)`)
        throw Object.assign(new Error('read ECONNRESET'), { syscall: 'read' })
      },
    ],
  ]
  test.each(
    failures.flatMap(([what, fail]) => [
      [what, 'carried out', fail] as const,
      [what, 'not carried out', fail] as const,
    ]),
  )('%s, %s', async (_what, how, fail) => {
    const id = await anAccount()
    const { state, meddle } = newBreak(fail, how === 'carried out')
    const { post } = await newProcessThatKnows(id, meddle)
    state.isArmed = true
    const [first, behind] = await Promise.all([post(deposit(id, 5n)), post(deposit(id, 7n))])
    expect([first, behind]).toMatchObject([{ status: 'created' }, { status: 'created' }])
    expect(await readBook(id)).toMatchObject({ balance: 10_013, entry_no: 4, rises: true })
  })

  test.each([
    ['by memory', {}],
    ['under lock', { effectiveAt: '2026-01-01T00:00:00.000000Z' as Instant }],
  ])('%s, and nobody may look whether it was carried out', async (_how, dated) => {
    const id = await anAccount()
    let held: Promise<unknown> | undefined
    const session = new Session({ connectionString: database.url })
    await session.connect()
    const { state, meddle } = newBreak(async () => {
      await session.query('begin; lock table transaction in access exclusive mode')
      // For longer than the outcome is looked for.
      held = session.query('select pg_sleep(3.5); commit')
      throw Object.assign(new DatabaseError('no space left', 0, 'error'), { code: '53100' })
    }, true)
    const { post } = await newProcessThatKnows(id, meddle)
    state.isArmed = true
    await expect(post({ ...deposit(id, 5n), ...dated })).rejects.toMatchObject({
      code: 'ledger.outcome_unknown',
    })
    await held
    await session.end()
    expect(await readBook(id)).toMatchObject({ balance: 10_006, entry_no: 3 })
  })

  test.each([
    Object.assign(new Error('read ECONNRESET'), { syscall: 'read' }),
    new Error('Received unexpected commandComplete message from backend.'),
  ])('the session goes on without us, so that nobody knows: %s', async (error) => {
    const id = await anAccount()
    const { state, meddle } = newBreak(async () => {
      throw error
    }, false)
    const { post } = await newProcessThatKnows(id, meddle)
    state.isArmed = true
    await expect(post(deposit(id, 5n))).rejects.toMatchObject({ code: 'ledger.outcome_unknown' })
    expect(await post(deposit(id, 7n))).toMatchObject({ status: 'created' })
    expect(await readBook(id)).toMatchObject({ balance: 10_008, entry_no: 3 })
  })
})

test('a connection that breaks while accounts are read costs nothing: it is posted by another one', async () => {
  const id = await anAccount()
  const state = { isArmed: true }
  const { post, sent } = newProcess(async (client, statement) => {
    if (!state.isArmed) return client.query(statement)
    state.isArmed = false
    await sql(`select pg_terminate_backend(${client.pid}, 5000)`)
    return client.query(statement)
  })
  expect(await post(deposit(id, 5n))).toMatchObject({ status: 'created' })
  expect(sent.slice(0, 2)).toEqual(['ReadAccounts', 'begin isolation level serializable'])
  expect(await readBook(id)).toMatchObject({ balance: 10_005, entry_no: 2 })
})

test('a session whose transactions are not serializable writes nothing by itself', async () => {
  const id = await anAccount()
  const state = { isArmed: false }
  const { post, sent } = await newProcessThatKnows(id, async (client, statement) => {
    if (!state.isArmed) return client.query(statement)
    state.isArmed = false
    const isolation = (level: string) =>
      client.query({ text: `set default_transaction_isolation = '${level}'`, values: [] })
    await isolation('repeatable read')
    return client.query(statement).finally(() => isolation('serializable'))
  })
  state.isArmed = true
  expect(await post(deposit(id, 5n))).toMatchObject({ status: 'created' })
  expect(sent).toContain('begin isolation level serializable')
  expect(await readBook(id)).toMatchObject({ balance: 10_006, entry_no: 3 })
})

test('a statement that is cancelled is told of, and not tried again', async () => {
  const id = await anAccount()
  const state = { isArmed: false }
  const { post } = await newProcessThatKnows(id, (client, statement) => {
    if (!state.isArmed) return client.query(statement)
    state.isArmed = false
    return client.query({ text: `do $$ begin raise query_canceled; end $$`, values: [] })
  })
  state.isArmed = true
  await expect(post(deposit(id, 5n))).rejects.toMatchObject({ code: 'database.unavailable' })
  expect(await readBook(id)).toMatchObject({ balance: 10_001, entry_no: 2 })
})

test('what was decided long before it is written is dated when it is written', async () => {
  const id = await anAccount()
  const state = { isArmed: false, heldUpMs: 300 }
  const { post, sent } = await newProcessThatKnows(id, (client, statement) => {
    if (state.isArmed) {
      state.isArmed = false
      void client.query({ text: `select pg_sleep(${state.heldUpMs / 1000})`, values: [] })
    }
    return client.query(statement)
  })
  state.isArmed = true
  const before = Date.now()
  const verdict = await post(deposit(id, 5n))
  const { createdAt, effectiveAt } = (verdict as { transaction: Transaction }).transaction
  expect(sent).toEqual(oneTrip)
  expect(Date.parse(createdAt)).toBeGreaterThanOrEqual(before + state.heldUpMs - 50)
  expect(effectiveAt).toBe(createdAt)
  const { rows } = await sql(`
    select to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at
    from transaction
    where account_id = '${id}' order by entry_no desc limit 1`)
  expect(rows[0].at).toBe(createdAt)
})

test('who reads by a statement that another one failed to prepare looks under lock', async () => {
  const [one, other] = [await anAccount(), await anAccount()]
  const { post, sent } = newProcess()
  const locker = new Session({ connectionString: database.url })
  await locker.connect()
  try {
    await locker.query('begin; lock table account')
    const first = post(deposit(one, 1n))
    const second = post(deposit(other, 1n))
    // It waited for the table where the statement is prepared.
    await expect(first).rejects.toMatchObject({ code: 'database.unavailable' })
    await locker.query('rollback')
    expect(await second).toMatchObject({ status: 'created' })
    expect(sent.slice(0, 2)).toEqual(['ReadAccounts', 'ReadAccounts'])
    expect(sent).toContain('LockAccounts')
  } finally {
    await locker.end()
  }
})
