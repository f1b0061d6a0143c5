-- What only a full recheck asks.

-- name: ExportSnapshot :one
select pg_export_snapshot() as "snapshot!";

-- name: CountTransactions :one
-- All there are, in the index or not, at whatever position.
select count(*) as "transactions!"
from transaction;

-- name: ListBreaks :many
-- The entries of one account that do not continue the one before.
with entry as (
  select id, entry_no, amount, balance_after
  from transaction
  where account_id = $account_id
  union all
  select id, counterparty_entry_no, -amount, counterparty_balance_after
  from transaction
  where counterparty_id = $account_id
),
course as (
  select
    id, entry_no, amount, balance_after,
    lag(entry_no, 1, 0::bigint) over entries_so_far as number_before,
    lag(balance_after, 1, 0::bigint) over entries_so_far as balance_before
  from entry
  window entries_so_far as (order by entry_no, id)
)
select
  id as "id!",
  entry_no as "entry_no!",
  number_before as "number_before!",
  balance_after as "balance_after!",
  amount as "amount!",
  balance_before as "balance_before!"
from course
where entry_no::numeric <> number_before::numeric + 1
  or balance_after::numeric <> balance_before::numeric + amount
order by entry_no, id
limit $limit;

-- name: ListWrongHolds :many
-- Accounts that hold another sum than what is left of their open holds.
select
  coalesce(a.id, h.account_id) as "id!",
  coalesce(a.currency, '') as "currency!",
  coalesce(a.held, 0) as "held!",
  coalesce(h.rest, 0)::text as "rest!",
  count(*) over () as "wrong!"
from (select id, currency, held from account where held <> 0) as a
full join (
  select account_id, sum(amount - captured) as rest
  from hold
  where closed_at is null
  group by account_id
) as h on h.account_id = a.id
where coalesce(a.held, 0) <> coalesce(h.rest, 0)
order by 1
limit $limit;

-- name: ListOverdrawnAccounts :many
select id, currency, balance, held, min_balance, count(*) over () as "wrong!"
from account
where balance - held < min_balance
order by id
limit $limit;
