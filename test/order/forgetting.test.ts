import { readFileSync } from 'node:fs'
import { startForgetting } from '../../cmd/worker/wiring/forgetting'
import { worker as workerConfig } from '../../config/schema'
import { newPool, type Pool } from '../../internal/postgres/pool'
import { parse } from '../../internal/sqlgen/parse'
import { connectionSettings, newDatabase, type TestDatabase } from '../harness/database'
import { silentLog } from '../harness/log'
import { pollUntil } from '../harness/poll'
import { startApi, type TestApi } from '../rest/api'

const day = 86_400_000
const retentionMs = 3 * day

let database: TestDatabase
/** As the worker works. */
let pool: Pool
let owner: Pool
beforeAll(async () => {
  database = await newDatabase()
  const settings = connectionSettings(database.url)
  owner = newPool(settings, silentLog(), { program: 'tillbook-test' })
  pool = newPool({ ...settings, role: 'tillbook_api' }, silentLog(), { program: 'tillbook-test' })
  await owner.query({ text: cart, values: [] })
})
beforeEach(async () => {
  // What they refuse of the table as a whole is for programs, not for who owns it.
  const truncate = `set session_replication_role = replica;
    delete from cart_key; delete from order_key; delete from inbox_message; delete from outbox_message;
    set session_replication_role = origin`
  await owner.withClient((client) => client.query({ text: truncate, values: [] }))
})
afterAll(async () => {
  await pool.close()
  await owner.close()
  await database.close()
})

const line = '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e'
const cart = `
  insert into app_user (id, first_name, last_name) values ('ada', 'Ada', 'Lovelace');
  insert into account (id, user_id, name, currency) values ('shop-main', 'ada', 'Shop', 'EUR');
  insert into store (id, name, user_id, account_id, currency)
  values ('main', 'Shop', 'ada', 'shop-main', 'EUR');
  insert into cart (id, user_id, store_id, created_at, updated_at)
  values ('${line}', 'ada', 'main', now(), now());
  insert into cart_line (id, cart_id, store_id, name, quantity, created_at, updated_at)
  values ('${line}', '${line}', 'main', 'laptop', 1, now(), now())`

const hash = `sha256('x')`
/** By the table, the insertion of so many rows of that age. */
const insertions: Record<string, (age: string, count: number) => string> = {
  cart_key: (age, count) => `
    insert into cart_key (user_id, key, fingerprint, line_id, quantity, created_at)
    select 'ada', '${age} ' || n, ${hash}, '${line}', 1, now() - interval '${age}'
    from generate_series(1, ${count}) n`,
  order_key: (age, count) => `
    insert into order_key (owner_id, key, fingerprint, refusal, created_at)
    select 'ada', '${age} ' || n, ${hash}, '{}', now() - interval '${age}'
    from generate_series(1, ${count}) n`,
  inbox_message: (age, count) => `
    insert into inbox_message (consumer, message_id, handled_at)
    select 'parcels', gen_random_uuid(), now() - interval '${age}'
    from generate_series(1, ${count}) n`,
}
const tables = Object.keys(insertions)

const insert = (table: string, age: string, count: number) =>
  owner.query({ text: insertions[table]!(age, count), values: [] })

async function countOf(table: string): Promise<number> {
  const text = `select count(*)::int as count from ${table}`
  return ((await owner.query({ text, values: [] })).rows[0] as { count: number }).count
}

function start() {
  const { broker, worker } = workerConfig.parse({
    environment: 'test',
    database: { url: database.url },
    worker: { key_retention_ms: retentionMs },
    broker: { retention_ms: retentionMs },
  })
  return startForgetting({ broker, worker }, { pool, log: silentLog() })
}

test.each(tables)('%s loses what is older than its retention, and nothing else', async (table) => {
  await insert(table, '80 hours', 2500)
  await insert(table, '70 hours', 3)
  await insert(table, '1 minute', 2)
  const forgetting = start()
  await pollUntil(async () => (await countOf(table)) === 5, { what: 'deletion' })
  await forgetting.close()
  expect(await countOf(table)).toBe(5)
})

test('several workers at once delete each row once, and stand in nobody’s way', async () => {
  await insert('cart_key', '80 hours', 5000)
  await insert('order_key', '80 hours', 5000)
  const all = [start(), start(), start()]
  await pollUntil(async () => (await countOf('cart_key')) + (await countOf('order_key')) === 0, {
    what: 'deletion',
  })
  await Promise.all(all.map(({ close }) => close()))
})

test('a note of a message that the outbox still holds stays: it can be replayed', async () => {
  await insert('inbox_message', '80 hours', 2)
  const text = `
    insert into outbox_message (id, aggregate_id, aggregate_type, aggregate_version, exchange,
      routing_key, type, payload, created_at, published_at)
    select message_id, message_id, 'order', 1, 'orders', 'created_order', 'order.created', '{}', now(), now()
    from inbox_message limit 1
    returning id`
  const { rows } = await owner.query({ text, values: [] })
  const forgetting = start()
  await pollUntil(async () => (await countOf('inbox_message')) === 1, { what: 'deletion' })
  await forgetting.close()
  const left = await owner.query({ text: 'select message_id as id from inbox_message', values: [] })
  expect(left.rows).toEqual(rows)
})

test.each(['cart_key', 'order_key'])(
  'no code deletes a key of %s that is younger than a day, whatever it is told',
  async (table) => {
    await insert(table, '23 hours', 1)
    for (const one of [pool, owner]) {
      const deletion = one.query({ text: `delete from ${table}`, values: [] })
      await expect(deletion).rejects.toThrow('a key is remembered for a day at least')
    }
    expect(await countOf(table)).toBe(1)
  },
)

const outbox = `
  insert into outbox_message (id, aggregate_id, aggregate_type, aggregate_version, exchange,
    routing_key, type, payload, created_at, published_at)
  select gen_random_uuid(), gen_random_uuid(), 'order', 1, 'orders', 'created_order', 'order.created',
    '{}', now(), now()
  from generate_series(1, 20000)`

const statements = [
  ['cart_key', 'pkg/cart/sql/cart-key.sql', 'DeleteOldCartKeys', 'cart_key_created_idx'],
  ['order_key', 'pkg/order/sql/order-key.sql', 'DeleteOldOrderKeys', 'order_key_created_idx'],
  [
    'inbox_message',
    'pkg/outbox/sql/inbox.sql',
    'DeleteOldInboxMessages',
    'inbox_message_handled_idx',
  ],
] as const

interface Node {
  'Node Type': string
  'Index Name'?: string
  Plans?: Node[]
}

const nodesOf = (plan: Node): Node[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]

test.each(statements)(
  'a batch of %s is found by its index, not by a scan',
  async (...statement) => {
    const [table, path, name, index] = statement
    await insert(table, '80 hours', 3000)
    await insert(table, '1 minute', 30_000)
    await owner.query({ text: outbox, values: [] })
    const found = parse(path, readFileSync(path, 'utf8')).find(({ statementName }) =>
      statementName.endsWith(`.${name}`),
    )!
    await owner.withClient(async (client) => {
      const run = (text: string) => client.query({ text, values: [] })
      await run('analyze')
      for (const mode of ['force_custom_plan', 'force_generic_plan']) {
        await run(`set plan_cache_mode = ${mode}`)
        await run(`prepare deletion as ${found.text}`)
        const { rows } = await run(`explain (format json) execute deletion(${retentionMs}, 1000)`)
        await run('deallocate deletion')
        const [{ Plan: plan }] = (rows[0] as { 'QUERY PLAN': [{ Plan: Node }] })['QUERY PLAN']
        const nodes = nodesOf(plan)
        expect(nodes.map((node) => node['Node Type'])).not.toContain('Seq Scan')
        expect(nodes.map((node) => node['Node Type'])).toContain('Tid Scan')
        expect(nodes.map((node) => node['Index Name'])).toContain(index)
      }
      await run('reset plan_cache_mode')
    })
  },
)

test('a key of a cart is remembered until then, and stands for a new request afterwards', async () => {
  const api: TestApi = await startApi({ worker: { in_process: true } })
  const add = async () => {
    const headers = { 'Idempotency-Key': 'once' }
    const json = { name: 'laptop', quantity: 1 }
    const answer = await api.send({ method: 'POST', path: '/items', json, headers })
    return (answer.body as { quantity: number }).quantity
  }
  const age = (interval: string) => {
    const text = `set session_replication_role = replica;
      update cart_key set created_at = now() - interval '${interval}';
      set session_replication_role = origin`
    return api.db.withClient((client) => client.query({ text, values: [] }))
  }
  expect([await add(), await add()]).toEqual([1, 1])
  await age('29 days')
  await api.restart()
  expect(await add()).toBe(1)
  await age('31 days')
  await api.restart()
  await pollUntil(async () => (await api.sql('select from cart_key')).length === 0, {
    what: 'deletion',
  })
  expect(await add()).toBe(2)
  await api.close()
})
