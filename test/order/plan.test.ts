import { readFileSync } from 'node:fs'
import { Client } from 'pg'
import { parse } from '../../internal/sqlgen/parse'
import { newDatabase, type TestDatabase } from '../harness/database'

let database: TestDatabase
let client: Client
beforeAll(async () => {
  database = await newDatabase()
  client = new Client({ connectionString: database.url })
  await client.connect()
  await client.query(volume)
  await client.query('analyze')
})
afterAll(async () => {
  await client.end()
  await database.close()
})

/** Half of them wait for a later try, as after an hour without the services. */
const volume = `
  insert into app_user (id, first_name, last_name) values ('ada', 'Ada', 'Lovelace');
  insert into shop_order (id, owner_id, user_id, status, product_code, total_amount, currency,
    customer_fullname, product_name, next_at, created_at, updated_at)
  select gen_random_uuid(), 'ada', 'ada', case n % 2 when 0 then 'created' else 'pending' end, 'p', 1,
    'EUR', 'Ada', 'P', case n % 2 when 1 then now() + interval '1 hour' end, now(), now()
  from generate_series(1, 20000) n`

interface Node {
  'Node Type': string
  'Index Name'?: string
  'Rows Removed by Filter'?: number
  Plans?: Node[]
}

function nodesOf(plan: Node): Node[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]
}

test.each(['force_custom_plan', 'force_generic_plan'])(
  'what is due is found without a look at what is not (%s)',
  async (mode) => {
    const path = 'pkg/order/sql/pending.sql'
    const claim = parse(path, readFileSync(path, 'utf8')).find(
      ({ statementName }) => statementName === 'pending.ClaimPendingOrders',
    )!
    const values: Record<string, string> = {
      token: `'0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e'`,
      lease_ms: '20000',
      limit: '20',
    }
    await client.query(`set plan_cache_mode = ${mode}`)
    await client.query(`prepare claim as ${claim.text}`)
    const given = claim.params.map(
      (param) => values[typeof param === 'string' ? param : param.name],
    )
    const { rows } = await client.query(
      `explain (analyze, format json) execute claim(${given.join(', ')})`,
    )
    await client.query('deallocate claim')
    const [{ Plan: plan }] = (rows[0] as { 'QUERY PLAN': [{ Plan: Node }] })['QUERY PLAN']
    const nodes = nodesOf(plan)
    expect(nodes.filter((node) => node['Node Type'] === 'Seq Scan')).toEqual([])
    const due = nodes.find((node) => node['Index Name'] === 'shop_order_due_idx')
    expect(due).toBeDefined()
    expect(due!['Rows Removed by Filter'] ?? 0).toBe(0)
  },
)
