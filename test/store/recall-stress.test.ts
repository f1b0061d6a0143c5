import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { ledgerSession } from '../../cmd/api/wiring/pools'
import { systemIds } from '../../internal/id/id'
import { newPool, type Pool } from '../../internal/postgres/pool'
import { newLedger, type Ledger } from '../../pkg/transaction/app/ledger'
import type { Post, Verdict } from '../../pkg/transaction/instruction'
import { newGroupPoster } from '../../pkg/transaction/sql/post'
import { connectionSettings, newDatabase, type TestDatabase } from '../harness/database'
import { silentLog } from '../harness/log'
import { newRandom, newSeed, pick, type Random } from '../harness/random'
import { commits } from './commits'

/** Of both tests together; RECALL_STRESS_MS=120000 looks for longer, SEED for the same again. */
const runMs = Number(process.env.RECALL_STRESS_MS ?? 4000)
const seed = newSeed()

jest.setTimeout(runMs + 60_000)

let database: TestDatabase
let session: Client
let random: Random
const closers: (() => Promise<unknown>)[] = []

beforeEach(async () => {
  database = await newDatabase()
  session = new Client({ connectionString: database.url })
  await session.connect()
  random = newRandom(seed)
})

afterEach(async () => {
  for (const close of closers.splice(0)) await close()
  await session.end()
  await database.close()
})

async function sql(text: string, values: unknown[] = []) {
  return (await session.query(text, values)).rows
}

/** Posts as a program of its own does. */
function newProcess(): Ledger {
  const options = {
    ...{ program: 'stress', connectionsMax: 2, pipeline: true },
    sessionOptions: ledgerSession,
  }
  const lanes = newPool(connectionSettings(database.url), silentLog(), options)
  const poster = newGroupPoster(withLostAnswers(lanes), systemIds, {
    ...{ attemptsMax: 50, outcomeTimeoutMs: 5000, ownsSessions: true },
    sleep: (ms) => sleep(ms),
  })
  const limits = { groupRequestsMax: 20, queueRequestsMax: 1000, queueWaitMaxMs: 5000 }
  const ledger = newLedger(poster, { lanes: 2, behind: 1, ...limits })
  closers.push(() => lanes.close())
  return ledger
}

/** The answer to one commit in a hundred never comes, though it was carried out. */
function withLostAnswers(lanes: Pool): Pool {
  return {
    ...lanes,
    withClient: (work) =>
      lanes.withClient((client) =>
        work({
          pid: client.pid,
          async query(statement) {
            const answer = await client.query(statement)
            if (!commits(statement) || below(100) > 0) return answer
            await sql('select pg_terminate_backend($1, 5000)', [client.pid])
            throw Object.assign(new Error('read ECONNRESET'), { syscall: 'read' })
          },
        }),
      ),
  }
}

/** What a caller was told: a verdict, or the code of a fault. */
interface Told {
  key: string | null
  verdict: Verdict | undefined
  fault: string | undefined
}

const below = (limit: number) => random.between(0, limit - 1)

let keys = 0

function aTransfer(ids: string[]): Post {
  const accountId = pick(random, ids)
  const other = below(10) === 0 ? null : pick(random, ids)
  const key = below(5) > 0 ? `key-${++keys}` : null
  return {
    ...{ kind: 'post', accountId, counterpartyId: other === accountId ? null : other },
    ...{
      amount: { units: BigInt(below(1000) + 1) * (below(2) === 0 ? 1n : -1n), scale: 2 },
      effectiveAt: null,
    },
    ...{ description: null, metadata: null },
    idempotency: key === null ? null : { key, fingerprint: '00'.repeat(32) },
  }
}

async function submit(ledger: Ledger, transfer: Post): Promise<Told> {
  const key = transfer.idempotency?.key ?? null
  try {
    return { key, verdict: await ledger.submitOne(transfer), fault: undefined }
  } catch (error) {
    return { key, verdict: undefined, fault: (error as { code?: string }).code ?? String(error) }
  }
}

/** One caller of one process, who sends what failed once more, to another one. */
async function call(ledgers: Ledger[], ids: string[], untilMs: number): Promise<Told[]> {
  const told: Told[] = []
  while (performance.now() < untilMs) {
    const transfer = aTransfer(ids)
    const ledger = () => ledgers[below(ledgers.length)]!
    const first = await submit(ledger(), transfer)
    told.push(first)
    if (transfer.idempotency && (first.fault !== undefined || below(10) === 0)) {
      told.push(await submit(ledger(), transfer))
    }
  }
  return told
}

/** Ends sessions, changes limits, closes and opens accounts. */
async function meddle(ids: string[], untilMs: number): Promise<void> {
  while (performance.now() < untilMs) {
    await sleep(below(100))
    await sql(`update account set min_balance = $2 where id = $1`, [
      pick(random, ids),
      -below(5000),
    ]).catch(() => {})
    const end = `
      select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'stress' and datname = current_database() order by random() limit 1`
    if (below(3) === 0) await sql(end)
    await sql(
      `
      update account set closed_at = case when closed_at is null then now() end
      where id = $1 and balance = 0 and held = 0`,
      [pick(random, ids)],
    ).catch(() => {})
  }
}

test.each([
  ['few', 3],
  ['many', 300],
])(
  `whatever goes wrong, the books of %s accounts are what was told (seed ${seed})`,
  async (_few, count) => {
    const ids = Array.from({ length: count }, (_, i) => `account-${i}`)
    await sql(`insert into app_user (id, first_name, last_name) values ('ada', 'Ada', 'Lovelace')`)
    await sql(
      `
    insert into account (id, user_id, name, currency, min_balance)
    select id, 'ada', 'A', 'EUR', -2000 from unnest($1::text[]) as id`,
      [ids],
    )
    const untilMs = performance.now() + runMs / 2
    const ledgers = [newProcess(), newProcess(), newProcess()]
    const [told] = await Promise.all([
      Promise.all(Array.from({ length: 24 }, () => call(ledgers, ids, untilMs))),
      meddle(ids, untilMs),
    ])
    await Promise.all(ledgers.map((ledger) => ledger.close()))
    await checkBooks()
    await checkTold(told.flat())
  },
)

/** Each account's entries, on both sides, follow each other without a gap, and add up. */
async function checkBooks(): Promise<void> {
  const broken = await sql(`
    with entry as (
      select account_id, entry_no, amount, balance_after, created_at from transaction
      union all
      select counterparty_id, counterparty_entry_no, -amount, counterparty_balance_after, created_at
      from transaction where counterparty_id is not null
    ),
    chained as (
      select *, lag(entry_no, 1, 0::bigint) over in_order as no_before,
        lag(balance_after, 1, 0::bigint) over in_order as balance_before,
        lag(created_at, 1, '-infinity') over in_order as created_before,
        row_number() over (partition by account_id order by entry_no desc) as from_last
      from entry window in_order as (partition by account_id order by entry_no)
    )
    select c.* from chained c join account a on a.id = c.account_id
    where c.entry_no <> no_before + 1 or c.balance_after <> balance_before + c.amount
      or c.created_at < created_before
      or (from_last = 1 and (a.balance <> c.balance_after or a.entry_no <> c.entry_no))`)
  expect(broken).toEqual([])
}

/** What was told is there, once; and nothing is there that nobody was told of. */
async function checkTold(told: Told[]): Promise<void> {
  const faults = told.filter(({ fault }) => fault !== undefined)
  const rows = await sql('select id, balance_after, amount from transaction')
  const answers = await sql('select key, transaction_id from idempotency')
  const created = told.flatMap(({ verdict }) =>
    verdict?.status === 'created' ? [verdict.transaction!] : [],
  )
  const byId = new Map(rows.map((row) => [row.id, row]))
  const untrue = created.filter(
    ({ id, amount, balanceAfter }) =>
      byId.get(id)?.amount !== String(amount) ||
      byId.get(id)?.balance_after !== String(balanceAfter),
  )
  expect(untrue).toEqual([])
  expect(new Set(created.map(({ id }) => id)).size).toBe(created.length)

  const idOf = new Map(answers.map((row) => [row.key, row.transaction_id]))
  const unlike = told.filter(({ key, verdict }) => {
    if (key === null || !verdict) return false
    if (verdict.status !== 'refused') return idOf.get(key) !== verdict.transaction!.id
    return verdict.refusal.code !== 'ledger.busy' && idOf.get(key) !== null
  })
  expect(unlike).toEqual([])

  const known = new Set([...created.map(({ id }) => id), ...idOf.values()])
  const untold = rows.filter(({ id }) => !known.has(id)).length
  const open = faults.filter(({ key, fault }) => key === null && fault === 'ledger.outcome_unknown')
  expect(untold).toBeLessThanOrEqual(open.length)
  expect(created).not.toEqual([])
}
