-- Verify: fails when the two models disagree in anything. One snapshot sees the old model, the new
-- one and what is still to be carried over, so that it may run at any moment, with everybody posting.
set lock_timeout = '5s';
set statement_timeout = 0;

create or replace view drop_accounts.disagreement as
with
pending as (
  select t.currency, t.amount, own.user_id, other.user_id as counterparty_user_id
  from drop_accounts.progress mark
  join transaction t on (t.xact_no, t.id) > (mark.xact_no, mark.id)
  join account own on own.id = t.account_id
  left join account other on other.id = t.counterparty_id
),
by_account as (
  select
    user_id,
    currency,
    sum(balance) as balance,
    coalesce(sum(min_balance) filter (where closed_at is null), 0) as min_balance,
    sum(held) as held
  from account
  group by user_id, currency
),
by_user as (
  select user_id, currency, sum(balance) as balance, sum(entries) as entries
  from (
    select user_id, currency, balance, 0 as entries from user_balance
    union all
    select user_id, currency, amount, 1 from pending
    union all
    select counterparty_user_id, currency, -amount, 1
    from pending where counterparty_user_id is not null
  ) as side
  group by user_id, currency
),
-- With a note that waits, limits are not expected to agree yet.
noted as (
  select distinct a.user_id, a.currency
  from drop_accounts.touched_account note
  join account a on a.id = note.account_id
),
by_entry as (
  select user_id, currency, sum(amount) as balance, count(*) as entries
  from (
    select user_id, currency, amount from user_transaction
    union all
    select counterparty_user_id, currency, -amount
    from user_transaction where counterparty_user_id is not null
  ) as side
  group by user_id, currency
)
select 'balance' as what, user_id, currency, a.balance::text as by_account, u.balance::text as by_user
from by_account a
full join by_user u using (user_id, currency)
where coalesce(a.balance, 0) <> coalesce(u.balance, 0)
union all
select 'entries', user_id, currency, e.balance || ' in ' || e.entries, b.balance || ' in ' || b.entry_no
from user_balance b
full join by_entry e using (user_id, currency)
where coalesce(b.balance, 0) <> coalesce(e.balance, 0)
  or coalesce(b.entry_no, 0) <> coalesce(e.entries, 0)
union all
select 'limit', user_id, currency, a.min_balance || ', ' || a.held, b.min_balance || ', ' || b.held
from by_account a
join user_balance b using (user_id, currency)
where (a.min_balance, a.held) <> (b.min_balance::numeric, b.held::numeric)
  and not exists (select from noted n where n.user_id = a.user_id and n.currency = a.currency)
union all
select 'count', null, null, rows_done::text, carried::text
from drop_accounts.progress
cross join lateral (
  select (select count(*) from user_transaction where carried_over)
    + (select count(*) from own_transfer) as carried
) as counted
where rows_done <> carried
union all
select 'row', null, null, t.id::text, null
from drop_accounts.progress mark
join transaction t on (t.xact_no, t.id) <= (mark.xact_no, mark.id)
left join user_transaction u on u.id = t.id
left join own_transfer o on o.id = t.id
where (t.amount, t.currency, t.effective_at, t.created_at, t.reverses_id, t.hold_id, t.description, t.metadata)
  is distinct from (
    coalesce(u.amount, o.amount), coalesce(u.currency, o.currency),
    coalesce(u.effective_at, o.effective_at), coalesce(u.created_at, o.created_at),
    coalesce(u.reverses_id, o.reverses_id), coalesce(u.hold_id, o.hold_id),
    coalesce(u.description, o.description), coalesce(u.metadata, o.metadata)
  );

do $$
declare
  found text;
begin
  select string_agg(d::text, E'\n') into found
  from (select * from drop_accounts.disagreement limit 20) as d;
  if found is not null then
    raise exception 'the two models disagree' using detail = found;
  end if;
end
$$;
