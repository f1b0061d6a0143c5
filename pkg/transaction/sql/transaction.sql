-- The statements of a group commit stand first, in the order in which they run; see store.ts.

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
-- wait for each other in a circle. "No key" leaves foreign keys to these accounts unhindered.
select id, currency, balance, min_balance, entry_no, closed_at
from account
where id = any($ids::text[])
order by id
for no key update;

-- name: LockFreeAccounts :many
-- The same, without waiting for those that somebody else holds.
select id, currency, balance, min_balance, entry_no, closed_at
from account
where id = any($ids::text[])
order by id
for no key update skip locked;

-- name: ListAccountIds :many
-- Which of these accounts there are, locked or not.
select id from account where id = any($ids::text[]);

-- name: ReadStamp :one
-- After the locks are held, so that on each account created_at rises with entry_no.
select clock_timestamp() as "now!", pg_current_xact_id() as "xact_id!";

-- name: InsertTransactions :exec
insert into transaction (
  id, account_id, currency, amount, balance_after, entry_no,
  counterparty_id, counterparty_balance_after, counterparty_entry_no,
  description, metadata, effective_at, created_at, reverses_id
)
select
  m.id, m.account_id, m.currency, m.amount, m.balance_after, m.entry_no,
  m.counterparty_id, m.counterparty_balance_after, m.counterparty_entry_no,
  m.description, m.metadata, m.effective_at, $created_at, m.reverses_id
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
);

-- name: UpdateBalances :exec
-- The values are those that were decided under the lock, not differences.
update account a
set balance = d.balance, entry_no = d.entry_no
from unnest($ids::text[], $balances::bigint[], $entry_nos::bigint[]) as d (id, balance, entry_no)
where a.id = d.id;

-- name: InsertAnswers :exec
insert into idempotency (key, fingerprint, transaction_id, refusal, created_at)
select d.key, d.fingerprint, d.transaction_id, d.refusal, $created_at
from unnest(
  $keys::text[], $fingerprints::bytea[], $transaction_ids?::uuid[], $refusals?::jsonb[]
) as d (key, fingerprint, transaction_id, refusal);

-- name: FindXactStatus :one
-- 'in progress', 'committed', 'aborted', or null when it is too long ago to tell.
select pg_xact_status($xact_id::xid8) as status;

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
