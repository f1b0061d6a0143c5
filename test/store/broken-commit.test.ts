import { DatabaseError, type QueryResult } from 'pg'
import type { Instant } from '../../internal/clock/instant'
import { systemIds } from '../../internal/id/id'
import { readDecimal } from '../../internal/money/decimal'
import { newPool, type Pool } from '../../internal/postgres/pool'
import type { Hold } from '../../pkg/hold/hold'
import {
  single,
  type Instruction,
  type LedgerAnswer,
  type LedgerRequest,
  type Outcome,
  type Verdict,
} from '../../pkg/transaction/instruction'
import { newGroupPoster } from '../../pkg/transaction/sql/post'
import type { Transaction } from '../../pkg/transaction/transaction'
import { keyed, request } from '../conformance/stores'
import { connectionSettings, newDatabase, type TestDatabase } from '../harness/database'
import { silentLog } from '../harness/log'
import { onServer } from '../harness/server'

let database: TestDatabase
let lanes: Pool

beforeAll(async () => {
  database = await newDatabase()
  const options = { program: 'test', pipeline: true }
  lanes = newPool(connectionSettings(database.url), silentLog(), options)
  await sql(`insert into app_user (id, first_name, last_name) values ('ada', 'Ada', 'Lovelace')`)
})

afterAll(async () => {
  await lanes?.close()
  await database?.close()
})

async function sql(text: string, values: unknown[] = []) {
  return (await onServer(database.url, text, values)).rows
}

interface Break {
  /** The SQLSTATE that the first commit is answered with. */
  code: string
  /** Whether it was carried out all the same. */
  isCarriedOut: boolean
  /** What others do before its outcome is looked up. */
  meanwhile?(): Promise<unknown>
}

/** Lanes whose first commit is answered with an error. */
function failingOnce({ code, isCarriedOut, meanwhile }: Break): Pool {
  let isFirst = true
  return {
    ...lanes,
    withClient: (work) =>
      lanes.withClient((client) =>
        work({
          pid: client.pid,
          async query(statement): Promise<QueryResult> {
            if (statement.text !== 'commit' || !isFirst) return client.query(statement)
            isFirst = false
            await client.query({ text: isCarriedOut ? 'commit' : 'rollback', values: [] })
            await meanwhile?.()
            throw Object.assign(new DatabaseError('no space left', 0, 'error'), { code })
          },
        }),
      ),
  }
}

const patience = { attemptsMax: 5, outcomeTimeoutMs: 2000, sleep: async () => {} }

async function post(what: LedgerRequest, pool = lanes): Promise<LedgerAnswer> {
  return (await newGroupPoster(pool, systemIds, patience).post([what]))[0]!
}

async function postOne(instruction: Instruction): Promise<Verdict> {
  return (await post(single(instruction))).verdicts[0]!
}

const deposit = (accountId: string, amount = '1.00'): Instruction => ({
  kind: 'post',
  ...request(accountId, amount),
})

test.each([
  ['a full disk', '53100', true],
  ['a full disk', '53100', false],
  ['a failing disk', '58030', true],
  ['a failing disk', '58030', false],
  ['a serialization failure', '40001', false],
])(
  'a commit that ends in %s (%s, carried out: %s) posts once',
  async (_what, code, isCarriedOut) => {
    const { id } = await aScene()
    const answer = await post(single(deposit(id)), failingOnce({ code, isCarriedOut }))
    expect(answer.verdicts).toMatchObject([
      { status: 'created', transaction: { balanceAfter: 10_100n } },
    ])
    expect(await readBooks(id)).toMatchObject({ balance: 10_100 })
  },
)

/** An account with 100.00, of which 50.00 are held, and one transaction. */
interface Scene {
  id: string
  hold: Hold
  original: Transaction
}

let count = 0

async function aScene(): Promise<Scene> {
  const id = `account-${++count}`
  await sql(`insert into account (id, user_id, name, currency) values ($1, 'ada', 'A', 'EUR')`, [
    id,
  ])
  const paid = await postOne(deposit(id, '100.00'))
  const opened = await postOne(openHold(id, '50.00'))
  if (paid.status === 'refused' || opened.status === 'refused') throw new Error('no scene')
  return { id, hold: opened.hold!, original: paid.transaction! }
}

function openHold(accountId: string, amount: string): Instruction {
  const { effectiveAt: _, ...common } = request(accountId, amount)
  return { kind: 'open_hold', ...common, expiresAt: null }
}
const far = '9999-01-01T00:00:00.000000Z' as Instant
const farther = '9999-01-02T00:00:00.000000Z' as Instant
const capture = (hold: Hold, amount: string | null): Instruction => ({
  ...{ kind: 'capture_hold', hold, amount: amount === null ? null : readDecimal(amount)! },
  idempotency: null,
})
const release = (hold: Hold): Instruction => ({ kind: 'release_hold', hold, idempotency: null })
const extend = (hold: Hold, expiresAt: Instant | null = far): Instruction => ({
  ...{ kind: 'extend_hold', hold, expiresAt, idempotency: null },
})

/** All that there is of an account, apart from ids and times of which no two scenes share any. */
async function readBooks(id: string): Promise<object> {
  const [row] = await sql(
    `select balance::int, held::int, entry_no::int,
       (select array_agg(amount::int order by entry_no) from transaction where account_id = a.id) as amounts,
       (select array_agg((amount, captured, expires_at, closed_as)::text order by created_at)
        from hold where account_id = a.id) as holds,
       (select count(*)::int from idempotency where key like a.id || ' %') as answers
     from account a where id = $1`,
    [id],
  )
  return row as object
}

const keyOf = (id: string, name: string) => keyed(`${id} ${name}`)
const withKey = (id: string, one: Instruction) =>
  ({ ...one, ...keyOf(id, one.kind) }) as Instruction

const works: [string, (scene: Scene) => Instruction][] = [
  ['a hold', ({ id }) => openHold(id, '5.00')],
  ['a part of a capture', ({ hold }) => capture(hold, '5.00')],
  ['a whole capture', ({ hold }) => capture(hold, null)],
  ['a release', ({ hold }) => release(hold)],
  ['another end', ({ hold }) => extend(hold)],
  ['the same end again', ({ hold }) => extend(hold, null)],
  [
    'a reversal of what is held',
    ({ original }) => ({ kind: 'reverse', original, idempotency: null }),
  ],
  ['a refused hold', ({ id }) => openHold(id, '50.01')],
]

describe.each(works)('a lost commit of %s', (_name, workOf) => {
  const cases = [
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ]
  test.each(cases)('carried out: %s, with a key: %s', async (isCarriedOut, hasKey) => {
    const wish = (scene: Scene) => {
      const work = workOf(scene)
      return single(hasKey ? withKey(scene.id, work) : work)
    }
    const [plain, broken] = [await aScene(), await aScene()]
    const wanted = await post(wish(plain))
    const found = await post(wish(broken), failingOnce({ code: '53100', isCarriedOut }))
    // Not "replayed": the first answer is the first.
    expect(statuses(found)).toEqual(statuses(wanted))
    expect(await readBooks(broken.id)).toEqual(await readBooks(plain.id))
    if (!hasKey) return
    const again = await post(wish(broken))
    expect(again.verdicts[0]).toEqual(replayOf(found.verdicts[0]!))
  })
})

const statuses = ({ verdicts }: LedgerAnswer) =>
  verdicts.map((verdict) =>
    verdict.status === 'refused' ? [verdict.refusal.code, verdict.replayed] : [verdict.status],
  )

function replayOf(verdict: Verdict): unknown {
  const again = verdict.status === 'refused' ? { replayed: true } : { status: 'replayed' }
  const { transaction, hold } = verdict as Outcome
  const stored = transaction && (expect.objectContaining({ id: transaction.id }) as object)
  return { ...verdict, ...again, ...(stored && { transaction: stored }), ...(hold && { hold }) }
}

test.each([
  [true, true],
  [true, false],
  [false, true],
  [false, false],
])('a lost commit of a bulk (carried out: %s, atomic: %s)', async (isCarriedOut, isAtomic) => {
  const bulk = ({ id }: Scene): LedgerRequest => ({
    instructions: [
      { ...deposit(id, '1.00'), ...keyOf(id, 'a') } as Instruction,
      deposit(id, '2.00'),
      ...(isAtomic ? [] : [{ ...deposit(id, '-900.00'), ...keyOf(id, 'b') } as Instruction]),
    ],
    isAtomic,
    isDryRun: false,
  })
  const [plain, broken] = [await aScene(), await aScene()]
  const wanted = await post(bulk(plain))
  const found = await post(bulk(broken), failingOnce({ code: '53100', isCarriedOut }))
  expect(statuses(found)).toEqual(statuses(wanted))
  expect(await readBooks(broken.id)).toEqual(await readBooks(plain.id))
})

describe('when others change the same before the outcome is looked up', () => {
  const lost = (meanwhile: () => Promise<unknown>) =>
    failingOnce({ code: '53100', isCarriedOut: true, meanwhile })
  const statusOf = async (what: Instruction, pool: Pool) => statuses(await post(single(what), pool))

  test('an opened hold is found though it was released since', async () => {
    const { id } = await aScene()
    const free = async () => {
      await sql(`update hold set closed_at = now(), closed_as = 'released' where account_id = $1`, [
        id,
      ])
      await sql(`update account set held = 0 where id = $1`, [id])
    }
    expect(await statusOf(openHold(id, '5.00'), lost(free))).toEqual([['created']])
    expect(await readBooks(id)).toMatchObject({ holds: [expect.anything(), expect.anything()] })
  })

  test('a part of a capture is found though the rest was released since', async () => {
    const { id, hold } = await aScene()
    const work = capture(hold, '5.00')
    expect(
      await statusOf(
        work,
        lost(() => postOne(release(hold))),
      ),
    ).toEqual([['created']])
    expect(await readBooks(id)).toMatchObject({ balance: 9500, held: 0 })
  })

  test('a release is found though somebody else has tried it since', async () => {
    const { id, hold } = await aScene()
    expect(
      await statusOf(
        release(hold),
        lost(() => postOne(release(hold))),
      ),
    ).toEqual([['created']])
    expect(await readBooks(id)).toMatchObject({ balance: 10_000, held: 0 })
  })

  test('a release that was not carried out is refused when somebody else released it', async () => {
    const { hold } = await aScene()
    const pool = failingOnce({
      ...{ code: '53100', isCarriedOut: false, meanwhile: () => postOne(release(hold)) },
    })
    expect(await statusOf(release(hold), pool)).toEqual([['hold.not_open', false]])
  })

  test('another end is found though it was captured or released since', async () => {
    for (const next of [(hold: Hold) => capture(hold, '1.00'), release]) {
      const { hold } = await aScene()
      expect(
        await statusOf(
          extend(hold),
          lost(() => postOne(next(hold))),
        ),
      ).toEqual([['created']])
    }
  })

  test('another end that has made way for yet another: told by the key, else unknown', async () => {
    const scene = await aScene()
    const meanwhile = async () => {
      await postOne(extend(scene.hold, farther))
      await postOne(release(scene.hold))
    }
    const keyedWork = withKey(scene.id, extend(scene.hold))
    expect(await statusOf(keyedWork, lost(meanwhile))).toEqual([['created']])
    const { hold } = await aScene()
    const others = () => postOne(extend(hold, farther))
    await expect(statusOf(extend(hold), lost(others))).rejects.toMatchObject({
      code: 'ledger.outcome_unknown',
    })
    // What came later stands.
    const [row] = await sql(
      'select extract(day from expires_at)::int as day from hold where id = $1',
      [hold.id],
    )
    expect(row).toEqual({ day: 2 })
  })

  test('an answer that somebody else gave to the same key is theirs', async () => {
    const { id } = await aScene()
    const work = withKey(id, openHold(id, '900.00'))
    const pool = failingOnce({
      ...{ code: '53100', isCarriedOut: false, meanwhile: () => postOne(work) },
    })
    const code = 'account.insufficient_funds'
    expect(await statusOf(work, pool)).toEqual([[code, true]])
  })
})
