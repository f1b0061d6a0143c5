-- Sums and peaks over any period, from the buckets of entry_rollup. How they are kept and why they
-- may be trusted: docs/adr/0009-rollups.md.

-- name: ListLargestExpenses :many
-- Money that left an account of the user and did not arrive on another one of theirs: the largest in
-- each currency, the earliest of equals. A bucket whose own largest expense lies within the period
-- has given its answer, as those have that lie wholly within. Others are cut by an end of the period,
-- so there are two on each level at most: they are followed down while they are split, and read entry
-- by entry when they are not. So is what is not rolled up; of that and of late entries some are seen
-- twice, which does not change which one is the largest.
with recursive own_account as materialized (
  select id, currency, rolled_up_until
  from account
  where user_id = $user_id and currency = coalesce($currency?, currency)
),
bucket as (
  select r.account_id, r.level, r.starts_at, r.ends_at, r.is_split, r.expense_amount, r.expense_at, r.expense_id
  from own_account o
  join entry_rollup r on r.account_id = o.id and r.level = 0
    and r.starts_at <= coalesce($to?::timestamptz, 'infinity')
    and r.ends_at > coalesce($from?::timestamptz, '-infinity')
  where o.rolled_up_until is not null and r.expense_amount is not null
  union all
  select r.*
  from bucket b
  -- Sealed off by "offset 0": a join that reads a whole level must not be thought of.
  cross join lateral (
    select account_id, level, starts_at, ends_at, is_split, expense_amount, expense_at, expense_id
    from entry_rollup
    where account_id = b.account_id
      and level = b.level + 1
      and starts_at >= b.starts_at
      and starts_at < b.ends_at
      and starts_at <= coalesce($to?::timestamptz, 'infinity')
      and ends_at > coalesce($from?::timestamptz, '-infinity')
      and expense_amount is not null
    offset 0
  ) as r
  where b.is_split
    and (b.expense_at < coalesce($from?::timestamptz, '-infinity')
      or b.expense_at > coalesce($to?::timestamptz, 'infinity'))
),
range as (
  select account_id, starts_at, ends_at
  from bucket
  where not is_split
    and (expense_at < coalesce($from?::timestamptz, '-infinity')
      or expense_at > coalesce($to?::timestamptz, 'infinity'))
  union all
  select id, coalesce(rolled_up_until, '-infinity'), 'infinity'
  from own_account
),
expense as materialized (
  select account_id, expense_amount as amount, expense_at as effective_at, expense_id as id
  from bucket
  where expense_at >= coalesce($from?::timestamptz, '-infinity')
    and expense_at <= coalesce($to?::timestamptz, 'infinity')
  union all
  select l.account_id, l.amount, l.effective_at, l.transaction_id
  from own_account o
  join late_entry l on l.account_id = o.id
    and l.effective_at >= coalesce($from?::timestamptz, '-infinity')
    and l.effective_at <= coalesce($to?::timestamptz, 'infinity')
  where l.is_expense
  union all
  select t.*
  from range r
  cross join lateral (
    select account_id, amount, effective_at, id
    from transaction
    where account_id = r.account_id
      and amount < 0
      and effective_at >= greatest(r.starts_at, $from?::timestamptz)
      and effective_at <= least(r.ends_at, $to?::timestamptz)
      and (counterparty_id is null or counterparty_id not in (select id from own_account))
    order by amount, effective_at, id
    limit 1
  ) as t
  union all
  select t.*
  from range r
  cross join lateral (
    select counterparty_id, -amount, effective_at, id
    from transaction
    where counterparty_id = r.account_id
      and amount > 0
      and effective_at >= greatest(r.starts_at, $from?::timestamptz)
      and effective_at <= least(r.ends_at, $to?::timestamptz)
      and account_id not in (select id from own_account)
    order by amount desc, effective_at, id
    limit 1
  ) as t
),
largest as (
  select distinct on (o.currency) e.account_id, e.id
  from expense e
  join own_account o on o.id = e.account_id
  order by o.currency, e.amount, e.effective_at, e.id
)
select
  t.id,
  l.account_id as "account_id!",
  t.currency,
  case l.account_id when t.account_id then t.amount else -t.amount end as "amount!",
  case l.account_id when t.account_id then t.balance_after else t.counterparty_balance_after end
    as "balance_after!",
  case l.account_id when t.account_id then t.counterparty_id else t.account_id end as counterparty_id,
  t.description, t.metadata, t.effective_at, t.created_at, t.reverses_id, t.hold_id
from largest l
join transaction t on t.id = l.id
order by t.currency;

-- name: FindBalanceAt :maybe
-- The sum of what counts up to and at a time. No row when there is no such account.
select balance_before(id, $at::timestamptz + interval '1 microsecond') as "balance!"
from account
where id = $account_id;

-- name: RollUp :one
-- One step; a database transaction of its own, with nothing before it.
select roll_up($account_id, $entries_min, $entries_max, $split_above) as "outcome!";

-- name: ListAccountsToRollUp :many
-- Looks at the next accounts by id, and gives those that have so many entries to roll up. No index
-- tells them: it would have to change with every transaction. The last row is that of the last account
-- that was looked at, due or not; no row when there is none after that id.
with next_account as (
  select id, entry_no - rolled_up_entries >= $entries_min::bigint as is_due
  from account
  where id > $after_id
  order by id
  limit $limit
)
select id, is_due as "is_due!"
from next_account
where is_due or id = (select max(id) from next_account)
order by id;
