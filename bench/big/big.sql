-- A book with one account that has very many entries, and one that has few.

-- name: InsertBigUsers :exec
-- Each with one account.
insert into app_user (id, first_name, last_name)
select id, 'Ada', id from unnest($ids::text[]) as id;

-- name: InsertBigAccounts :exec
insert into account (id, user_id, name, currency)
select id, id, 'Checking', 'EUR' from unnest($ids::text[]) as id;

-- name: InsertBigEntries :one
-- Entries `first` to `last` of an account, counted from 0 and spread evenly over the period: a
-- deposit, then three expenses that it covers, so that the balance never falls below 0. Positions as
-- if a hundred at a time had been posted by one database transaction.
with entry as (
  select
    n,
    case
      when n % 4 = 0 then 300000
      else -(1 + (hashint8(n) & 65535))
    end::bigint as amount
  from generate_series($first::bigint, $last::bigint) as n
),
inserted_transaction as (
  insert into transaction (
    id, account_id, currency, amount, balance_after, entry_no, description,
    effective_at, created_at, xact_no
  )
  select
    ($id_prefix::text || lpad(to_hex(n), 12, '0'))::uuid,
    $account_id::text,
    'EUR',
    amount,
    $balance::bigint + sum(amount) over (order by n rows unbounded preceding),
    n + 1,
    'Groceries',
    $from::timestamptz + ($to::timestamptz - $from::timestamptz) * (n::float8 / $count::bigint),
    $from::timestamptz + ($to::timestamptz - $from::timestamptz) * (n::float8 / $count::bigint),
    $xact_no::bigint + n / 100
  from entry
  order by n
)
select ($balance::bigint + sum(amount))::bigint as "balance!" from entry;

-- name: UpdateBigAccount :exec
update account set balance = $balance, entry_no = $entry_no where id = $id;

-- name: UpdateXactOffset :exec
-- Above the positions of all rows, as for a book that came from another server.
update xact_epoch set xact_offset = $xact_offset;

-- name: ListSlowParts :many
-- Whatever makes inserting slow: the indexes and foreign keys of transaction, and the keys of others
-- to it. To be dropped in this order, and made again in the opposite one.
select "drop!", "make!"
from (
  select
    1 as step,
    format('alter table %s drop constraint %I', conrelid::regclass, conname) as "drop!",
    format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as "make!"
  from pg_constraint
  where contype = 'f' and 'transaction'::regclass in (conrelid, confrelid)
  union all
  select
    2,
    format('alter table transaction drop constraint %I', conname),
    format('alter table transaction add constraint %I %s', conname, pg_get_constraintdef(oid))
  from pg_constraint
  where contype in ('p', 'u') and conrelid = 'transaction'::regclass
  union all
  select 3, format('drop index %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
  from pg_index i
  where i.indrelid = 'transaction'::regclass
    and not exists (select from pg_constraint c where c.conindid = i.indexrelid)
) as part
order by step, "drop!";

-- name: FinishBook :exec
vacuum analyze;
