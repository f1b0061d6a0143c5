-- What the version for users asks, in the form in which the queries of this project are written. The
-- test of the plan runs each of them.

-- name: FindModel :one
-- Asked with the first round trip of each group: whose turn it is.
select switched_at is not null as "users_hold_the_money!" from drop_accounts.progress;

-- name: ListBalances :many
-- GetUser: the totals are the rows, nothing is summed up.
select currency, balance, min_balance, held, balance - held - min_balance as "spendable!"
from user_balance
where user_id = $user_id
order by currency;

-- name: LockBalances :many
-- The first round trip of a group, in the order of the key: as LockAccounts.
select user_id, currency, balance, min_balance, held, entry_no
from user_balance
where currency = $currency and user_id = any($user_ids::text[])
order by user_id, currency
for no key update;

-- name: WriteGroup :exec
-- The second one: the values that were decided under the lock. A key that was answered by accounts
-- stands in the same table, so it is found, and its transaction under the same id.
with inserted_transaction as (
  insert into user_transaction (
    id, amount, balance_after, entry_no, counterparty_balance_after, counterparty_entry_no,
    effective_at, created_at, xact_no, user_id, counterparty_user_id, currency, description
  )
  select
    m.id, m.amount, m.balance_after, m.entry_no, m.counterparty_balance_after,
    m.counterparty_entry_no, clock_timestamp(), clock_timestamp(),
    pg_current_xact_id()::text::bigint + (select xact_offset from xact_epoch),
    m.user_id, m.counterparty_user_id, $currency, m.description
  from unnest(
    $ids::uuid[], $amounts::bigint[], $balances_after::bigint[], $entry_nos::bigint[],
    $counterparty_balances_after::bigint[], $counterparty_entry_nos::bigint[],
    $user_ids::text[], $counterparty_user_ids::text[], $descriptions::text[]
  ) as m (
    id, amount, balance_after, entry_no, counterparty_balance_after, counterparty_entry_no,
    user_id, counterparty_user_id, description
  )
),
remembered as (
  insert into idempotency (key, fingerprint, transaction_id, created_at)
  select k.key, k.fingerprint, k.transaction_id, clock_timestamp()
  from unnest($keys::text[], $fingerprints::bytea[], $ids::uuid[])
    as k (key, fingerprint, transaction_id)
  order by k.key
)
update user_balance b
set balance = c.balance, entry_no = c.entry_no
from unnest($changed_user_ids::text[], $changed_balances::bigint[], $changed_entry_nos::bigint[])
  as c (user_id, balance, entry_no)
where b.user_id = c.user_id and b.currency = $currency;

-- name: FindAnswer :maybe
select transaction_id from idempotency where key = $key;

-- name: FindTransactionById :maybe
-- Also what was moved between own accounts once: its id was given to somebody.
select id, user_id, counterparty_user_id, currency, amount, balance_after
from user_transaction
where id = $id
union all
select id, user_id, user_id, currency, amount, null
from own_transfer
where id = $id;

-- name: ListTransactions :many
-- A page of a user in one currency, newest first: each side along its own index, then merged.
with posted as (
  select id, amount, balance_after, counterparty_user_id, effective_at
  from user_transaction
  where user_id = $user_id and currency = $currency
    and (effective_at, id) < ($before_at::timestamptz, $before_id::uuid)
  order by effective_at desc, id desc
  limit $limit
),
countered as (
  select id, -amount as amount, counterparty_balance_after as balance_after, user_id, effective_at
  from user_transaction
  where counterparty_user_id = $user_id and currency = $currency
    and (effective_at, id) < ($before_at::timestamptz, $before_id::uuid)
  order by effective_at desc, id desc
  limit $limit
)
select *
from (select * from posted union all select * from countered) as entry
order by effective_at desc, id desc
limit $limit;

-- name: ListLargestExpenses :many
-- GetMaxTransaction: simpler than with accounts, because a movement to oneself cannot be there.
with expense as (
  select id, currency, amount, effective_at
  from user_transaction
  where user_id = $user_id and amount < 0
    and effective_at >= $from::timestamptz and effective_at <= $to::timestamptz
  union all
  select id, currency, -amount, effective_at
  from user_transaction
  where counterparty_user_id = $user_id and amount > 0
    and effective_at >= $from::timestamptz and effective_at <= $to::timestamptz
)
select distinct on (currency) currency, id, amount, effective_at
from expense
order by currency, amount, effective_at, id;

-- name: FindBalanceAt :one
select
  coalesce((
    select sum(amount) from user_transaction
    where user_id = $user_id and currency = $currency and effective_at <= $at::timestamptz
  ), 0)
  - coalesce((
    select sum(amount) from user_transaction
    where counterparty_user_id = $user_id and currency = $currency and effective_at <= $at::timestamptz
  ), 0) as "balance!";

-- name: ListTrialBalances :many
-- Per currency: what users hold is what came in from outside. No row may have a difference.
select
  currency,
  sum(balance) as "balance!",
  coalesce((
    select sum(amount) from user_transaction t
    where t.currency = b.currency and t.counterparty_user_id is null
  ), 0) as "from_outside!"
from user_balance b
group by currency
order by currency;

-- name: FindProgress :one
-- How far the back-fill is behind, and about when it ends.
select
  p.rows_done,
  (select count(*) from transaction t where (t.xact_no, t.id) > (p.xact_no, p.id)) as "rows_left!"
from drop_accounts.progress p;
