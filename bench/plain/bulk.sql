-- What a bulk is compared with: one statement, as a script would send it.

-- name: PostBatch :exec
-- The rows, the balances and the keys that a bulk leaves behind, decided by nobody: no limit of an
-- account is looked at, no key is looked up. Each batch is a transaction of its own, READ COMMITTED.
with item as (
  select id, account_id, amount, n
  from unnest($ids::uuid[], $account_ids::text[], $amounts::bigint[])
    with ordinality as i (id, account_id, amount, n)
),
locked_account as materialized (
  select id, currency, balance, entry_no
  from account
  where id = any($account_ids::text[])
  order by id
  for no key update
),
entry as (
  select
    i.id, i.account_id, i.amount, a.currency,
    (a.balance + sum(i.amount) over earlier)::bigint as balance_after,
    a.entry_no + row_number() over earlier as entry_no
  from item i
  join locked_account a on a.id = i.account_id
  window earlier as (partition by i.account_id order by i.n rows unbounded preceding)
),
inserted_transaction as (
  insert into transaction (
    id, account_id, currency, amount, balance_after, entry_no, description, effective_at, created_at
  )
  select
    id, account_id, currency, amount, balance_after, entry_no, 'Groceries',
    clock_timestamp(), clock_timestamp()
  from entry
),
updated_account as (
  update account a
  set balance = e.balance_after, entry_no = e.entry_no
  -- Of the entries, so that no account is touched before all are locked.
  from (
    select distinct on (account_id) account_id, balance_after, entry_no
    from entry
    order by account_id, entry_no desc
  ) as e
  where a.id = e.account_id
)
insert into idempotency (key, fingerprint, transaction_id, created_at)
select key, $fingerprint::bytea, id, clock_timestamp()
from unnest($keys::text[], $ids::uuid[]) as k (key, id)
where key is not null;
