-- Expand: everything that is new, beside everything that is there. Nothing reads it yet.
set lock_timeout = '200ms';
set statement_timeout = 0;

-- The scaffolding, in a schema of its own that goes away as a whole.
create schema drop_accounts;

-- Runs DDL that needs a lock on a table in use. Whoever waits for such a lock makes everybody queue
-- behind it, so it gives up after lock_timeout, lets them pass, and asks again.
create procedure drop_accounts.patiently(ddl text)
language plpgsql as $$
declare
  tries int := 0;
begin
  loop
    begin
      execute ddl;
      exit;
    exception when lock_not_available or deadlock_detected then
      tries := tries + 1;
      if tries >= 100 then raise; end if;
    end;
    commit;
    perform pg_sleep(0.1 + random() * 0.4);
  end loop;
  commit;
end
$$;

-- What the sums of a user's accounts could run against. Each must be resolved by hand beforehand.
do $$
begin
  if exists (select from account where closed_at is not null and (balance <> 0 or held <> 0)) then
    raise exception 'a closed account still has money: as part of a user it could be spent';
  end if;
  if exists (
    select from account group by user_id, currency
    having abs(sum(balance)) > 9007199254740991 or sum(min_balance) < -9007199254740991
  ) then
    raise exception 'the accounts of a user add up to more than an amount can be';
  end if;
end
$$;

create table user_balance (
  user_id text collate "C" not null,
  currency text collate "C" not null,
  balance bigint not null default 0,
  min_balance bigint not null default 0,
  held bigint not null default 0,
  entry_no bigint not null default 0,
  created_at timestamptz not null default clock_timestamp(),
  constraint user_balance_pkey primary key (user_id, currency),
  constraint user_balance_balance_range
    check (balance between -9007199254740991 and 9007199254740991),
  constraint user_balance_min_balance_range check (min_balance between -9007199254740991 and 0),
  constraint user_balance_held_range check (held between 0 and 9007199254740991),
  constraint user_balance_entry_no_range check (entry_no >= 0)
)
with (fillfactor = 50);

comment on table user_balance is 'Money of one user in one currency.';
comment on column user_balance.min_balance is 'The sum of the limits of the open accounts it was made from.';

create table user_transaction (
  id uuid not null,
  amount bigint not null,
  balance_after bigint not null,
  entry_no bigint not null,
  counterparty_balance_after bigint,
  counterparty_entry_no bigint,
  effective_at timestamptz not null,
  created_at timestamptz not null,
  xact_no bigint not null,
  reverses_id uuid,
  hold_id uuid,
  carried_over boolean not null default false,
  user_id text collate "C" not null,
  counterparty_user_id text collate "C",
  currency text collate "C" not null,
  description text,
  metadata jsonb,
  constraint user_transaction_pkey primary key (id),
  constraint user_transaction_amount_range
    check (amount <> 0 and amount between -9007199254740991 and 9007199254740991),
  constraint user_transaction_two_sides check (user_id <> counterparty_user_id),
  constraint user_transaction_counterparty_whole check (
    (counterparty_user_id is null) = (counterparty_entry_no is null)
    and (counterparty_user_id is null) = (counterparty_balance_after is null)
  ),
  constraint user_transaction_description_length check (char_length(description) <= 500),
  constraint user_transaction_metadata_object check (jsonb_typeof(metadata) = 'object')
);

comment on table user_transaction is 'One movement of money between two users, or a user and the outside world.';
comment on column user_transaction.carried_over is 'It was posted to an account, before the switch, and stands in archive.transaction too.';

-- From one pocket of a user into another: no movement between users, but it happened, has an id that
-- was given to a client, and a key that may come again.
create table own_transfer (
  id uuid not null,
  amount bigint not null,
  effective_at timestamptz not null,
  created_at timestamptz not null,
  xact_no bigint not null,
  reverses_id uuid,
  hold_id uuid,
  user_id text collate "C" not null,
  currency text collate "C" not null,
  description text,
  metadata jsonb,
  constraint own_transfer_pkey primary key (id)
);

comment on table own_transfer is 'What was moved between two accounts of one user while there were accounts. Only ever read.';

-- What nobody does in a statement that was meant so, as with accounts.
create trigger user_balance_no_delete before delete or truncate on user_balance
  for each statement execute function refuse_statement('balances are never deleted');
create trigger user_balance_keeps_identity before update of user_id, currency on user_balance
  for each statement
  execute function refuse_statement('the user and the currency of a balance never change');
create trigger user_transaction_append_only before update or delete on user_transaction
  for each row execute function refuse_change();
create trigger user_transaction_no_truncate before truncate on user_transaction
  for each statement execute function refuse_change();
create trigger own_transfer_append_only before update or delete on own_transfer
  for each row execute function refuse_change();
create trigger own_transfer_no_truncate before truncate on own_transfer
  for each statement execute function refuse_change();

-- Whoever may do something with one table may do it with another, as far as that has the same columns.
create function drop_accounts.grant_like(source regclass, target regclass) returns void
language plpgsql as $$
declare
  command text;
begin
  for command in
    select format(
      'grant %s%s on %s to %s',
      p.privilege_type,
      coalesce(' (' || quote_ident(own.attname) || ')', ''),
      target,
      case p.grantee when 0 then 'public' else p.grantee::regrole::text end
    )
    from (
      select oid as relation, null::name as attname, relacl as acl, relowner from pg_class
      union all
      select attrelid, attname, attacl, c.relowner
      from pg_attribute join pg_class c on c.oid = attrelid
      where attnum > 0 and not attisdropped
    ) as own
    cross join lateral aclexplode(own.acl) as p
    where own.relation = source
      and p.grantee <> own.relowner
      and (own.attname is null or exists (
        select from pg_attribute a
        where a.attrelid = target and a.attname = own.attname and not a.attisdropped
      ))
  loop
    execute command;
  end loop;
end
$$;

select drop_accounts.grant_like('account', 'user_balance');
select drop_accounts.grant_like('transaction', 'user_transaction');
select drop_accounts.grant_like('transaction', 'own_transfer');

-- Both tables are empty: there is nothing to check, but app_user and currency are locked for it.
call drop_accounts.patiently($$
  alter table user_balance add constraint user_balance_user_fkey
    foreign key (user_id) references app_user (id)
$$);
call drop_accounts.patiently($$
  alter table user_balance add constraint user_balance_currency_fkey
    foreign key (currency) references currency (code)
$$);

-- Holds change while they are open, so both models share their rows, and each sees its own columns.
call drop_accounts.patiently($$
  alter table hold
    add column user_id text collate "C",
    add column counterparty_user_id text collate "C"
$$);
-- Waits for transactions that are older than it, and nobody waits behind it.
set lock_timeout = 0;
create index concurrently hold_without_user_idx on hold (id) where user_id is null;
set lock_timeout = '200ms';

-- How far it is. One row, locked by whoever carries over: a second one waits.
create table drop_accounts.progress (
  is_only boolean not null default true,
  xact_no bigint not null default -1,
  id uuid not null default '00000000-0000-0000-0000-000000000000',
  rows_done bigint not null default 0,
  switched_at timestamptz,
  back_xact_no bigint not null default -1,
  back_id uuid not null default '00000000-0000-0000-0000-000000000000',
  back_rows_done bigint not null default 0,
  constraint progress_pkey primary key (is_only),
  constraint progress_is_only check (is_only)
);
insert into drop_accounts.progress default values;
-- Asked with each group, by whoever posts.
do $$
declare
  grantee text;
begin
  for grantee in
    select distinct p.grantee::regrole::text
    from pg_class c
    cross join lateral aclexplode(c.relacl) as p
    where c.oid = 'transaction'::regclass and p.grantee not in (0, c.relowner)
  loop
    execute format('grant usage on schema drop_accounts to %s', grantee);
    execute format('grant select on drop_accounts.progress to %s', grantee);
  end loop;
end
$$;

-- Transactions are a log already. Of accounts, what changes without one is noted here: limits, holds,
-- closing, opening. No index and no key: noting costs an insert and waits for nobody.
create table drop_accounts.touched_account (account_id text collate "C" not null);

create function drop_accounts.note_touched_account() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into drop_accounts.touched_account (account_id) values (new.id);
  return null;
end
$$;

call drop_accounts.patiently($$
  create trigger account_opened after insert on account
    for each row execute function drop_accounts.note_touched_account()
$$);
call drop_accounts.patiently($$
  create trigger account_touched after update of held, min_balance, closed_at on account
    for each row
    when (
      (old.held, old.min_balance, old.closed_at)
      is distinct from (new.held, new.min_balance, new.closed_at)
    )
    execute function drop_accounts.note_touched_account()
$$);
-- With the triggers in place none is missed between this list and the first change after it.
insert into drop_accounts.touched_account (account_id) select id from account;

-- Below it, no transaction can appear any more.
create function drop_accounts.horizon() returns bigint
language sql volatile as $$
  select pg_snapshot_xmin(pg_current_snapshot())::text::bigint + xact_offset from xact_epoch
$$;

-- Of any transaction that begins after this one looked.
create function drop_accounts.next_xact_no() returns bigint
language sql volatile as $$
  select pg_snapshot_xmax(pg_current_snapshot())::text::bigint + xact_offset from xact_epoch
$$;

-- Carries the next rows over, in the order of their position, and moves the mark, in one statement:
-- both or neither are on disk. Numbers and balances continue per user and currency. Answers how many.
create function drop_accounts.carry_over(rows_max int, below bigint) returns int
language plpgsql set plan_cache_mode = force_custom_plan as $$
declare
  mark drop_accounts.progress;
  done int;
begin
  select * into mark from drop_accounts.progress for update;
  with
  batch as materialized (
    select t.*, own.user_id, other.user_id as counterparty_user_id
    from (
      select *
      from transaction
      where (xact_no, id) > (mark.xact_no, mark.id) and xact_no < below
      order by xact_no, id
      limit rows_max
    ) as t
    join account own on own.id = t.account_id
    left join account other on other.id = t.counterparty_id
  ),
  -- Each side once. What a movement carries travels with its entries: joined to itself, a batch whose
  -- size the planner cannot know took minutes instead of milliseconds.
  entry as (
    select batch.*, 1 as side, user_id as owner_id, amount as owner_amount
    from batch
    where counterparty_user_id is distinct from user_id
    union all
    select batch.*, 2, counterparty_user_id, -amount
    from batch
    where counterparty_user_id <> user_id
  ),
  numbered as materialized (
    select
      entry.*,
      (coalesce(before.balance, 0) + sum(entry.owner_amount) over course)::bigint as owner_balance,
      coalesce(before.entry_no, 0) + row_number() over course as owner_entry_no
    from entry
    left join user_balance before
      on before.user_id = entry.owner_id and before.currency = entry.currency
    window course as (
      partition by entry.owner_id, entry.currency
      order by entry.xact_no, entry.id rows unbounded preceding
    )
  ),
  inserted_movement as (
    insert into user_transaction (
      id, amount, balance_after, entry_no, counterparty_balance_after, counterparty_entry_no,
      effective_at, created_at, xact_no, reverses_id, hold_id, carried_over,
      user_id, counterparty_user_id, currency, description, metadata
    )
    select
      id, amount, owner_balance, owner_entry_no, other_balance, other_entry_no,
      effective_at, created_at, xact_no, reverses_id, hold_id, true,
      user_id, counterparty_user_id, currency, description, metadata
    from (
      select
        *,
        lead(owner_balance) over movement as other_balance,
        lead(owner_entry_no) over movement as other_entry_no
      from numbered
      window movement as (partition by id order by side)
    ) as movement
    where side = 1
  ),
  inserted_own_transfer as (
    insert into own_transfer (
      id, amount, effective_at, created_at, xact_no, reverses_id, hold_id,
      user_id, currency, description, metadata
    )
    select
      id, amount, effective_at, created_at, xact_no, reverses_id, hold_id,
      user_id, currency, description, metadata
    from batch
    where counterparty_user_id = user_id
  ),
  changed_balance as (
    insert into user_balance (user_id, currency, balance, entry_no)
    select distinct on (owner_id, currency) owner_id, currency, owner_balance, owner_entry_no
    from numbered
    order by owner_id, currency, owner_entry_no desc
    on conflict (user_id, currency) do update
      set balance = excluded.balance, entry_no = excluded.entry_no
  ),
  last as (
    select xact_no, id, count(*) over () as rows
    from batch
    order by xact_no desc, id desc
    limit 1
  )
  update drop_accounts.progress p
  set xact_no = last.xact_no, id = last.id, rows_done = p.rows_done + last.rows
  from last
  returning last.rows into done;
  return coalesce(done, 0);
end
$$;

-- Takes notes from the list and sums up the accounts of their users as they are now. A note and the
-- change it is about are seen together; a change that comes later brings a note of its own.
create function drop_accounts.carry_limits(rows_max int) returns int
language plpgsql set plan_cache_mode = force_custom_plan as $$
declare
  taken int;
begin
  perform from drop_accounts.progress for update;
  with
  note as (
    delete from drop_accounts.touched_account
    where ctid = any (array(select ctid from drop_accounts.touched_account limit rows_max))
    returning account_id
  ),
  owner as (
    select distinct a.user_id, a.currency
    from note
    join account a on a.id = note.account_id
  ),
  changed_balance as (
    insert into user_balance (user_id, currency, min_balance, held, created_at)
    select
      a.user_id,
      a.currency,
      coalesce(sum(a.min_balance) filter (where a.closed_at is null), 0),
      sum(a.held),
      min(a.created_at)
    from owner
    join account a on a.user_id = owner.user_id and a.currency = owner.currency
    group by a.user_id, a.currency
    on conflict (user_id, currency) do update
      set min_balance = excluded.min_balance, held = excluded.held, created_at = excluded.created_at
  )
  select count(*) into taken from note;
  return taken;
end
$$;

create function drop_accounts.carry_holds(rows_max int) returns int
language plpgsql as $$
declare
  taken int;
begin
  with
  next as (
    select id from hold where user_id is null order by id limit rows_max for no key update skip locked
  )
  update hold h
  set
    user_id = own.user_id,
    counterparty_user_id = (select user_id from account where id = h.counterparty_id)
  from next, account own
  where h.id = next.id and own.id = h.account_id;
  get diagnostics taken = row_count;
  return taken;
end
$$;

-- Runs until it has caught up. Each batch is a transaction of its own, so it can be stopped, killed
-- and started again at any time; between two it makes room for others. The horizon is that of the
-- whole server: a transaction of another of its databases holds it back, too. So that all is carried
-- over that was there at the call, it `waits` until whatever ran then has ended.
create procedure drop_accounts.back_fill(
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
      drop_accounts.carry_over(rows_max, seen),
      drop_accounts.carry_limits(rows_max),
      drop_accounts.carry_holds(rows_max)
    );
    commit;
    exit when most < rows_max and (not waits or seen >= called_at);
    perform pg_sleep(pause_seconds);
  end loop;
end
$$;

analyze hold;
