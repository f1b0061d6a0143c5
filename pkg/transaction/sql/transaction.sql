-- The statements of a group commit stand first, in the order in which they run; see post.ts.

-- name: ListAnswers :many
-- The first answers to these keys. Runs before the group's transaction begins: inside it, under
-- SERIALIZABLE, looking for keys that are not there would lock pages of the index against every
-- other group that adds keys. What this misses, the primary key of idempotency refuses.
select
  i.key as "key!",
  i.fingerprint as "fingerprint!",
  i.refusal,
  t.id,
  t.account_id,
  t.currency,
  t.amount,
  t.balance_after,
  t.counterparty_id,
  t.description,
  t.metadata,
  t.effective_at,
  t.created_at,
  t.reverses_id
from idempotency i
left join transaction t on t.id = i.transaction_id
where i.key = any($keys::text[]);

-- name: LockAccounts :many
-- All accounts that a group touches, both sides, locked in the order of their ids: two groups never
-- wait for each other in a circle. "No key" leaves foreign keys to these accounts unhindered. The
-- clock is read above the locks: the last row's `now` is later than all of them, so that on each
-- account created_at rises with entry_no. A row without an account when none of them is there.
with locked_account as materialized (
  select id, currency, balance, min_balance, entry_no, closed_at
  from account
  where id = any($ids::text[])
  order by id
  for no key update
)
select
  clock_timestamp() as "now!",
  pg_current_xact_id() as "xact_id!",
  a.id,
  a.currency as "currency!",
  a.balance as "balance!",
  a.min_balance as "min_balance!",
  a.entry_no as "entry_no!",
  a.closed_at
from (values (true)) as always (is_true)
left join locked_account a on is_true;

-- name: LockFreeAccounts :many
-- The same, without waiting for those that somebody else holds.
with locked_account as materialized (
  select id, currency, balance, min_balance, entry_no, closed_at
  from account
  where id = any($ids::text[])
  order by id
  for no key update skip locked
)
select
  clock_timestamp() as "now!",
  pg_current_xact_id() as "xact_id!",
  a.id,
  a.currency as "currency!",
  a.balance as "balance!",
  a.min_balance as "min_balance!",
  a.entry_no as "entry_no!",
  a.closed_at
from (values (true)) as always (is_true)
left join locked_account a on is_true;

-- name: ListAccountIds :many
-- Which of these accounts there are, locked or not.
select id from account where id = any($ids::text[]);

-- name: WriteGroup :exec
-- All that a group's decision comes to, in one statement: its transactions, the balances after them
-- (the values that were decided under the lock, not differences), the answers to its keys.
with inserted_transaction as (
  insert into transaction (
    id, account_id, currency, amount, balance_after, entry_no,
    counterparty_id, counterparty_balance_after, counterparty_entry_no,
    description, metadata, effective_at, created_at, reverses_id
  )
  select
    m.id, m.account_id, m.currency, m.amount, m.balance_after, m.entry_no,
    m.counterparty_id, m.counterparty_balance_after, m.counterparty_entry_no,
    m.description, m.metadata, m.effective_at, $now::timestamptz, m.reverses_id
  from unnest(
    $ids::uuid[], $account_ids::text[], $currencies::text[], $amounts::bigint[],
    $balances_after::bigint[], $entry_nos::bigint[],
    $counterparty_ids?::text[], $counterparty_balances_after?::bigint[],
    $counterparty_entry_nos?::bigint[],
    $descriptions?::text[], $metadata?::jsonb[], $effective_at::timestamptz[],
    $reverses_ids?::uuid[]
  ) as m (
    id, account_id, currency, amount, balance_after, entry_no,
    counterparty_id, counterparty_balance_after, counterparty_entry_no,
    description, metadata, effective_at, reverses_id
  )
),
updated_account as (
  update account a
  set balance = c.balance, entry_no = c.entry_no
  from unnest(
    $changed_ids::text[], $changed_balances::bigint[], $changed_entry_nos::bigint[]
  ) as c (id, balance, entry_no)
  where a.id = c.id
)
insert into idempotency (key, fingerprint, transaction_id, refusal, created_at)
select k.key, k.fingerprint, k.transaction_id, k.refusal, $now::timestamptz
from unnest(
  $keys::text[], $fingerprints::bytea[], $transaction_ids?::uuid[], $refusals?::jsonb[]
) as k (key, fingerprint, transaction_id, refusal)
-- As with the accounts: two groups with the same keys wait for each other in one order.
order by k.key;

-- name: FindXactStatus :one
-- 'in progress', 'committed', 'aborted', or null when it is too long ago to tell. A standby may not
-- have heard of it yet: nothing is over there until it is promoted.
select
  case when pg_is_in_recovery() then 'in progress' else pg_xact_status($xact_id::xid8) end as status;

-- name: FindTransactionById :maybe
select
  id, account_id, currency, amount, balance_after, counterparty_id, description, metadata,
  effective_at, created_at, reverses_id
from transaction
where id = $id;

-- name: ListTransactionsByAccount :many
-- Both sides of the account, each along its own index and already cut to the page, then merged.
-- `before_at` and `before_id` are the last row of the page before; `infinity` begins at the newest.
with posted_entry as (
  select
    id, account_id, currency, amount, balance_after, counterparty_id, description, metadata,
    effective_at, created_at, reverses_id
  from transaction
  where account_id = $account_id
    and effective_at >= coalesce($from?::timestamptz, '-infinity')
    and effective_at <= coalesce($to?::timestamptz, 'infinity')
    and (effective_at, id) < ($before_at::timestamptz, $before_id::uuid)
  order by effective_at desc, id desc
  limit $limit
),
counter_entry as (
  select
    id, counterparty_id as account_id, currency, -amount as amount,
    counterparty_balance_after as balance_after, account_id as counterparty_id,
    description, metadata, effective_at, created_at, reverses_id
  from transaction
  where counterparty_id = $account_id
    and effective_at >= coalesce($from?::timestamptz, '-infinity')
    and effective_at <= coalesce($to?::timestamptz, 'infinity')
    and (effective_at, id) < ($before_at::timestamptz, $before_id::uuid)
  order by effective_at desc, id desc
  limit $limit
)
select
  id as "id!", account_id as "account_id!", currency as "currency!", amount as "amount!",
  balance_after as "balance_after!", counterparty_id, description, metadata,
  effective_at as "effective_at!", created_at as "created_at!", reverses_id
from (select * from posted_entry union all select * from counter_entry) as entry
order by effective_at desc, id desc
limit $limit;

-- name: ListLargestExpenses :many
-- Money that left an account of the user and did not arrive on another one of theirs: on the posted
-- side with amount < 0, on the other side with amount > 0. The largest of each account and side
-- first, then the largest of each currency; of equals the earliest.
with own_account as (
  select id
  from account
  where user_id = $user_id and currency = coalesce($currency?, currency)
),
expense as (
  select t.*
  from own_account o
  cross join lateral (
    select
      id, account_id, currency, amount, balance_after, counterparty_id, description, metadata,
      effective_at, created_at, reverses_id
    from transaction
    where account_id = o.id
      and amount < 0
      and effective_at >= coalesce($from?::timestamptz, '-infinity')
      and effective_at <= coalesce($to?::timestamptz, 'infinity')
      and (counterparty_id is null or counterparty_id not in (select id from own_account))
    order by amount, effective_at, id
    limit 1
  ) as t
  union all
  select t.*
  from own_account o
  cross join lateral (
    select
      id, counterparty_id as account_id, currency, -amount as amount,
      counterparty_balance_after as balance_after, account_id as counterparty_id,
      description, metadata, effective_at, created_at, reverses_id
    from transaction
    where counterparty_id = o.id
      and transaction.amount > 0
      and effective_at >= coalesce($from?::timestamptz, '-infinity')
      and effective_at <= coalesce($to?::timestamptz, 'infinity')
      and transaction.account_id not in (select id from own_account)
    order by transaction.amount desc, effective_at, id
    limit 1
  ) as t
)
select distinct on (currency)
  id as "id!", account_id as "account_id!", currency as "currency!", amount as "amount!",
  balance_after as "balance_after!", counterparty_id, description, metadata,
  effective_at as "effective_at!", created_at as "created_at!", reverses_id
from expense
order by currency, amount, effective_at, id;
