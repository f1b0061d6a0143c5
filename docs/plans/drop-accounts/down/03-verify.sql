-- Back, verify: fails when the accounts of a user, and what is still to be given to them, are not what
-- the user has; at any moment, in one snapshot.
set lock_timeout = '5s';
set statement_timeout = 0;

create or replace view drop_accounts.disagreement_back as
with
pending as (
  select u.user_id, u.counterparty_user_id, u.currency, u.amount
  from drop_accounts.progress mark
  join user_transaction u on (u.xact_no, u.id) > (mark.back_xact_no, mark.back_id)
  where not u.carried_over
),
by_account as (
  select user_id, currency, sum(balance) as balance
  from (
    select user_id, currency, balance from archive.account
    union all
    select user_id, currency, amount from pending
    union all
    select counterparty_user_id, currency, -amount
    from pending where counterparty_user_id is not null
  ) as side
  group by user_id, currency
),
by_entry as (
  select account_id, sum(amount) as balance, count(*) as entries
  from (
    select account_id, amount from archive.transaction
    union all
    select counterparty_id, -amount from archive.transaction where counterparty_id is not null
  ) as side
  group by account_id
)
select 'balance' as what, user_id as id, currency, a.balance::text as by_account, u.balance::text as by_user
from by_account a
full join user_balance u using (user_id, currency)
where coalesce(a.balance, 0) <> coalesce(u.balance, 0)
union all
select 'entries', a.id, a.currency, e.balance || ' in ' || e.entries, a.balance || ' in ' || a.entry_no
from archive.account a
full join by_entry e on e.account_id = a.id
where coalesce(a.balance, 0) <> coalesce(e.balance, 0)
  or coalesce(a.entry_no, 0) <> coalesce(e.entries, 0)
union all
select 'row', t.id::text, null, null, u.id::text
from drop_accounts.progress mark
join user_transaction u on (u.xact_no, u.id) <= (mark.back_xact_no, mark.back_id) or u.carried_over
left join archive.transaction t on t.id = u.id
where (t.amount, t.currency, t.effective_at, t.created_at, t.reverses_id, t.hold_id, t.description, t.metadata)
  is distinct from (
    u.amount, u.currency, u.effective_at, u.created_at, u.reverses_id, u.hold_id, u.description, u.metadata
  );

do $$
declare
  found text;
begin
  select string_agg(d::text, E'\n') into found
  from (select * from drop_accounts.disagreement_back limit 20) as d;
  if found is not null then
    raise exception 'the two models disagree' using detail = found;
  end if;
end
$$;
