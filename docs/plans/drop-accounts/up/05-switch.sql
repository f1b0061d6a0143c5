-- Switch: one transaction of some milliseconds, after which users hold the money and accounts are
-- history under their old names. It locks, carries the last rows over, looks once more, renames.
set lock_timeout = '200ms';
set statement_timeout = 0;

call drop_accounts.back_fill();

-- By hand, or with a note for everyone: no old version that posts may be needed any more. Those that
-- still run go on reading; whatever they write is refused as a read-only database would, which they
-- answer with 503 and Retry-After, and the same request with its key is carried out by a new one.
create function drop_accounts.refuse_old_version() returns trigger
language plpgsql as $$
begin
  raise exception 'accounts have become users: this version of the API can only read'
    using errcode = 'read_only_sql_transaction';
end
$$;

-- The account that stands for its user and currency wherever one is needed: of the open ones the
-- oldest. Read by the views for the old version, and on the way back.
create function drop_accounts.define_main_account() returns void
language plpgsql as $define$
begin
  create view drop_accounts.main_account as
  select
    id,
    user_id,
    currency,
    rolled_up_until,
    coalesce(rolled_up_until_id, '00000000-0000-0000-0000-000000000000') as rolled_up_until_id
  from archive.account a
  where not exists (
    select
    from archive.account b
    where b.user_id = a.user_id
      and b.currency = a.currency
      and (b.closed_at is not null, b.created_at, b.id)
        < (a.closed_at is not null, a.created_at, a.id)
  );
end
$define$;

-- What the old version goes on reading. Inner joins and no union in `account`: it locks rows of it,
-- and is refused when it writes, not before it knows why. Sums that were rolled up stay as they are:
-- nothing is due to be, and what users post with a date of that time is late, as it is for accounts.
-- On the way back movements leave the second halves of these unions when they enter the first.
create function drop_accounts.define_old_names() returns void
language plpgsql as $define$
begin
  create view public.account as
  select
    a.id,
    a.user_id,
    a.name,
    a.currency,
    case when is_main then b.balance else 0 end as balance,
    case when is_main then b.min_balance else 0 end as min_balance,
    a.entry_no,
    a.closed_at,
    a.created_at,
    case when is_main then b.held else 0 end as held,
    a.rolled_up_until,
    a.rolled_up_until_id,
    a.entry_no as rolled_up_entries
  from archive.account a
  join public.user_balance b on b.user_id = a.user_id and b.currency = a.currency
  cross join lateral (
    select not exists (
      select
      from archive.account c
      where c.user_id = a.user_id
        and c.currency = a.currency
        and (c.closed_at is not null, c.created_at, c.id)
          < (a.closed_at is not null, a.created_at, a.id)
    ) as is_main
  ) as place;

  create view public.transaction as
  select
    id, amount, balance_after, entry_no, counterparty_balance_after, counterparty_entry_no,
    effective_at, created_at, reverses_id, account_id, counterparty_id, currency, description,
    metadata, xact_no, hold_id
  from archive.transaction
  union all
  select
    u.id, u.amount, u.balance_after, u.entry_no, u.counterparty_balance_after,
    u.counterparty_entry_no, u.effective_at, u.created_at, u.reverses_id, own.id, other.id,
    u.currency, u.description, u.metadata, u.xact_no, u.hold_id
  from drop_accounts.progress mark
  join public.user_transaction u on (u.xact_no, u.id) > (mark.back_xact_no, mark.back_id)
  join drop_accounts.main_account own on own.user_id = u.user_id and own.currency = u.currency
  left join drop_accounts.main_account other
    on other.user_id = u.counterparty_user_id and other.currency = u.currency
  where not u.carried_over;

  create view public.late_entry as
  select effective_at, transaction_id, amount, is_expense, account_id
  from archive.late_entry
  union all
  select u.effective_at, u.id, u.amount, u.amount < 0, m.id
  from drop_accounts.progress mark
  join public.user_transaction u on (u.xact_no, u.id) > (mark.back_xact_no, mark.back_id)
  join drop_accounts.main_account m on m.user_id = u.user_id and m.currency = u.currency
  where not u.carried_over
    and (u.effective_at, u.id) < (m.rolled_up_until, m.rolled_up_until_id)
  union all
  select u.effective_at, u.id, -u.amount, u.amount > 0, m.id
  from drop_accounts.progress mark
  join public.user_transaction u on (u.xact_no, u.id) > (mark.back_xact_no, mark.back_id)
  join drop_accounts.main_account m
    on m.user_id = u.counterparty_user_id and m.currency = u.currency
  where not u.carried_over
    and (u.effective_at, u.id) < (m.rolled_up_until, m.rolled_up_until_id);

  perform drop_accounts.grant_like('archive.account', 'public.account');
  perform drop_accounts.grant_like('archive.transaction', 'public.transaction');
  perform drop_accounts.grant_like('archive.late_entry', 'public.late_entry');

  -- `for each statement`, because a refusal alone, with no row to write, must not be remembered.
  create trigger account_moved before insert or update or delete on public.account
    for each statement execute function drop_accounts.refuse_old_version();
  create trigger transaction_moved before insert or update or delete on public.transaction
    for each statement execute function drop_accounts.refuse_old_version();
  -- Never reached: without them a view of joins cannot be written to and says so in other words.
  create trigger account_row_moved instead of insert or update or delete on public.account
    for each row execute function drop_accounts.refuse_old_version();
  create trigger transaction_row_moved instead of insert or update or delete on public.transaction
    for each row execute function drop_accounts.refuse_old_version();

  -- The old version would seal what it reads through the views, and find that no balance is the sum of
  -- its account's entries. Refused, it seals no more, and says of its last check how old it is.
  create trigger seal_moved before insert on public.seal
    for each statement execute function drop_accounts.refuse_old_version();
  create trigger verification_moved before update on public.verification
    for each statement execute function drop_accounts.refuse_old_version();
  create trigger verified_account_moved before insert or update or delete on public.verified_account
    for each statement execute function drop_accounts.refuse_old_version();
end
$define$;

-- Two that keep the way back open. A balance that is opened from now on gets an account in the
-- archive; a limit that is changed from now on is noted.
create function drop_accounts.open_archived_account() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into archive.account (id, user_id, name, currency, min_balance, created_at)
  select gen_random_uuid()::text, new.user_id, new.currency, new.currency, new.min_balance, new.created_at
  where not exists (
    select from archive.account where user_id = new.user_id and currency = new.currency
  );
  return null;
end
$$;

create table drop_accounts.touched_balance (
  user_id text collate "C" not null,
  currency text collate "C" not null
);

create function drop_accounts.note_touched_balance() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into drop_accounts.touched_balance (user_id, currency) values (new.user_id, new.currency);
  return null;
end
$$;

-- One try: all of it, or nothing and an error. The tables are locked in the order of the API.
create function drop_accounts.switch_to_users() returns void
language plpgsql as $$
declare
  wrong text;
begin
  lock table public.account, public.transaction, public.hold, public.late_entry
    in access exclusive mode;
  -- Whoever posted before has committed; nobody posts now. The rest is at most a few batches.
  for batch in 1 .. 3 loop
    exit when drop_accounts.carry_over(2000, 9223372036854775807) < 2000;
    if batch = 3 then
      raise exception 'too much is left to be carried over' using errcode = 'lock_not_available';
    end if;
  end loop;
  while drop_accounts.carry_limits(2000) > 0 loop end loop;
  while drop_accounts.carry_holds(2000) > 0 loop end loop;

  -- Everything was compared before; here, who changed at the very last.
  select string_agg(format('%s %s: %s, %s', user_id, currency, by_account, by_user), E'\n') into wrong
  from (
    select user_id, currency, sum(a.balance) as by_account, min(b.balance) as by_user
    from (
      select distinct side.user_id, late.currency
      from (
        select user_id, counterparty_user_id, currency
        from user_transaction
        order by xact_no desc, id desc
        limit 2000
      ) as late
      cross join lateral (values (late.user_id), (late.counterparty_user_id)) as side (user_id)
    ) as changed
    join user_balance b using (user_id, currency)
    join account a using (user_id, currency)
    group by user_id, currency
  ) as compared
  where by_account <> by_user;
  if wrong is not null then raise exception 'the two models disagree' using detail = wrong; end if;

  create schema if not exists archive;
  drop trigger account_opened on public.account;
  drop trigger account_touched on public.account;
  alter table public.account set schema archive;
  alter table public.transaction set schema archive;
  alter table public.late_entry set schema archive;
  -- From here on it holds for the user, all accounts together.
  alter table archive.account drop constraint account_available_covers_limit;
  alter table user_balance add constraint user_balance_available_covers_limit
    check (balance - held >= min_balance) not valid;
  alter table hold alter column account_id drop not null;
  alter table hold add constraint hold_has_user check (user_id is not null) not valid;
  perform drop_accounts.define_main_account();
  perform drop_accounts.define_old_names();
  create trigger hold_keeps_user before update of user_id, counterparty_user_id on hold
    for each statement execute function refuse_statement('the users of a hold never change');
  create trigger user_balance_opened after insert on user_balance
    for each row execute function drop_accounts.open_archived_account();
  create trigger user_balance_touched after update of min_balance on user_balance
    for each row when (old.min_balance <> new.min_balance)
    execute function drop_accounts.note_touched_balance();
  update drop_accounts.progress set switched_at = clock_timestamp();
end
$$;

-- Between two tries it catches up, so that what is left for the lock stays small.
create procedure drop_accounts.switch(tries_max int default 100)
language plpgsql as $$
declare
  done boolean := false;
begin
  for try in 1 .. tries_max loop
    begin
      perform drop_accounts.switch_to_users();
      done := true;
    exception when lock_not_available or deadlock_detected then
      if try = tries_max then raise; end if;
    end;
    commit;
    exit when done;
    perform pg_sleep(0.1 + random() * 0.4);
    call drop_accounts.back_fill(2000, 0);
  end loop;
end
$$;

call drop_accounts.switch();

-- Reads all rows, and locks nobody out.
set lock_timeout = 0;
alter table user_balance validate constraint user_balance_available_covers_limit;
alter table hold validate constraint hold_has_user;
