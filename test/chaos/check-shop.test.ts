import { Client } from 'pg'
import type { BookState } from '../../internal/simulator/book'
import { newDatabase, type TestDatabase } from '../harness/database'
import { checkShop, type Seen } from './check-shop'
import { newHistory, type History, type Sent } from './history'
import { requestKinds } from './workload'

// The checker is shown a shop that is right, and then one of each kind that is wrong. SQL in TypeScript,
// because it writes past the code that would never write so.

let database: TestDatabase
let db: Client

const id = (n: number) => `0197f3a0-5b6e-7c41-9d2e-0000000000${String(n).padStart(2, '0')}`
const [item, cart, sold, out, payment, bought, message, held, back, named, saying] = Array.from(
  { length: 11 },
  (_, n) => id(n + 1),
) as [Id, Id, Id, Id, Id, Id, Id, Id, Id, Id, Id]
type Id = string

beforeAll(async () => {
  database = await newDatabase()
  // What is doctored below, no statement of the application's could do: triggers would refuse it.
  const options = '-c session_replication_role=replica'
  db = new Client({ connectionString: database.url, options })
  await db.connect()
  for (const statement of right) await db.query(statement)
})

beforeEach(() => db.query('begin'))
afterEach(() => db.query('rollback'))

afterAll(async () => {
  await db?.end()
  await database?.close()
})

const payloadOf = (order: string, name: string, amount: number) => ({
  order: { order_id: order, product_name: name, total_amount: amount },
})

const right = [
  `insert into app_user (id, first_name, last_name) values ('ada', 'Ada', 'L')`,
  `insert into account (id, user_id, name, currency, balance, min_balance) values
     ('a', 'ada', 'A', 'EUR', -100, -100), ('till', 'ada', 'T', 'EUR', 100, 0)`,
  `insert into store (id, account_id, user_id, currency, name)
   values ('main', 'till', 'ada', 'EUR', 'Shop')`,
  `insert into item (id, store_id, price, name, created_at, updated_at)
   values ('${item}', 'main', 50, 'thing', now(), now())`,
  `insert into stock (item_id, on_hand, sold) values ('${item}', 3, 2)`,
  `insert into cart (id, user_id, store_id, status, lines, created_at, updated_at)
   values ('${cart}', 'ada', 'main', 'ordered', 1, now(), now())`,
  `insert into cart_line (id, cart_id, store_id, item_id, quantity, name, created_at, updated_at, removed_at)
   values
     ('${sold}', '${cart}', 'main', '${item}', 2, 'thing', now(), now(), null),
     ('${out}', '${cart}', 'main', null, 1, 'other', now(), now(), now())`,
  `insert into transaction (
     id, account_id, counterparty_id, currency, amount, balance_after, entry_no,
     counterparty_balance_after, counterparty_entry_no, metadata, effective_at, created_at
   ) values (
     '${payment}', 'a', 'till', 'EUR', -100, -100, 1, 100, 1,
     '{"order_id":"${bought}"}', now(), now()
   )`,
  `insert into shop_order (
     id, owner_id, user_id, status, cart_id, store_id, transaction_id, total_amount, currency,
     customer_fullname, product_name, product_code, created_at, updated_at
   ) values
     ('${bought}', 'ada', 'ada', 'created', '${cart}', 'main', '${payment}', 100, 'EUR',
       'Ada L', 'thing', null, now(), now()),
     ('${named}', 'ada', 'u', 'created', null, null, null, 999, 'EUR',
       'Ada L', 'Box', 'box', now(), now())`,
  `insert into order_line (order_id, line_no, item_id, quantity, unit_price, name)
   values ('${bought}', 1, '${item}', 2, 50, 'thing')`,
  `insert into outbox_message (
     id, aggregate_type, aggregate_id, aggregate_version, exchange, routing_key, type, payload, headers,
     created_at, published_at
   ) values
     ('${message}', 'order', '${bought}', 1, 'orders', 'created_order', 'order.created',
       '${JSON.stringify(payloadOf(bought, 'thing', 1))}', '{}', now(), now()),
     ('${saying}', 'order', '${named}', 1, 'orders', 'created_order', 'order.created',
       '${JSON.stringify(payloadOf(named, 'Box', 9.99))}', '{}', now(), now())`,
  `insert into reservation (
     id, line_id, external_id, desired, actual, item, created_at, updated_at
   ) values
     ('${held}', '${sold}', 7, 'held', 'held', 'thing', now(), now()),
     ('${back}', '${out}', 8, 'released', 'released', 'other', now(), now())`,
]

const live = (key: string | null, reservation_id: number) => ({ key, reservation_id, item: 'x' })

function reservations(...more: BookState['live']): BookState {
  const counts = { made: 2, pending: 0, released: 1, repeated: 0 }
  return { ...counts, live: [live(held, 7), ...more], doubled: { items: [], keys: [] } }
}

const arrived = () => [
  { id: message, body: { type: 'order.created', payload: payloadOf(bought, 'thing', 1) } },
  { id: saying, body: { type: 'order.created', payload: payloadOf(named, 'Box', 9.99) } },
]

function sent(name: string, n: number, told: object, body?: Record<string, unknown>): Sent {
  const kind = requestKinds.find((one) => one.name === name)!
  const answer = { status: 201, text: JSON.stringify(told), isReplayed: false }
  return {
    kind,
    label: `r-${n}`,
    key: `k-${n}`,
    path: '/',
    tries: 1,
    answer,
    ...(body && { body }),
  }
}

const orderOf = (order: string, cart_id: string | null, status = 'created') => ({
  ...{ id: order, status, cart_id, transaction_id: cart_id && payment },
})

function trueHistory(): History {
  const all = [
    sent('add to cart', 1, { id: sold, removed_at: null }, { name: 'thing', quantity: 2 }),
    sent('add to cart', 2, { id: out, removed_at: null }, { name: 'other', quantity: 1 }),
    sent('take out of cart', 3, { id: out, removed_at: 'now' }),
    sent('checkout', 4, orderOf(bought, cart), {}),
    // Another key to the same cart has the same order.
    sent('checkout', 5, orderOf(bought, cart), {}),
    sent('order', 6, orderOf(named, null, 'pending'), {}),
  ]
  return { ...newHistory(), sent: all }
}

/** The rules that are broken. */
async function broken(change: Partial<Seen> = {}, history = trueHistory()): Promise<string[]> {
  await checkShop(db, { reservations: reservations(), messages: arrived(), ...change }, history)
  return history.findings.map(({ rule }) => rule)
}

test('finds nothing wrong with a shop that is right, with a broker and without', async () => {
  expect(await broken()).toEqual([])
  expect(await broken({ messages: undefined })).toEqual([])
})

const payments = 'an order is paid once, and what it comes to'
const carts = 'a cart becomes one order, of what is in it'
const messages = 'a created order has one message'
const lines = 'a line has what was added to it'
const reserved = 'what is reserved is what is in carts'

test.each([
  [payments, `update transaction set amount = -99`],
  [payments, `update transaction set account_id = 'till', counterparty_id = 'a'`],
  [payments, `update transaction set metadata = '{"order_id":"another"}'`],
  [payments, `update order_line set unit_price = 51`],
  [payments, `delete from transaction`],
  [
    'a store is paid for orders alone',
    `update shop_order set transaction_id = '${id(50)}' where id = '${bought}'`,
  ],
  [carts, `update cart set status = 'open'`],
  [carts, `update cart_line set quantity = 3 where id = '${sold}'`],
  [carts, `update cart_line set removed_at = null`],
  ['what is sold was ordered', `update stock set sold = 3`],
  [messages, `delete from outbox_message where id = '${message}'`],
  [
    messages,
    `update outbox_message set aggregate_id = '${bought}', aggregate_version = 2 where id = '${saying}'`,
  ],
  [messages, `update shop_order set status = 'pending', next_at = now() where id = '${named}'`],
  [messages, `update shop_order set total_amount = 998 where id = '${named}'`],
  [
    'a message is of an order',
    `update outbox_message set aggregate_id = '${id(51)}' where id = '${saying}'`,
  ],
  [lines, `update cart_line set quantity = 4 where id = '${out}'`],
  [lines, `update cart_line set removed_at = null where id = '${out}'`],
  [lines, `delete from reservation where id = '${held}'`],
  [reserved, `update reservation set actual = 'requesting', next_at = now() where id = '${held}'`],
  [reserved, `update reservation set external_id = 9 where id = '${held}'`],
  [reserved, `update reservation set desired = 'released', next_at = now() where id = '${held}'`],
  [reserved, `update reservation set actual = 'unknown', next_at = now() where id = '${back}'`],
  [
    'nothing is leaked',
    `update reservation set desired = 'released', actual = 'released' where id = '${held}'`,
  ],
  [
    'a 2xx about an order is in the database',
    `update shop_order set id = '${id(52)}' where id = '${named}'`,
  ],
  [
    'nobody has an order that was not told of',
    `update shop_order set id = '${id(52)}' where id = '${named}'`,
  ],
])('finds out when it does not hold that %s: %s', async (rule, statement) => {
  await db.query(statement)
  expect(await broken()).toContain(rule)
})

test.each<[string, Partial<Seen>]>([
  ['nothing is reserved twice', { reservations: reservations(live(held, 7)) }],
  ['nothing is reserved twice', { reservations: reservations(live(id(60), 9)) }],
  ['nothing is reserved twice', { reservations: reservations(live(null, 9)) }],
  ['nothing is leaked', { reservations: reservations(live(back, 8)) }],
  [reserved, { reservations: { ...reservations(), live: [] } }],
  [reserved, { reservations: { ...reservations(), pending: 1 } }],
  ['each message arrives', { messages: arrived().slice(1) }],
  [
    'no message is of something that is not there',
    { messages: [...arrived(), { id: id(61), body: {} }] },
  ],
  ['a message says what was written', { messages: [...arrived(), { id: saying, body: {} }] }],
])('finds out from outside when it does not hold that %s (%#)', async (rule, seen) => {
  expect(await broken(seen)).toEqual([rule])
})

test('takes it that what has failed is reserved after all, and that a message comes again', async () => {
  await db.query(
    `update reservation set actual = 'failed', external_id = null where id = '${held}'`,
  )
  const twice = [...arrived(), ...arrived()]
  expect(await broken({ messages: twice })).toEqual([])
  expect(await broken({ reservations: { ...reservations(), live: [] } })).toEqual([])
})

test('finds an order that two keys were told of', async () => {
  const history = trueHistory()
  history.sent.push(sent('order', 7, orderOf(named, null), {}))
  expect(await broken({}, history)).toEqual(['a key has an order of its own'])
})

test('finds what was added twice, or told and not added', async () => {
  const history = trueHistory()
  history.sent[0]!.body!.quantity = 1
  history.sent.push(sent('add to cart', 8, { id: id(62) }, { quantity: 1 }))
  expect(await broken({}, history)).toEqual([lines, lines])
})
