import type { Executor } from '../../internal/postgres/query'

// SQL in TypeScript, because tests look at the tables past the code that they test.

const tables = [
  ...['app_user', 'account', 'store', 'item', 'item_count', 'stock'],
  ...['cart', 'cart_line', 'cart_key', 'reservation'],
]

/** All that a refused request must leave as it was. */
export async function shopState(db: Executor): Promise<Record<string, unknown>> {
  const columns = tables.map(
    (table) => `(select array_agg(t::text order by t::text) from ${table} t) as ${table}`,
  )
  return (await db.query({ text: `select ${columns.join(', ')}`, values: [] })).rows[0]
}

/** Carts, lines, reservations and counts that contradict each other; none is right. */
export async function listContradictions(db: Executor): Promise<unknown[]> {
  const text = `
    select 'lines' as what, c.id::text as id
    from cart c
    where c.lines <> (select count(*) from cart_line l where l.cart_id = c.id and l.removed_at is null)
    union all
    select 'reservation', l.id::text
    from cart_line l
    left join reservation r on r.line_id = l.id
    where r.id is null or (r.desired = 'held') <> (l.removed_at is null)
    union all
    select 'count', s.id
    from store s
    where coalesce((select sum(items) from item_count n where n.store_id = s.id), 0)
      <> (select count(*) from item i where i.store_id = s.id and i.deleted_at is null)`
  return (await db.query({ text, values: [] })).rows
}
