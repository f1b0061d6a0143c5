-- What is summed up of an account's entries, so that sums and largest expenses over any period are
-- found without reading all of them. Entries at a position (effective_at, id) before
-- (rolled_up_until, rolled_up_until_id) are in entry_rollup, but for those in late_entry; all others
-- are read one by one. Why it is so, with figures: docs/adr/0009-rollups.md.
alter table account add column rolled_up_until timestamptz;
alter table account add column rolled_up_until_id uuid;
alter table account add column rolled_up_entries bigint not null default 0;

comment on column account.rolled_up_until is
  'Entries with effective_at before it are rolled up; those posted afterwards with such a date stand in late_entry until they are, too. Null: nothing is.';
comment on column account.rolled_up_until_id is
  'Of the entries at rolled_up_until those with a lower id are rolled up as well. Null: none of them.';
comment on column account.rolled_up_entries is 'How many entries are rolled up; entry_no less it is how many are not.';

create table late_entry (
  effective_at timestamptz not null,
  transaction_id uuid not null,
  amount bigint not null,
  is_expense boolean not null,
  account_id text collate "C" not null,
  constraint late_entry_pkey primary key (account_id, effective_at, transaction_id)
);

comment on table late_entry is 'Entries that were dated into a time already rolled up. Written with the transaction, removed when rolled up.';
comment on column late_entry.amount is 'Minor units, signed as account_id sees it.';
comment on column late_entry.is_expense is 'The money left the account, and not for another one of the same user.';

-- No foreign keys: rows are made of rows that are there already, and those are never deleted.
create table entry_rollup (
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  entries bigint not null,
  expense_amount bigint,
  expense_at timestamptz,
  expense_id uuid,
  level smallint not null,
  is_split boolean not null,
  account_id text collate "C" not null,
  amount_sum numeric not null,
  constraint entry_rollup_pkey primary key (account_id, level, starts_at),
  constraint entry_rollup_expense_whole check (
    (expense_amount is null) = (expense_at is null) and (expense_amount is null) = (expense_id is null)
  )
)
-- The newest rows change with each fold, and no index covers what changes.
with (fillfactor = 80);

comment on table entry_rollup is
  'The entries of an account in a bucket of time: a tree of twelve levels, from 32,768 days down to a microsecond. A bucket has rows below it only when it holds many entries.';
comment on column entry_rollup.starts_at is 'Inclusive.';
comment on column entry_rollup.ends_at is 'Exclusive.';
comment on column entry_rollup.expense_amount is
  'The largest expense in it, below zero, the earliest of equals. Null: there is none.';
comment on column entry_rollup.level is '0 is the top; the rows below a row are those of the next level between its two ends.';
comment on column entry_rollup.is_split is 'Whether there are rows below it.';
comment on column entry_rollup.amount_sum is 'Minor units; more than a bigint may hold.';

create function balance_before(of_account text, moment timestamptz) returns numeric
language plpgsql stable parallel safe
-- Neither how full the tables are nor what the planner guesses of them may change the plan.
set enable_seqscan = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  until_at timestamptz := '-infinity';
  until_id uuid := '00000000-0000-0000-0000-000000000000';
begin
  select coalesce(a.rolled_up_until, until_at), coalesce(a.rolled_up_until_id, until_id)
  into until_at, until_id
  from account a
  where a.id = of_account;
  if not found then return 0; end if;

  return (
    -- Buckets that begin before the moment. At most one on each level is cut by it; a cut one is
    -- followed down while it is split.
    with recursive bucket as (
      select r.level, r.starts_at, r.ends_at, r.amount_sum, r.is_split
      from entry_rollup r
      where r.account_id = of_account and r.level = 0 and r.starts_at < moment
        and until_at > '-infinity'
      union all
      select r.level, r.starts_at, r.ends_at, r.amount_sum, r.is_split
      from bucket b
      -- Sealed off by "offset 0": a join that reads a whole level must not be thought of.
      cross join lateral (
        select o.level, o.starts_at, o.ends_at, o.amount_sum, o.is_split
        from entry_rollup o
        where o.account_id = of_account and o.level = b.level + 1
          and o.starts_at >= b.starts_at and o.starts_at < least(b.ends_at, moment)
        offset 0
      ) as r
      where b.is_split and b.ends_at > moment
    ),
    -- What is read entry by entry, with its ends: the rolled up part of the bucket that is cut and not
    -- split, and all that is not rolled up.
    range as (
      select starts_at, least(moment, until_at + interval '1 microsecond') as ends_at, true as is_rolled_up
      from bucket
      where ends_at > moment and not is_split
      union all
      select until_at, moment, false
    )
    select
      coalesce((select sum(amount_sum) from bucket where ends_at <= moment), 0)
      + coalesce((
        select sum(amount)
        from late_entry
        where account_id = of_account and effective_at < moment and until_at > '-infinity'
      ), 0)
      + coalesce((
        select sum(
          coalesce((
            select sum(t.amount)
            from transaction t
            where t.account_id = of_account
              and t.effective_at >= range.starts_at and t.effective_at < range.ends_at
              and is_rolled_up = ((t.effective_at, t.id) < (until_at, until_id))
          ), 0)
          - coalesce((
            select sum(t.amount)
            from transaction t
            where t.counterparty_id = of_account
              and t.effective_at >= range.starts_at and t.effective_at < range.ends_at
              and is_rolled_up = ((t.effective_at, t.id) < (until_at, until_id))
          ), 0)
          - case when is_rolled_up then coalesce((
            select sum(l.amount)
            from late_entry l
            where l.account_id = of_account
              and l.effective_at >= range.starts_at and l.effective_at < range.ends_at
          ), 0) else 0 end
        )
        from range
      ), 0)
  );
end
$$;

comment on function balance_before is 'The sum of an account''s entries dated before a moment, in minor units.';

create function roll_up(of_account text, entries_min bigint, entries_max bigint, split_above bigint)
returns text
language plpgsql
set enable_seqscan = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  -- Each a multiple of the next, at most 40 of them in one; whole days and hours, so that the ends of
  -- periods as people ask for them cut no bucket. Hours and less: a day of timestamptz has 23 to 25.
  widths constant interval[] := array[
    '786432 hours', '24576 hours', '768 hours', '24 hours', '1 hour', '5 minutes', '15 seconds',
    '1 second', '40 milliseconds', '1 millisecond', '25 microseconds', '1 microsecond'
  ]::interval[];
  origin constant timestamptz := '0001-01-01 00:00:00+00';
  levels constant int := array_length(widths, 1);
  nil constant uuid := '00000000-0000-0000-0000-000000000000';
  rolled record;
  -- The same entries, taken together.
  whole record;
  own_ids text[];
  -- The entries that a level takes in, as columns.
  ats timestamptz[];
  ids uuid[];
  amounts bigint[];
  are_expenses boolean[];
  late_ats timestamptz[];
  late_ids uuid[];
  late_amounts bigint[];
  late_are_expenses boolean[];
  tail_max bigint;
  tail_length bigint;
  has_more boolean;
  until_at timestamptz;
  until_id uuid;
  removed bigint;
  is_broken boolean;
  now_at timestamptz;
begin
  -- The lock is worth nothing to a snapshot from before it.
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'roll_up needs READ COMMITTED' using errcode = 'feature_not_supported';
  end if;
  -- A fold that is lost in a crash is made again. Whoever posts afterwards makes this one durable, too.
  perform set_config('synchronous_commit', 'off', true);

  -- Whoever posts to the account holds this lock until the commit, so that from here on all its
  -- entries are to be seen, and whoever posts next sees what is rolled up.
  select
    a.user_id, a.entry_no, a.rolled_up_entries,
    a.rolled_up_until as until_at, coalesce(a.rolled_up_until_id, nil) as until_id
  into rolled
  from account a
  where a.id = of_account
  for no key update;
  if not found or rolled.entry_no - rolled.rolled_up_entries < entries_min then return 'done'; end if;

  if rolled.until_at is null then
    -- What an earlier rollup left behind, that was given up.
    delete from entry_rollup r
    where (r.account_id, r.level, r.starts_at) in (
      select o.account_id, o.level, o.starts_at
      from entry_rollup o
      where o.account_id = of_account
      limit entries_max
    );
    get diagnostics removed = row_count;
    if removed > 0 then return 'more'; end if;
  end if;

  with taken as (
    delete from late_entry l
    where (l.account_id, l.effective_at, l.transaction_id) in (
      select o.account_id, o.effective_at, o.transaction_id
      from late_entry o
      where o.account_id = of_account
      order by o.effective_at, o.transaction_id
      limit entries_max
    )
    returning l.effective_at, l.transaction_id, l.amount, l.is_expense
  )
  select
    coalesce(array_agg(effective_at), '{}'), coalesce(array_agg(transaction_id), '{}'),
    coalesce(array_agg(amount), '{}'), coalesce(array_agg(is_expense), '{}')
  into late_ats, late_ids, late_amounts, late_are_expenses
  from taken;
  if rolled.until_at is null then
    if cardinality(late_ats) > 0 then return 'more'; end if;
    rolled.until_at := '-infinity';
  end if;

  now_at := clock_timestamp();
  select array_agg(id) into own_ids from account where user_id = rolled.user_id;
  tail_max := greatest(entries_max - cardinality(late_ats), 1);
  -- One more than is taken in, to know where the next step begins.
  with posted as (
    select t.effective_at, t.id, t.amount, t.counterparty_id as other_id
    from transaction t
    where t.account_id = of_account
      and t.effective_at >= rolled.until_at and t.effective_at <= now_at
      and (t.effective_at, t.id) >= (rolled.until_at, rolled.until_id)
    order by t.effective_at, t.id
    limit tail_max + 1
  ),
  countered as (
    select t.effective_at, t.id, -t.amount as amount, t.account_id as other_id
    from transaction t
    where t.counterparty_id = of_account
      and t.effective_at >= rolled.until_at and t.effective_at <= now_at
      and (t.effective_at, t.id) >= (rolled.until_at, rolled.until_id)
    order by t.effective_at, t.id
    limit tail_max + 1
  ),
  tail as (
    select effective_at, id, amount, amount < 0 and (other_id is null or other_id <> all (own_ids)) as is_expense
    from (select * from posted union all select * from countered) as entry
    order by effective_at, id
    limit tail_max + 1
  )
  select
    coalesce(array_agg(effective_at), '{}'), coalesce(array_agg(id), '{}'),
    coalesce(array_agg(amount), '{}'), coalesce(array_agg(is_expense), '{}')
  into ats, ids, amounts, are_expenses
  from tail;

  tail_length := least(cardinality(ats), tail_max);
  has_more := cardinality(ats) > tail_max;
  if tail_length + cardinality(late_ats) = 0 then
    -- All that is not rolled up is dated into the future.
    return 'done';
  end if;
  until_at := rolled.until_at;
  until_id := rolled.until_id;
  if has_more and ats[tail_max + 1] = ats[tail_max] then
    until_at := ats[tail_max + 1];
    until_id := ids[tail_max + 1];
  elsif tail_length > 0 then
    until_at := ats[tail_length] + interval '1 microsecond';
    until_id := nil;
  end if;
  ats := late_ats || ats[:tail_length];
  ids := late_ids || ids[:tail_length];
  amounts := late_amounts || amounts[:tail_length];
  are_expenses := late_are_expenses || are_expenses[:tail_length];
  rolled.rolled_up_entries := rolled.rolled_up_entries + cardinality(ats);

  -- From the top down. A level takes in the entries whose bucket above is split: of one that was
  -- split before the new entries, of one that is split by them all that it holds.
  whole := null;
  for depth in 1 .. levels loop
    exit when cardinality(ats) = 0;
    if whole is null then
      select e.entries, e.amount_sum, e.first_at, e.last_at, p.amount, p.at, p.id
      into whole
      from (
        select count(*) as entries, sum(u.amount) as amount_sum, min(u.at) as first_at, max(u.at) as last_at
        from unnest(ats, amounts) as u (at, amount)
      ) as e
      left join (
        select u.amount, u.at, u.id
        from unnest(ats, ids, amounts, are_expenses) as u (at, id, amount, is_expense)
        where u.is_expense
        order by u.amount, u.at, u.id
        limit 1
      ) as p on true;
    end if;
    -- Near the top new entries mostly fall into one bucket that is split, and all go on to the next
    -- level: then there is nothing to group. It makes folding a busy account five times as fast.
    if date_bin(widths[depth], whole.first_at, origin) = date_bin(widths[depth], whole.last_at, origin) then
      update entry_rollup r
      set
        entries = r.entries + whole.entries,
        amount_sum = r.amount_sum + whole.amount_sum,
        (expense_amount, expense_at, expense_id) = (
          select k.amount, k.at, k.id
          from (values
            (whole.amount, whole.at, whole.id),
            (r.expense_amount, r.expense_at, r.expense_id)
          ) as k (amount, at, id)
          order by k.amount nulls last, k.at, k.id
          limit 1
        )
      where r.account_id = of_account and r.level = depth - 1 and r.is_split
        and r.starts_at = date_bin(widths[depth], whole.first_at, origin);
      continue when found;
    end if;
    whole := null;
    with entry as materialized (
      select date_bin(widths[depth], e.at, origin) as starts_at, e.*
      from unnest(ats, ids, amounts, are_expenses) as e (at, id, amount, is_expense)
    ),
    part as (
      select e.starts_at, count(*) as entries, sum(e.amount) as amount_sum
      from entry e
      group by e.starts_at
    ),
    peak as (
      select distinct on (e.starts_at) e.starts_at, e.amount, e.at, e.id
      from entry e
      where e.is_expense
      order by e.starts_at, e.amount, e.at, e.id
    ),
    bucket as materialized (
      select
        p.starts_at,
        p.starts_at + widths[depth] as ends_at,
        p.entries + coalesce(r.entries, 0) as entries,
        p.amount_sum + coalesce(r.amount_sum, 0) as amount_sum,
        depth < levels and (coalesce(r.is_split, false) or p.entries + coalesce(r.entries, 0) > split_above) as is_split,
        depth < levels and not coalesce(r.is_split, true)
          and p.entries + coalesce(r.entries, 0) > split_above as lacks_rows_below,
        coalesce((k.amount, k.at, k.id) < (r.expense_amount, r.expense_at, r.expense_id), r.expense_amount is null)
          as has_new_peak,
        k.amount, k.at, k.id,
        r.expense_amount, r.expense_at, r.expense_id
      from part p
      left join peak k on k.starts_at = p.starts_at
      -- Sealed off by "limit": a join that reads a whole level must not be thought of.
      left join lateral (
        select o.*
        from entry_rollup o
        where o.account_id = of_account and o.level = depth - 1 and o.starts_at = p.starts_at
        limit 1
      ) as r on true
    ),
    written as (
      insert into entry_rollup (
        account_id, level, starts_at, ends_at, entries, amount_sum, is_split,
        expense_amount, expense_at, expense_id
      )
      select
        of_account, depth - 1, b.starts_at, b.ends_at, b.entries, b.amount_sum, b.is_split,
        case when b.has_new_peak then b.amount else b.expense_amount end,
        case when b.has_new_peak then b.at else b.expense_at end,
        case when b.has_new_peak then b.id else b.expense_id end
      from bucket b
      on conflict on constraint entry_rollup_pkey do update set
        entries = excluded.entries, amount_sum = excluded.amount_sum, is_split = excluded.is_split,
        expense_amount = excluded.expense_amount, expense_at = excluded.expense_at,
        expense_id = excluded.expense_id
    ),
    old_entry as materialized (
      select o.*
      from bucket b
      cross join lateral (
        select
          t.effective_at, t.id, t.amount,
          t.amount < 0 and (t.counterparty_id is null or t.counterparty_id <> all (own_ids)) as is_expense
        from transaction t
        where t.account_id = of_account
          and t.effective_at >= b.starts_at and t.effective_at < b.ends_at
          and (t.effective_at, t.id) < (until_at, until_id)
        union all
        select t.effective_at, t.id, -t.amount, t.amount > 0 and t.account_id <> all (own_ids)
        from transaction t
        where t.counterparty_id = of_account
          and t.effective_at >= b.starts_at and t.effective_at < b.ends_at
          and (t.effective_at, t.id) < (until_at, until_id)
      ) as o
      where b.lacks_rows_below
        and not exists (
          select from late_entry l
          where l.account_id = of_account and l.effective_at = o.effective_at and l.transaction_id = o.id
        )
    ),
    below as (
      select e.at, e.id, e.amount, e.is_expense
      from entry e
      join bucket b on b.starts_at = e.starts_at
      where b.is_split and not b.lacks_rows_below
      union all
      select * from old_entry
    )
    select
      (select coalesce(sum(entries), 0) from bucket where lacks_rows_below) <> (select count(*) from old_entry),
      coalesce(array_agg(below.at), '{}'), coalesce(array_agg(below.id), '{}'),
      coalesce(array_agg(below.amount), '{}'), coalesce(array_agg(below.is_expense), '{}')
    into is_broken, ats, ids, amounts, are_expenses
    from below;
    exit when is_broken;
  end loop;

  -- Every entry is in one of three places. When they do not add up, somebody posted without a look at
  -- what was rolled up; then it is all begun again, and until it is done entries are read one by one.
  if not is_broken and not has_more and rolled.entry_no - rolled.rolled_up_entries <= entries_max then
    select rolled.rolled_up_entries <> rolled.entry_no
      - (select count(*) from late_entry l where l.account_id = of_account)
      - (
        select count(*)
        from (
          select from transaction t
          where t.account_id = of_account and t.effective_at >= until_at
            and t.effective_at <= 'infinity' and (t.effective_at, t.id) >= (until_at, until_id)
          union all
          select from transaction t
          where t.counterparty_id = of_account and t.effective_at >= until_at
            and t.effective_at <= 'infinity' and (t.effective_at, t.id) >= (until_at, until_id)
        ) as raw_entry
      )
    into is_broken;
  end if;

  if is_broken then
    update account
    set rolled_up_until = null, rolled_up_until_id = null, rolled_up_entries = 0
    where id = of_account;
    return 'given up';
  end if;
  update account
  set rolled_up_until = until_at, rolled_up_until_id = nullif(until_id, nil),
    rolled_up_entries = rolled.rolled_up_entries
  where id = of_account;
  return case when has_more or cardinality(late_ats) >= entries_max then 'more' else 'done' end;
end
$$;

comment on function roll_up is
  'One step, bounded by entries_max, of rolling up an account, when at least entries_min entries are not. Answers more, done, or given up when entries were missed and it begins again.';
