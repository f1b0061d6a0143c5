import { Client } from 'pg'
import { newPool } from '../../internal/postgres/pool'
import { populate } from '../../seeds/populate'
import { connectionSettings, newDatabase } from '../harness/database'
import { silentLog } from '../harness/log'

export interface Book {
  url: string
  client: Client
  /** Another connection, closed with the book. */
  connect(): Promise<Client>
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test looks into whatever came
  ask(text: string, values?: unknown[]): Promise<any[]>
  close(): Promise<void>
}

/**
 * A populated book with all that the target has no place for: holds, a closed account, credit lines,
 * entries that are rolled up per account.
 */
export async function newPopulatedBook(numbers: {
  users: number
  transactions: number
}): Promise<Book> {
  const database = await newDatabase()
  const settings = connectionSettings(database.url, { statement_timeout_ms: 60_000 })
  const pool = newPool(settings, silentLog(), { program: 'plan-test' })
  await pool.withClient((client) => populate(client, numbers))
  await pool.close()
  const clients: Client[] = []
  const connect = async () => {
    const client = new Client({ connectionString: database.url })
    client.on('error', () => {})
    await client.connect()
    clients.push(client)
    return client
  }
  const client = await connect()
  await client.query(special)
  await client.query(rollAllUp({ entriesMin: 20 }))
  return {
    url: database.url,
    client,
    connect,
    ask: async (text, values = []) => (await client.query(text, values)).rows,
    close: async () => {
      await Promise.all(clients.map((one) => one.end().catch(() => {})))
      await database.close()
    },
  }
}

/** The first row of an answer. */
export const one = async (book: Book, text: string, values?: unknown[]) =>
  (await book.ask(text, values))[0]

const special = `
  insert into account (id, user_id, name, currency, closed_at)
  values ('ada-old', 'ada', 'Old', 'EUR', clock_timestamp());
  insert into hold (id, amount, created_at, account_id, currency)
  select gen_random_uuid(), (balance - min_balance) / 10, clock_timestamp(), id, currency
  from account
  where balance - min_balance > 1000 and id ~ '-savings$';
  update account a
  set held = h.amount
  from hold h
  where h.account_id = a.id;`

/** Rolls up every account that has so many entries to roll up; splits buckets of more than 30. */
export const rollAllUp = ({ entriesMin }: { entriesMin: number }) => `
  do $$
  declare
    next_id text;
  begin
    for next_id in select id from account order by id loop
      loop
        case roll_up(next_id, ${entriesMin}, 2000, 30)
          when 'done' then exit;
          when 'given up' then raise exception 'entries of % were missed', next_id;
          else null;
        end case;
      end loop;
    end loop;
  end
  $$`

/** What must be equal in whichever model holds the money. */
export const totals = {
  accounts: `
    select user_id, currency, sum(balance)::text as balance, sum(held)::text as held,
      coalesce(sum(min_balance) filter (where closed_at is null), 0)::text as min_balance
    from account group by 1, 2 order by 1, 2`,
  users: `
    select user_id, currency, balance::text, held::text, min_balance::text
    from user_balance order by 1, 2`,
}

/** Each row of the book as text. */
export const everyRow = `
  select md5(string_agg(line, E'\\n' order by line)) as hash, count(*)::int as rows from (
    select a::text from account a
    union all select t::text from transaction t
    union all select (h.id, h.amount, h.captured, h.account_id, h.counterparty_id)::text from hold h
    union all select i::text from idempotency i
    union all select r::text from entry_rollup r
    union all select l::text from late_entry l
    union all select s::text from seal s
    union all select v::text from verification v
    union all select v::text from verified_account v
  ) as everything (line)`

/** Everything that a schema is made of, by name, so that nothing is left behind unseen. */
export const everyName = `
  select md5(string_agg(line, E'\\n' order by line)) as hash, string_agg(line, E'\\n' order by line) as names
  from (
    select format('%s %s %s %s %s', c.oid::regclass, a.attname, format_type(a.atttypid, a.atttypmod),
      a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'v')
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where c.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
      and a.attnum > 0 and not a.attisdropped
    union all
    select format('%s %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated)
    from pg_constraint where conrelid <> 0
      and connamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    union all
    select pg_get_indexdef(indexrelid) from pg_index
    join pg_class c on c.oid = indrelid and c.relnamespace not in ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace)
    union all
    select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
    union all
    select pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace
    union all
    select nspname from pg_namespace where nspname !~ '^pg_'
    union all
    select format('%s %s %s', relnamespace::regnamespace, relname, relacl) from pg_class
    where relnamespace not in ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace)
      and relnamespace <> 'information_schema'::regnamespace
    union all
    select format('%s %s %s', attrelid::regclass, attname, attacl) from pg_attribute
    where attacl is not null and attrelid >= 16384
    union all
    select format('%s %s', oid::regprocedure, proacl) from pg_proc
    where pronamespace = 'public'::regnamespace
  ) as everything (line)`

/** What breaks the rules of accounts: each column counts, and must be zero. */
export const brokenRules = `
  with entry as (
    select account_id, entry_no, amount, balance_after from transaction
    union all
    select counterparty_id, counterparty_entry_no, -amount, counterparty_balance_after
    from transaction where counterparty_id is not null
  ),
  step as (
    select
      entry.*,
      lag(entry_no, 1, 0::bigint) over course as entry_no_before,
      lag(balance_after, 1, 0::bigint) over course as balance_before
    from entry
    window course as (partition by account_id order by entry_no)
  )
  select
    count(*) filter (where entry_no <> entry_no_before + 1)::int as gaps,
    count(*) filter (where balance_after <> balance_before + amount)::int as wrong_balances,
    count(*) filter (where balance_after < min_balance)::int as below_limit,
    (select count(*) from account where balance - held < min_balance)::int as short,
    (select count(*) from account a where balance <> coalesce(
      (select sum(amount) from entry where account_id = a.id), 0))::int as wrong_sums
  from step
  join (select id, min_balance from account) as a on a.id = account_id`

export const noneBroken = { gaps: 0, wrong_balances: 0, below_limit: 0, short: 0, wrong_sums: 0 }

/** The same for users. */
export const brokenUserRules = `
  with entry as (
    select user_id, currency, entry_no, amount, balance_after from user_transaction
    union all
    select counterparty_user_id, currency, counterparty_entry_no, -amount, counterparty_balance_after
    from user_transaction where counterparty_user_id is not null
  ),
  step as (
    select
      entry.*,
      lag(entry_no, 1, 0::bigint) over course as entry_no_before,
      lag(balance_after, 1, 0::bigint) over course as balance_before
    from entry
    window course as (partition by user_id, currency order by entry_no)
  )
  select
    count(*) filter (where entry_no <> entry_no_before + 1)::int as gaps,
    count(*) filter (where balance_after <> balance_before + amount)::int as wrong_balances,
    (select count(*) from user_balance where balance - held < min_balance)::int as short,
    (select count(*) from user_balance b where balance <> coalesce((
      select sum(amount) from entry e where e.user_id = b.user_id and e.currency = b.currency), 0))::int as wrong_sums
  from step`
