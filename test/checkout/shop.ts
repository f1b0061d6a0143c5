import { randomUUID } from 'node:crypto'
import { newPool } from '../../internal/postgres/pool'
import { connectionSettings, newDatabase } from '../harness/database'
import { silentLog } from '../harness/log'
import { recheck } from '../../pkg/seal/sql/recheck'
import { listBrokenAccounts } from '../rest/ledger'

// SQL in TypeScript, because tests look at the tables past the code that they test.

export interface Goods {
  /** Minor units; null: no price. */
  price: bigint | null
  /** Undefined: not counted. */
  onHand?: bigint
  name?: string
}

export type Shop = Awaited<ReturnType<typeof openShop>>

/** A database with the shop `main`, whose account takes in what it sells. */
export async function openShop() {
  const database = await newDatabase()
  const settings = connectionSettings(database.url, { statement_timeout_ms: 30_000 })
  const db = newPool(settings, silentLog(), { program: 'tillbook-test' })
  async function sql<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await db.query({ text, values })).rows as Row[]
  }
  await sql(`insert into app_user (id, first_name, last_name) values ('merchant', 'Max', 'Planck')`)
  await sql(
    `insert into account (id, user_id, name, currency) values ('shop-main', 'merchant', 'Till', 'EUR')`,
  )
  await sql(
    `insert into store (id, account_id, user_id, currency, name) values ('main', 'shop-main', 'merchant', 'EUR', 'Shop')`,
  )
  let count = 0

  /** A customer with that much on an account that is called as they are. */
  async function aCustomer(balance = 100_000n): Promise<string> {
    const id = `ada-${++count}`
    await sql(`insert into app_user (id, first_name, last_name) values ($1, 'Ada', $2)`, [id, id])
    await sql(`insert into account (id, user_id, name, currency) values ($1, $1, 'A', 'EUR')`, [id])
    if (balance > 0n) await deposit(id, balance)
    return id
  }

  async function deposit(id: string, amount: bigint): Promise<void> {
    await sql(
      `with a as (
         update account set balance = balance + $2, entry_no = entry_no + 1 where id = $1 returning *
       )
       insert into transaction (id, account_id, currency, amount, balance_after, entry_no, effective_at, created_at, xact_no)
       select gen_random_uuid(), id, currency, $2, balance, entry_no, now(), now(),
         pg_current_xact_id()::text::bigint + (select xact_offset from xact_epoch where is_only)
       from a`,
      [id, amount],
    )
  }

  async function anItem({ price, onHand, name = `Thing ${++count}` }: Goods): Promise<string> {
    const id = randomUUID()
    await sql(
      `insert into item (id, store_id, price, name, created_at, updated_at) values ($1, 'main', $2, $3, now(), now())`,
      [id, price, name],
    )
    if (onHand !== undefined) {
      await sql(`insert into stock (item_id, on_hand) values ($1, $2)`, [id, onHand])
    }
    return id
  }

  /** The open cart of that customer, with so many of each item; an item named by a text is a free name. */
  async function aCart(userId: string, lines: Record<string, number>): Promise<string> {
    const [cart] = await sql<{ id: string }>(
      `insert into cart (id, user_id, store_id, created_at, updated_at)
       values (gen_random_uuid(), $1, 'main', now(), now())
       on conflict (user_id, store_id) where status = 'open' do update set updated_at = now()
       returning id`,
      [userId],
    )
    const { id } = cart!
    await sql(
      `insert into cart_line (id, cart_id, store_id, item_id, quantity, name, created_at, updated_at)
       select gen_random_uuid(), $1, 'main', i.id, w.quantity, coalesce(i.name, w.item),
         now() + w.no * interval '1 microsecond', now()
       from unnest($2::text[], $3::int[]) with ordinality as w (item, quantity, no)
       left join item i on i.id::text = w.item`,
      [id, Object.keys(lines), Object.values(lines)],
    )
    return id
  }

  /** What the books of goods and money say of each other; each of these is 0 when they agree. */
  async function disagreements() {
    const [row] = await sql<Record<string, number>>(
      `select
         (select count(*)::int from shop_order o join transaction t on t.id = o.transaction_id
          where t.amount <> -o.total_amount or t.counterparty_id <> 'shop-main'
            or t.metadata ->> 'order_id' <> o.id::text) as payments,
         (select count(*)::int from shop_order o where o.total_amount <>
           (select sum(l.unit_price * l.quantity) from order_line l where l.order_id = o.id)) as totals,
         (select count(*)::int from cart c where (c.status = 'ordered') <>
           exists (select from shop_order o where o.cart_id = c.id)) as carts,
         (select count(*)::int from shop_order o where (
           select array_agg((l.item_id, l.quantity) order by l.item_id) from order_line l where l.order_id = o.id
         ) is distinct from (
           select array_agg((c.item_id, c.quantity) order by c.item_id) from cart_line c
           where c.cart_id = o.cart_id and c.removed_at is null
         )) as lines,
         (select count(*)::int from stock s where s.sold <>
           (select coalesce(sum(l.quantity), 0) from order_line l where l.item_id = s.item_id)) as stock,
         (select count(*)::int from shop_order o where 1 <>
           (select count(*) from outbox_message m where m.aggregate_id = o.id)) as messages,
         (select count(*)::int from outbox_message m where not exists
           (select from shop_order o where o.id = m.aggregate_id)) as strays,
         ((select coalesce(sum(total_amount), 0) from shop_order) -
           (select balance from account where id = 'shop-main'))::int as takings`,
    )
    return row!
  }

  return {
    url: database.url,
    sql,
    deposit,
    aCustomer,
    anItem,
    aCart,
    disagreements,
    async stockOf(itemId: string) {
      const [row] = await sql<{ on_hand: bigint; sold: bigint }>(
        `select on_hand, sold from stock where item_id = $1`,
        [itemId],
      )
      return row
    },
    /** The books have to be right at the end of every file. */
    async close() {
      const found = {
        accounts: await listBrokenAccounts(db),
        wrong: Object.entries(await disagreements()).filter(([, n]) => n !== 0),
        verified: (await recheck(db, {})).findings,
        deadlocks: await sql(
          `select deadlocks from pg_stat_database where datname = current_database() and deadlocks > 0`,
        ),
      }
      await db.close()
      await database.close()
      expect(found).toEqual({ accounts: [], wrong: [], verified: [], deadlocks: [] })
    },
  }
}
