import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { cartSession, ledgerSession } from '../../cmd/api/wiring/pools'
import { parse, type Block } from '../../internal/sqlgen/parse'
import { newPendingOrderStore } from '../../pkg/order/sql/pending'
import { newReservationStore } from '../../pkg/reservation/sql/store'
import { newDatabase, type TestDatabase } from '../harness/database'
import { findValues, type Values } from './values'
import { volume } from './volume'

jest.setTimeout(120_000)

let database: TestDatabase
let client: Client
let lane: Client
let ledger: Client
let valuesOf: (statement: string) => Values
beforeAll(async () => {
  database = await newDatabase()
  client = new Client({ connectionString: database.url })
  lane = new Client({ connectionString: database.url, options: cartSession })
  ledger = new Client({ connectionString: database.url, options: ledgerSession })
  await Promise.all([client, lane, ledger].map((one) => one.connect()))
  for (const statement of volume.split(';\n')) await client.query(statement)
  valuesOf = await findValues(client)
})
afterAll(async () => {
  await Promise.all([client, lane, ledger].map((one) => one.end()))
  await database.close()
})

const domains = ['item', 'cart', 'store', 'reservation', 'order', 'outbox', 'checkout']
const statements = domains.flatMap((domain) => {
  const folder = join('pkg', domain, 'sql')
  const files = readdirSync(folder).filter((name) => name.endsWith('.sql'))
  return files.flatMap((name) =>
    parse(join(folder, name), readFileSync(join(folder, name), 'utf8')),
  )
})

/** These only ever run in a group's connection. */
function laneOf({ statementName }: Block): Client | undefined {
  if (/\.AddNamedLines?$/.test(statementName)) return lane
  const isOfLedger = /\.(?:Lock\w+|ListLockedLines|ListCartAndStockIds|WriteSales)$/
  return isOfLedger.test(statementName) ? ledger : undefined
}

interface Node {
  'Node Type': string
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  'Rows Removed by Index Recheck'?: number
  Plans?: Node[]
}

function nodesOf(plan: Node): Node[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]
}

/** How many rows of tables a statement looked at, whatever it did with them. */
function rowsLookedAt(plan: Node): number {
  const scans = nodesOf(plan).filter((node) => / Scan$/.test(node['Node Type']))
  const ofTables = scans.filter(
    (node) => !/^(?:CTE|Function|Subquery|Values)/.test(node['Node Type']),
  )
  return ofTables.reduce((sum, node) => {
    const removed =
      (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)
    return sum + (node['Actual Rows'] + removed) * node['Actual Loops']
  }, 0)
}

/** Run for what it looks at, and undone. */
async function run(on: Client, mode: string, block: Block): Promise<Node> {
  const values = valuesOf(block.statementName)
  const given = block.params.map(({ name }) => values[name] ?? 'null').join(', ')
  await on.query('begin')
  try {
    await on.query(`set local plan_cache_mode = ${mode}`)
    await on.query(`prepare statement as ${block.text}`)
    const execute = given === '' ? 'execute statement' : `execute statement(${given})`
    const { rows } = await on.query(`explain (analyze, timing off, format json) ${execute}`)
    return (rows[0] as { 'QUERY PLAN': [{ Plan: Node }] })['QUERY PLAN'][0].Plan
  } finally {
    await on.query('rollback')
    await on.query('deallocate all')
  }
}

/** A page, or a cart with what belongs to its lines. Those that count, or list backlogs, say how far they go. */
const rowsMax: Record<string, number> = {
  'reservation.CountReservations': 40_000,
  'pending.CountPendingOrders': 20_000,
  'operate.ListOutboxMessages': 10_100,
}

const runs = statements.flatMap((block) => {
  const modes = laneOf(block) ? ['generic'] : ['generic', 'custom']
  return modes.map((mode) => [block.statementName, mode, block] as const)
})

test.each(runs)(
  '%s looks at no more than its answer needs (%s plan)',
  async (name, mode, block) => {
    const plan = await run(laneOf(block) ?? client, `force_${mode}_plan`, block)
    expect(rowsLookedAt(plan)).toBeLessThanOrEqual(rowsMax[name] ?? 500)
  },
)

test('what there is to do is counted to 10,000 of a kind, however much it is', async () => {
  const orders = await newPendingOrderStore(client).count()
  expect(orders).toMatchObject({ due: 10_000, waiting: 10_000, leased: 0 })
  expect(orders.oldestDueSeconds).toBeGreaterThan(14_000)
  const store = newReservationStore(client)
  await client.query('begin')
  const countWith = async (assignment: string) => {
    await client.query(
      `update reservation set desired = 'held', lease_token = null, lease_until = null, ${assignment}`,
    )
    return store.count()
  }
  const due = await countWith(`actual = 'none', next_at = now() - interval '1 h'`)
  expect(due).toMatchObject({ due: 10_000, oldestDueSeconds: 3600, waiting: 0, failed: 0 })
  const waiting = await countWith(`actual = 'none', next_at = now() + interval '1 h'`)
  expect(waiting).toMatchObject({ due: 0, oldestDueSeconds: 0, waiting: 10_000 })
  const failed = await countWith(`actual = 'failed', next_at = null`)
  expect(failed).toMatchObject({ waiting: 0, failed: 10_000, leaked: 0 })
  await client.query('rollback')
})
