import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
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
  // What the driver's prepared statements come to, whatever the values are.
  await client.query('set plan_cache_mode = force_generic_plan')
})
afterAll(async () => {
  await client.end()
  await database.close()
})

const volume = `
  insert into app_user (id, first_name, last_name)
  select 'user-' || n, 'A', 'User' from generate_series(1, 4000) n;
  insert into account (id, user_id, name, currency)
  select 'till-' || n, 'user-' || n, 'Till', 'EUR' from generate_series(1, 4000) n;
  insert into store (id, account_id, user_id, currency, name)
  select 'store-' || n, 'till-' || n, 'user-' || n, 'EUR', 'Shop' from generate_series(1, 4000) n;
  insert into item (id, store_id, name, description, price, created_at, updated_at)
  select gen_random_uuid(), 'store-' || case n % 10 when 0 then n / 10 else 1 end, 'item ' || n, 'about ' || n, 1 + n, now() + n * interval '1 s', now()
  from generate_series(1, 20000) n;
  insert into stock (item_id, on_hand) select id, 10 from item;
  insert into cart (id, user_id, store_id, created_at, updated_at)
  select gen_random_uuid(), 'user-' || n, 'store-1', now(), now() from generate_series(1, 2000) n;
  insert into cart_line (id, cart_id, store_id, quantity, name, created_at, updated_at)
  select gen_random_uuid(), id, store_id, 1, 'thing ' || n, now(), now()
  from cart cross join generate_series(1, 5) n;
  insert into reservation (id, line_id, item, next_at, created_at, updated_at)
  select gen_random_uuid(), id, name, created_at, created_at, created_at from cart_line;
  insert into cart_key (user_id, key, fingerprint, line_id, quantity, created_at)
  select c.user_id, l.id::text, sha256(''), l.id, 1, now() from cart_line l join cart c on c.id = l.cart_id;`

const statements = ['item', 'cart', 'store'].flatMap((domain) => {
  const folder = join('pkg', domain, 'sql')
  const files = readdirSync(folder).filter((name) => name.endsWith('.sql'))
  return files.flatMap((name) => {
    const blocks = parse(join(folder, name), readFileSync(join(folder, name), 'utf8'))
    return blocks.map((block) => [block.statementName, block] as const)
  })
})

interface Node {
  'Node Type': string
  'Relation Name'?: string
  'Plan Rows': number
  Plans?: Node[]
}

function nodesOf(plan: Node): Node[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]
}

/** These have a row or a few. */
const small = new Set<string | undefined>([undefined, 'item_count'])

test.each(statements)('%s looks at no table as a whole', async (_name, { text, params }) => {
  await client.query(`prepare statement as ${text}`)
  try {
    const values = params.length === 0 ? '' : `(${params.map(() => 'null').join(', ')})`
    const { rows } = await client.query(`explain (format json) execute statement${values}`)
    const [{ Plan: plan }] = (rows[0] as { 'QUERY PLAN': [{ Plan: Node }] })['QUERY PLAN']
    const scans = nodesOf(plan).filter(
      (node) => node['Node Type'] === 'Seq Scan' && !small.has(node['Relation Name']),
    )
    expect(scans).toEqual([])
  } finally {
    await client.query('deallocate statement')
  }
})

const lists = statements.filter(([name]) => name.startsWith('item-list.'))

test.each(lists)('%s sorts no more than its page', async (_name, { text, params }) => {
  await client.query(`prepare list as ${text}`)
  try {
    const { rows } = await client.query(
      `explain (format json) execute list(${params.map(() => 'null').join(', ')})`,
    )
    const [{ Plan: plan }] = (rows[0] as { 'QUERY PLAN': [{ Plan: Node }] })['QUERY PLAN']
    const page = nodesOf(plan).find((node) => node['Node Type'] === 'Limit')
    // Without a position, the end of the list is looked up first, in the same index.
    const types = new Set(nodesOf(page!).map((node) => node['Node Type']))
    for (const type of ['Limit', 'Result', 'Index Scan', 'Index Only Scan']) types.delete(type)
    expect([...types]).toEqual([])
    // A server that expects more would join the page to the whole table, once that is large.
    expect(plan['Plan Rows']).toBeLessThanOrEqual(101)
  } finally {
    await client.query('deallocate list')
  }
})
