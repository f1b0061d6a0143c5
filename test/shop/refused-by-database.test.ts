import { Client } from 'pg'
import { newDatabase, type TestDatabase } from '../harness/database'

// The tests connect as the owner of the tables, or as a superuser: nobody has more rights.

let database: TestDatabase
let client: Client
beforeAll(async () => {
  database = await newDatabase()
  client = new Client({ connectionString: database.url })
  await client.connect()
  await client.query(shop)
})
afterAll(async () => {
  await client.end()
  await database.close()
})
beforeEach(() => client.query('begin'))
afterEach(() => client.query('rollback'))

const [open, ordered, kept, bare] = [1, 2, 3, 4].map(
  (n) => `'0197f3a0-5b6e-7c41-9d2e-00000000000${n}'`,
)

const shop = `
  insert into app_user (id, first_name, last_name) values ('ada', 'Ada', 'L'), ('bob', 'Bob', 'B');
  insert into account (id, user_id, name, currency) values ('till', 'bob', 'Till', 'EUR'), ('other', 'bob', 'Other', 'JPY');
  insert into store (id, account_id, user_id, currency, name) values ('main', 'till', 'bob', 'EUR', 'Shop'), ('side', 'till', 'bob', 'EUR', 'Side');
  insert into item (id, store_id, price, name, created_at, updated_at) values (${kept}, 'main', 1, 'pen', now(), now());
  insert into stock (item_id, on_hand) values (${kept}, 1);
  insert into cart (id, user_id, store_id, created_at, updated_at)
  values (${open}, 'ada', 'main', now(), now()), (${ordered}, 'bob', 'main', now(), now()), (${bare}, 'ada', 'side', now(), now());
  insert into cart_line (id, cart_id, store_id, quantity, name, created_at, updated_at)
  select gen_random_uuid(), cart.id, 'main', 1, 'thing ' || n, now(), now()
  from cart cross join generate_series(1, 3) n
  where store_id = 'main';
  insert into reservation (id, line_id, item, next_at, created_at, updated_at)
  select gen_random_uuid(), id, name, now(), now(), now() from cart_line;
  insert into shop_order (id, owner_id, user_id, status, product_code, currency, next_at, created_at, updated_at)
  values (${open}, 'ada', 'ada', 'pending', 'p', 'EUR', now(), now(), now());
  insert into outbox_message (id, aggregate_id, aggregate_type, aggregate_version, exchange, routing_key, type,
    payload, created_at)
  values (${open}, ${open}, 'order', 1, 'e', 'r', 't', '{}', now());
  update cart set status = 'ordered' where id = ${ordered}`

const anOrder = (values: string) => `
  insert into shop_order (owner_id, user_id, id, status, cart_id, store_id, transaction_id, total_amount,
    currency, product_code, next_at, created_at, updated_at)
  values (${values}, now(), now())`

test.each([
  ['stock below none', 'update stock set on_hand = -1', 'stock_not_oversold'],
  [
    'a reservation of no line',
    `insert into reservation (id, line_id, item, next_at, created_at, updated_at)
     values (gen_random_uuid(), gen_random_uuid(), 'x', now(), now(), now())`,
    'reservation_line_fkey',
  ],
  [
    'two reservations of a line',
    `insert into reservation (id, line_id, item, next_at, created_at, updated_at)
     select gen_random_uuid(), id, 'x', now(), now(), now() from cart_line`,
    'reservation_line_key',
  ],
  [
    'a reservation that is wanted and that nobody will see to',
    'update reservation set next_at = null',
    'reservation_never_forgotten',
  ],
  [
    'goods that are wanted back and that nobody will give back',
    `update reservation set desired = 'released', actual = 'held', external_id = 7, next_at = null`,
    'reservation_never_forgotten',
  ],
  [
    'a reservation that was given back and is still wanted',
    `update reservation set actual = 'released'`,
    'reservation_released_is_wanted',
  ],
  [
    'a lease that never ends',
    `update reservation set actual = 'failed', next_at = null, lease_token = gen_random_uuid(), lease_until = now()`,
    'reservation_lease_ends',
  ],
  [
    'a pending order that nobody will see to',
    'update shop_order set next_at = null',
    'shop_order_pending_is_due',
  ],
  [
    'a failed order that somebody will see to',
    `update shop_order set status = 'failed', failure = 'x'`,
    'shop_order_pending_is_due',
  ],
  [
    'a failed order in the hands of a worker',
    `update shop_order set status = 'failed', failure = 'x', next_at = null, lease_token = gen_random_uuid(),
       lease_until = now()`,
    'shop_order_lease_of_pending',
  ],
  [
    'an order of a cart for somebody else',
    anOrder(
      `'bob', 'ada', gen_random_uuid(), 'created', ${ordered}, 'main', gen_random_uuid(), 1, 'EUR', null, null`,
    ),
    'shop_order_cart_for_owner',
  ],
  [
    'an order of a cart that is not paid',
    anOrder(
      `'bob', 'bob', gen_random_uuid(), 'created', ${ordered}, 'main', null, 1, 'EUR', null, null`,
    ),
    'shop_order_one_origin',
  ],
  [
    'two messages of one version',
    `insert into outbox_message (id, aggregate_id, aggregate_type, aggregate_version, exchange, routing_key,
       type, payload, created_at)
     values (gen_random_uuid(), ${open}, 'order', 1, 'e', 'r', 't', '{}', now())`,
    'outbox_message_version_key',
  ],
  [
    'a claim before the first',
    'update outbox_message set void_claim_no = 1',
    'outbox_message_claim_range',
  ],
])('the database refuses %s', async (_name, text, constraint) => {
  await expect(client.query(text)).rejects.toMatchObject({ constraint })
})

test.each([
  'delete from store',
  `update store set account_id = 'other', currency = 'JPY'`,
  `update store set user_id = 'ada'`,
  'delete from cart',
  `update cart set user_id = 'bob' where id = ${open}`,
  `update cart set store_id = 'side'`,
  'delete from cart_line',
  `update cart_line set cart_id = ${open}`,
  `update cart_line set name = 'x'`,
  'delete from reservation',
  `update reservation set item = 'x'`,
  'delete from shop_order',
  'delete from outbox_message',
  `update cart set status = 'open' where id = ${ordered}`,
])('the database refuses: %s', async (text) => {
  await expect(client.query(text)).rejects.toMatchObject({ code: '23001' })
})

const lines = (carts: string) => `
  insert into cart_line (id, cart_id, store_id, quantity, name, created_at, updated_at)
  select gen_random_uuid(), id, store_id, 1, 'new', now(), now() from cart where id in (${carts})`

describe('lines that many are changed of by one statement', () => {
  const count = async (cart = open) => {
    const { rows } = await client.query(`select lines, updated_at from cart where id = ${cart}`)
    return rows[0] as { lines: number; updated_at: Date }
  }

  test('are counted in the carts that they are in', async () => {
    await client.query(lines([open, bare].join()))
    expect([(await count()).lines, (await count(bare)).lines]).toEqual([4, 1])
    await client.query(
      `update cart_line set removed_at = now() where name in ('new', 'thing 1') and cart_id <> ${ordered}`,
    )
    expect([(await count()).lines, (await count(bare)).lines]).toEqual([2, 0])
    await client.query(`
      insert into cart_line (id, cart_id, store_id, quantity, name, created_at, updated_at)
      select gen_random_uuid(), ${open}, 'main', 1, name, now(), now()
      from unnest(array['thing 2', 'one', 'two', 'three']) as name
      on conflict (cart_id, coalesce(item_id::text, ':' || name)) where removed_at is null
      do update set quantity = cart_line.quantity + excluded.quantity`)
    expect((await count()).lines).toBe(5)
  })

  test('change their cart, so that whoever waits for it looks again', async () => {
    const before = await count()
    await client.query(`update cart_line set quantity = 2 where cart_id = ${open}`)
    const after = await count()
    expect(after.lines).toBe(3)
    expect(after.updated_at.getTime()).toBeGreaterThan(before.updated_at.getTime())
  })

  test.each([
    ['added', lines([open, ordered].join())],
    ['changed', `update cart_line set quantity = 2`],
    ['taken out', `update cart_line set removed_at = now()`],
  ])('are not %s when one of the carts was ordered', async (_how, text) => {
    await expect(client.query(text)).rejects.toMatchObject({ code: '23001' })
  })

  test('are not changed in a cart that the same transaction has ordered', async () => {
    await client.query(`update cart set status = 'ordered' where id = ${open}`)
    const text = `update cart_line set quantity = 2 where cart_id = ${open}`
    await expect(client.query(text)).rejects.toMatchObject({ code: '23001' })
  })

  test('do not make the next one look at all carts', async () => {
    await client.query(`
      insert into app_user (id, first_name, last_name) select 'u' || n, 'A', 'U' from generate_series(1, 3000) n;
      insert into cart (id, user_id, store_id, created_at, updated_at)
      select gen_random_uuid(), 'u' || n, 'main', now(), now() from generate_series(1, 3000) n;
      analyze cart;
      ${lines(`select id from cart where user_id ~ '^u'`)};
      update cart_line set quantity = 2 where name = 'new'`)
    const read = async () => {
      const { rows } = await client.query(
        `select seq_scan, seq_tup_read from pg_stat_xact_user_tables where relname = 'cart'`,
      )
      return rows[0] as object
    }
    const before = await read()
    await client.query(`
      insert into cart_line (id, cart_id, store_id, quantity, name, created_at, updated_at)
      values (gen_random_uuid(), ${open}, 'main', 1, 'last', now(), now());
      update cart_line set quantity = 2 where cart_id = ${open} and name = 'last'`)
    expect(await read()).toEqual(before)
    expect((await count()).lines).toBe(4)
  })
})
