import { systemIds } from '../../internal/id/id'
import { pollUntil } from '../harness/poll'

export type Sql = <T>(text: string, values?: unknown[]) => Promise<T[]>

/** What stands in the table about one line. */
export interface Row {
  id: string
  line_id: string
  desired: string
  actual: string
  external_id: bigint | null
  attempts: number
  last_error: string | null
  lease_token: string | null
  next_at: string | null
}

export interface Lines {
  count?: number
  item?: string
  user?: string
}

/** A store, and an open cart for each of a few users. */
export async function openStore(sql: Sql): Promise<void> {
  await sql(storeSql)
}

const storeSql = `
  with merchant as (
    insert into app_user (id, first_name, last_name)
    values ('merchant', 'Mer', 'Chant'), ('ada', 'Ada', 'Lovelace'), ('bob', 'Bob', 'Test'), ('demo', 'De', 'Mo')
    returning id
  ), till as (
    insert into account (id, user_id, name, currency)
    select 'till', id, 'Till', 'EUR' from merchant where id = 'merchant' returning id
  ), main as (
    insert into store (id, account_id, user_id, currency, name)
    select 'main', id, 'merchant', 'EUR', 'Shop' from till returning id
  )
  insert into cart (id, user_id, store_id, created_at, updated_at)
  select gen_random_uuid(), m.id, main.id, now(), now()
  from merchant m, main where m.id <> 'merchant'`

/** Puts lines into carts and takes them out, each in one statement with its reservation. */
export function newCarts(sql: Sql) {
  const rows = (ids: string[]) =>
    sql<Row>(`select * from reservation where line_id = any ($1::uuid[]) order by id`, [
      `{${ids.join()}}`,
    ])
  return {
    /** The ids of the lines. */
    async add({ count = 1, item = 'laptop', user = 'ada' }: Lines = {}): Promise<string[]> {
      const pairs = Array.from({ length: count }, () => [systemIds.next(), systemIds.next()])
      await sql(addSql, [
        `{${pairs.map(([line]) => line).join()}}`,
        `{${pairs.map(([, reservation]) => reservation).join()}}`,
        item,
        user,
      ])
      return pairs.map(([line]) => line!)
    },
    async remove(lines: string[]): Promise<void> {
      await sql(removeSql, [`{${lines.join()}}`])
    },
    rows,
    async row(line: string): Promise<Row> {
      const [found] = await rows([line])
      return found!
    },
    /** Waits until all of these lines are so. */
    reaches: (lines: string[], actual: string) =>
      pollUntil(
        async () => {
          const found = await rows(lines)
          return found.every((row) => row.actual === actual) && found
        },
        { what: `${lines.length} reservations ${actual}` },
      ),
  }
}

const addSql = `
  with line as (
    insert into cart_line (id, cart_id, store_id, quantity, name, created_at, updated_at)
    select u.line, c.id, 'main', 1, u.line::text, now(), now()
    from unnest($1::uuid[]) u (line), cart c where c.user_id = $4 and c.status = 'open'
    returning id
  )
  insert into reservation (id, line_id, item, next_at, created_at, updated_at)
  select u.reservation, line.id, $3, now(), now(), clock_timestamp()
  from unnest($1::uuid[], $2::uuid[]) u (line, reservation) join line on line.id = u.line`

const removeSql = `
  with line as (
    update cart_line set removed_at = now(), updated_at = now()
    where id = any ($1::uuid[]) and removed_at is null returning id
  )
  update reservation r set desired = 'released', next_at = now(), updated_at = clock_timestamp()
  from line where r.line_id = line.id`
