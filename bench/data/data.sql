-- The data that is measured on; data.ts makes the same for the stores without PostgreSQL.

-- name: InsertUsers :exec
insert into app_user (id, first_name, last_name)
select 'user-' || n, 'Ada', 'Number ' || n
from generate_series(0, $users::bigint - 1) as n;

-- name: InsertAccounts :exec
-- Two for each user, with the balance that their history comes to.
insert into account (id, user_id, name, currency, balance, entry_no)
select
  'account-' || n,
  'user-' || n / 2,
  'Checking',
  case n % 2 when 0 then 'EUR' else 'USD' end,
  $balance::bigint,
  $entries::bigint
from generate_series(0, $accounts::bigint - 1) as n;

-- name: InsertTransactions :exec
-- The same history for every account. Ids rise with time, as those that the API makes.
with entry as (
  select amount, entry_no, sum(amount) over (order by entry_no)::bigint as balance_after
  from unnest($amounts::bigint[]) with ordinality as e (amount, entry_no)
)
insert into transaction (
  id, account_id, currency, amount, balance_after, entry_no, description, effective_at, created_at
)
select
  ($id_prefix::text || lpad(to_hex((entry_no - 1) * $accounts::bigint + n), 12, '0'))::uuid,
  'account-' || n,
  case n % 2 when 0 then 'EUR' else 'USD' end,
  amount,
  balance_after,
  entry_no,
  'Groceries',
  $starts_at::timestamptz + entry_no * interval '1 day',
  $starts_at::timestamptz + entry_no * interval '1 day'
from entry cross join generate_series(0, $accounts::bigint - 1) as n
order by entry_no, n;

-- name: AnalyzeBook :exec
analyze app_user, account, transaction;

-- name: CountUnbalancedAccounts :one
-- Those whose balance is not the sum of their transactions. Asked in the end: a store that loses
-- updates is no comparison.
select count(*) as "accounts!"
from account a
where balance <> (
  (select coalesce(sum(amount), 0) from transaction where account_id = a.id)
  - (select coalesce(sum(amount), 0) from transaction where counterparty_id = a.id)
);

-- name: ReadServer :one
-- What the figures depend on, as it is in a session of the API.
select
  current_setting('server_version') as "version!",
  current_setting('fsync') as "fsync!",
  current_setting('synchronous_commit') as "synchronous_commit!",
  current_setting('full_page_writes') as "full_page_writes!",
  current_setting('wal_sync_method') as "wal_sync_method!",
  current_setting('shared_buffers') as "shared_buffers!";

-- name: FindSession :one
select pg_backend_pid() as "pid!";

-- name: CountTransactions :one
select count(*) as "transactions!" from transaction;

-- name: ListIdleDatabases :many
-- Databases that an interrupted run left behind: nobody is connected to them.
select d.datname::text as "name!"
from pg_database d
where starts_with(d.datname, $prefix)
  and d.datname <> $kept::text
  and not exists (select from pg_stat_activity a where a.datname = d.datname)
order by d.datname;

-- name: FindDatabaseComment :maybe
select shobj_description(oid, 'pg_database') as comment
from pg_database
where datname = $name::text;

-- name: MakeDatabaseComment :one
-- The statement itself takes no parameters.
select format('comment on database %I is %L', current_database(), $comment::text) as "statement!";
