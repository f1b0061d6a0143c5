-- Back, switch: one short transaction, after which accounts hold the money again. The version for
-- users is refused from then on as the old one was; the old version has its tables back.
set lock_timeout = '200ms';
set statement_timeout = 0;

call drop_accounts.back_fill_back();

create function drop_accounts.refuse_new_version() returns trigger
language plpgsql as $$
begin
  raise exception 'users have accounts again: this version of the API can only read'
    using errcode = 'read_only_sql_transaction';
end
$$;

-- Limits that were changed since the switch are laid on the accounts as far as each had a line, the
-- rest on the main account. Where nothing changed, the archive has each account's own.
create function drop_accounts.return_limits() returns void
language sql as $$
  with
  owner as (
    select distinct user_id, currency from drop_accounts.touched_balance
  ),
  line as (
    select
      a.id,
      b.min_balance as wanted,
      a.min_balance,
      coalesce(
        sum(a.min_balance) over (
          partition by a.user_id, a.currency order by a.id rows between unbounded preceding and 1 preceding
        ),
        0
      ) as before,
      sum(a.min_balance) over (partition by a.user_id, a.currency) as total,
      m.id is not null as is_main
    from owner
    join user_balance b using (user_id, currency)
    join archive.account a
      on a.user_id = owner.user_id and a.currency = owner.currency and a.closed_at is null
    left join drop_accounts.main_account m on m.id = a.id
  )
  update archive.account a
  set min_balance =
    least(0, greatest(line.min_balance, line.wanted - line.before))
    + case when is_main then least(0, line.wanted - line.total) else 0 end
  from line
  where a.id = line.id
$$;

create function drop_accounts.return_holds() returns void
language sql as $$
  with
  open_hold as (
    select account_id, sum(amount - captured) as held
    from hold
    where closed_at is null
    group by account_id
  ),
  now_held as (
    select a.id, coalesce(o.held, 0) as held
    from archive.account a
    left join open_hold o on o.account_id = a.id
    where a.held <> 0
    union
    select account_id, held from open_hold
  )
  update archive.account a
  set held = now_held.held
  from now_held
  where a.id = now_held.id and a.held <> now_held.held
$$;

create function drop_accounts.switch_to_accounts() returns void
language plpgsql as $$
begin
  lock table user_balance, user_transaction, hold, archive.account, archive.transaction,
    archive.late_entry
    in access exclusive mode;
  for batch in 1 .. 3 loop
    exit when drop_accounts.take_back(2000, 9223372036854775807) < 2000;
    if batch = 3 then
      raise exception 'too much is left to be taken back' using errcode = 'lock_not_available';
    end if;
  end loop;
  while drop_accounts.take_back_holds(2000) > 0 loop end loop;
  perform drop_accounts.return_limits();
  perform drop_accounts.return_holds();
  perform drop_accounts.settle(array_agg(id), array_agg(min_balance + held - balance))
  from archive.account
  where balance - held < min_balance
  having count(*) > 0;
  if exists (select from archive.account where balance - held < min_balance) then
    raise exception 'an account would be below its limit';
  end if;

  drop view if exists public.account, public.transaction, public.late_entry;
  alter table archive.account set schema public;
  alter table archive.transaction set schema public;
  alter table archive.late_entry set schema public;
  -- Behind the contract these lie in the archive, before it in their place.
  if to_regclass('archive.entry_rollup') is not null then
    alter table archive.entry_rollup set schema public;
    alter function archive.balance_before set schema public;
    alter function archive.roll_up set schema public;
    alter table archive.seal set schema public;
    alter table archive.verification set schema public;
    alter table archive.verified_account set schema public;
  end if;
  -- The chain goes on behind its last seal: all that came back has a later position.
  drop trigger seal_moved on public.seal;
  drop trigger verification_moved on public.verification;
  drop trigger verified_account_moved on public.verified_account;
  alter table public.account add constraint account_available_covers_limit
    check (balance - held >= min_balance) not valid;
  drop trigger hold_keeps_user on hold;
  alter table hold drop constraint hold_has_user;
  alter table hold add constraint hold_has_account check (account_id is not null) not valid;
  create trigger user_balance_moved before insert or update or delete on user_balance
    for each statement execute function drop_accounts.refuse_new_version();
  create trigger user_transaction_moved before insert or update or delete on user_transaction
    for each statement execute function drop_accounts.refuse_new_version();
  update drop_accounts.progress set switched_at = null;
end
$$;

create procedure drop_accounts.switch_back(tries_max int default 100)
language plpgsql as $$
declare
  done boolean := false;
begin
  for try in 1 .. tries_max loop
    begin
      perform drop_accounts.switch_to_accounts();
      done := true;
    exception when lock_not_available or deadlock_detected then
      if try = tries_max then raise; end if;
    end;
    commit;
    exit when done;
    perform pg_sleep(0.1 + random() * 0.4);
    call drop_accounts.back_fill_back(2000, 0);
  end loop;
end
$$;

call drop_accounts.switch_back();

-- Reads all rows, and locks nobody out.
set lock_timeout = 0;
alter table account validate constraint account_available_covers_limit;
alter table hold validate constraint hold_has_account;
