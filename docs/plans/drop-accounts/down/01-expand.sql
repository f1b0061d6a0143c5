-- Back, expand: the archive becomes a second model again, beside the users, who go on posting.
-- Accounts of the archive were not touched since the switch, so they are exact as of then; what was
-- posted since has a user and no account, and gets one: the main account of that user and currency.
set lock_timeout = '200ms';
set statement_timeout = 0;

call drop_accounts.patiently('drop trigger if exists account_at_rest on archive.account');

-- A hold never changes its account, says a trigger, and says it of each statement. Those that were made
-- for a user have none yet. It is kept, and comes back with the last step.
create table drop_accounts.kept_trigger (definition text not null);
insert into drop_accounts.kept_trigger (definition)
select pg_get_triggerdef(oid)
from pg_trigger
where tgrelid = 'hold'::regclass and tgname = 'hold_keeps_identity';
call drop_accounts.patiently('drop trigger if exists hold_keeps_identity on hold');

-- Waits for transactions that are older than it, and nobody waits behind it.
set lock_timeout = 0;
create index concurrently hold_without_account_idx on hold (id) where account_id is null;
-- Tells at once who has less than they must, however many accounts there are.
create index concurrently account_short_idx on archive.account (id)
  where balance - held < min_balance;
create index concurrently account_held_idx on archive.account (id) where held <> 0;
set lock_timeout = '200ms';

-- A UUIDv7, as the API gives to transactions.
create function drop_accounts.new_id() returns uuid
language sql volatile as $$
  select encode(
    set_bit(
      set_bit(
        overlay(
          uuid_send(gen_random_uuid())
          placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
          from 1 for 6
        ),
        52, 1
      ),
      53, 1
    ),
    'hex'
  )::uuid
$$;

-- Moves money to the accounts that are short of it, from others of the same user and currency that
-- have some to spare; `missing` is how much each has to get. Laid end to end, what is missing and what
-- can be spared are two rulers over the same money: each overlap is a transfer. Posted like any other.
create function drop_accounts.settle(ids text[], missing bigint[]) returns int
language plpgsql set plan_cache_mode = force_custom_plan as $$
declare
  transfers int;
begin
  with
  short as materialized (
    select
      a.id, a.user_id, a.currency, a.balance, a.entry_no,
      sum(s.amount) over course - s.amount as starts,
      sum(s.amount) over course as ends
    from unnest(ids, missing) as s (id, amount)
    join archive.account a on a.id = s.id
    where s.amount > 0
    window course as (partition by a.user_id, a.currency order by a.id rows unbounded preceding)
  ),
  -- Looked up user by user, along the index: nothing here depends on how many rows are expected.
  transfer as materialized (
    select
      drop_accounts.new_id() as id,
      clock_timestamp() as at,
      short.currency,
      short.id as to_id,
      short.balance as to_balance_before,
      short.entry_no as to_entry_no_before,
      spare.id as from_id,
      spare.balance as from_balance_before,
      spare.entry_no as from_entry_no_before,
      least(short.ends, spare.ends) - greatest(short.starts, spare.starts) as amount
    from short
    cross join lateral (
      select
        a.id, a.balance, a.entry_no,
        sum(available) over course - available as starts,
        sum(available) over course as ends
      from archive.account a
      cross join lateral (select a.balance - a.held - a.min_balance as available) as rest
      where a.user_id = short.user_id
        and a.currency = short.currency
        and available > 0
        and a.closed_at is null
        and a.id <> all (ids)
      window course as (order by a.id rows unbounded preceding)
    ) as spare
    where spare.starts < short.ends and short.starts < spare.ends
  ),
  numbered as materialized (
    select
      id, at, currency, to_id, from_id, amount,
      (to_balance_before + sum(amount) over incoming)::bigint as to_balance,
      to_entry_no_before + row_number() over incoming as to_entry_no,
      (from_balance_before - sum(amount) over outgoing)::bigint as from_balance,
      from_entry_no_before + row_number() over outgoing as from_entry_no
    from transfer
    window
      incoming as (partition by to_id order by id rows unbounded preceding),
      outgoing as (partition by from_id order by id rows unbounded preceding)
  ),
  posted as (
    insert into archive.transaction (
      id, amount, balance_after, entry_no, counterparty_balance_after, counterparty_entry_no,
      effective_at, created_at, account_id, counterparty_id, currency, description, xact_no
    )
    select
      id, amount, to_balance, to_entry_no, from_balance, from_entry_no,
      at, at, to_id, from_id, currency,
      'Between own accounts, when accounts came back',
      pg_current_xact_id()::text::bigint + (select xact_offset from xact_epoch)
    from numbered
  ),
  -- Only after a clock went backwards.
  late as (
    insert into archive.late_entry (account_id, effective_at, transaction_id, amount, is_expense)
    select side.account_id, n.at, n.id, side.amount, false
    from numbered n
    cross join lateral (values (n.to_id, n.amount), (n.from_id, -n.amount)) as side (account_id, amount)
    join archive.account a on a.id = side.account_id
    where (n.at, n.id) < (
      a.rolled_up_until, coalesce(a.rolled_up_until_id, '00000000-0000-0000-0000-000000000000')
    )
  ),
  changed_account as (
    update archive.account a
    set balance = c.balance, entry_no = c.entry_no
    from (
      select distinct on (id) id, balance, entry_no
      from (
        select to_id, to_balance, to_entry_no from numbered
        union all
        select from_id, from_balance, from_entry_no from numbered
      ) as side (id, balance, entry_no)
      order by id, entry_no desc
    ) as c
    where a.id = c.id
  )
  select count(*) into transfers from numbered;
  return transfers;
end
$$;

-- The rows of one batch as entries of accounts, with what each account comes to.
create function drop_accounts.returning_entries(
  after_xact_no bigint, after_id uuid, rows_max int, below bigint
)
returns table (
  id uuid, side int, account_id text, xact_no bigint, amount bigint,
  balance_after bigint, entry_no bigint
)
language sql stable as $$
  with
  batch as materialized (
    select u.id, u.xact_no, u.amount, u.currency, u.user_id, u.counterparty_user_id
    from user_transaction u
    where not u.carried_over
      and (u.xact_no, u.id) > (after_xact_no, after_id)
      and u.xact_no < below
    order by u.xact_no, u.id
    limit rows_max
  ),
  entry as (
    select b.id, 1 as side, m.id as account_id, b.xact_no, b.amount
    from batch b
    join drop_accounts.main_account m on m.user_id = b.user_id and m.currency = b.currency
    union all
    select b.id, 2, m.id, b.xact_no, -b.amount
    from batch b
    join drop_accounts.main_account m
      on m.user_id = b.counterparty_user_id and m.currency = b.currency
  )
  select
    e.id, e.side, e.account_id, e.xact_no, e.amount,
    (a.balance + sum(e.amount) over course)::bigint,
    a.entry_no + row_number() over course
  from entry e
  join archive.account a on a.id = e.account_id
  window course as (partition by e.account_id order by e.xact_no, e.id rows unbounded preceding)
$$;

-- Gives the next movements to accounts. The user could spend what all accounts hold together, and an
-- account cannot: first it is given what it will lack, then the movements follow.
create function drop_accounts.take_back(rows_max int, below bigint) returns int
language plpgsql set plan_cache_mode = force_custom_plan as $$
declare
  mark drop_accounts.progress;
  done int;
begin
  select * into mark from drop_accounts.progress for update;
  perform drop_accounts.settle(array_agg(account_id), array_agg(missing))
  from (
    select e.account_id, a.min_balance + a.held - min(e.balance_after) as missing
    from drop_accounts.returning_entries(mark.back_xact_no, mark.back_id, rows_max, below) e
    join archive.account a on a.id = e.account_id
    group by e.account_id, a.min_balance, a.held
  ) as course
  where missing > 0
  having count(*) > 0;

  with
  entry as materialized (
    select
      *,
      lead(account_id) over movement as other_id,
      lead(balance_after) over movement as other_balance,
      lead(entry_no) over movement as other_entry_no
    from drop_accounts.returning_entries(mark.back_xact_no, mark.back_id, rows_max, below)
    window movement as (partition by id order by side)
  ),
  inserted as (
    insert into archive.transaction (
      id, amount, balance_after, entry_no, counterparty_balance_after, counterparty_entry_no,
      effective_at, created_at, reverses_id, account_id, counterparty_id, currency, description,
      metadata, xact_no, hold_id
    )
    select
      u.id, u.amount, own.balance_after, own.entry_no, own.other_balance, own.other_entry_no,
      u.effective_at, u.created_at, u.reverses_id, own.account_id, own.other_id, u.currency,
      u.description, u.metadata, u.xact_no, u.hold_id
    from entry own
    join user_transaction u on u.id = own.id
    where own.side = 1
  ),
  -- Dated into a time that the account's rollup, as it was at the switch, has behind it.
  late as (
    insert into archive.late_entry (account_id, effective_at, transaction_id, amount, is_expense)
    select entry.account_id, u.effective_at, u.id, entry.amount, entry.amount < 0
    from entry
    join user_transaction u on u.id = entry.id
    join drop_accounts.main_account m on m.id = entry.account_id
    where (u.effective_at, u.id) < (m.rolled_up_until, m.rolled_up_until_id)
  ),
  changed_account as (
    update archive.account a
    set balance = c.balance_after, entry_no = c.entry_no
    from (
      select distinct on (account_id) account_id, balance_after, entry_no
      from entry
      order by account_id, entry_no desc
    ) as c
    where a.id = c.account_id
  ),
  last as (
    select xact_no, id, count(*) over () as rows
    from entry
    where side = 1
    order by xact_no desc, id desc
    limit 1
  )
  update drop_accounts.progress p
  set back_xact_no = last.xact_no, back_id = last.id, back_rows_done = p.back_rows_done + last.rows
  from last
  returning last.rows into done;
  return coalesce(done, 0);
end
$$;

create function drop_accounts.take_back_holds(rows_max int) returns int
language plpgsql as $$
declare
  taken int;
begin
  with
  next as (
    select id from hold where account_id is null order by id limit rows_max
    for no key update skip locked
  )
  update hold h
  set account_id = own.id, counterparty_id = other.id
  from next
  join hold n on n.id = next.id
  join drop_accounts.main_account own on own.user_id = n.user_id and own.currency = n.currency
  left join drop_accounts.main_account other
    on other.user_id = n.counterparty_user_id and other.currency = n.currency
  where h.id = next.id;
  get diagnostics taken = row_count;
  return taken;
end
$$;

create procedure drop_accounts.back_fill_back(
  rows_max int default 5000, pause_seconds float default 0.05, waits boolean default false
)
language plpgsql as $$
declare
  most int;
  called_at constant bigint := drop_accounts.next_xact_no();
  seen bigint;
begin
  loop
    seen := drop_accounts.horizon();
    most := greatest(
      drop_accounts.take_back(rows_max, seen),
      drop_accounts.take_back_holds(rows_max)
    );
    commit;
    exit when most < rows_max and (not waits or seen >= called_at);
    perform pg_sleep(pause_seconds);
  end loop;
end
$$;
