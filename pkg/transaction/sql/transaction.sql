-- The statements of a group commit stand first, in the order in which they run; see post.ts.

-- name: TakeTurns :one
-- In the order of the ids, as all locks here. Waits in a statement of its own, before the group's snapshot.
select
  count(*) as "turns!",
  -- Without what was ahead of it on its way here.
  extract(milliseconds from clock_timestamp() - statement_timestamp())::float8 as "waited_ms!"
from (
  select pg_advisory_lock(hashtextextended('turn ' || id, 0))
  from (select id from unnest($ids::text[]) as id order by id) as account_in_order
) as turn;

-- name: GiveUpTurns :one
select true as "is_over!" from pg_advisory_unlock_all();

-- name: ListAnswers :many
-- The first answers to these keys. Runs before the group's transaction begins (see look.ts). What this
-- misses, the primary key of idempotency refuses.
select
  i.key as "key!",
  encode(i.fingerprint, 'hex') as "fingerprint!",
  i.refusal,
  i.hold,
  t.id,
  t.account_id,
  t.currency,
  t.amount,
  t.balance_after,
  t.counterparty_id,
  t.description,
  t.metadata,
  t.effective_at,
  t.created_at,
  t.reverses_id,
  t.hold_id
from idempotency i
left join transaction t on t.id = i.transaction_id
where i.key = any($keys::text[]);

-- name: LockAccounts :many
-- All accounts that a group touches, both sides, locked in the order of their ids: two groups never
-- wait for each other in a circle. "No key" leaves foreign keys to these accounts unhindered. The
-- clock is read in a last row of its own, when all rows before it are locked: on each account
-- created_at rises with entry_no.
-- A hold whose time is over holds nothing, although it is counted until the account changes; accounts
-- on which nothing is held are spared the look.
with locked_account as materialized (
  select
    id, user_id, currency, balance, min_balance, held, entry_no, closed_at, rolled_up_until,
    rolled_up_until_id
  from account
  where id = any($ids::text[])
  order by id
  for no key update
)
select
  null::timestamptz as now,
  null::xid8 as xact_id,
  null::bigint as xact_no,
  a.id,
  a.user_id,
  a.currency,
  a.balance,
  a.min_balance,
  a.held - coalesce(e.amount, 0) as held,
  a.entry_no,
  a.closed_at,
  a.rolled_up_until,
  a.rolled_up_until_id,
  e.ids as expired_hold_ids
from locked_account a
left join lateral (
  select array_agg(h.id) as ids, sum(h.amount - h.captured)::bigint as amount
  from hold h
  where a.held > 0
    and h.account_id = a.id
    and h.closed_at is null
    and h.expires_at <= clock_timestamp()
) as e on true
union all
select
  clock_timestamp(),
  pg_current_xact_id(),
  pg_current_xact_id()::text::bigint + (select xact_offset from xact_epoch where is_only),
  null, null, null, null, null, null, null, null, null, null, null;

-- name: LockFreeAccounts :many
-- The same, without waiting for those that somebody else holds.
with locked_account as materialized (
  select
    id, user_id, currency, balance, min_balance, held, entry_no, closed_at, rolled_up_until,
    rolled_up_until_id
  from account
  where id = any($ids::text[])
  order by id
  for no key update skip locked
)
select
  null::timestamptz as now,
  null::xid8 as xact_id,
  null::bigint as xact_no,
  a.id,
  a.user_id,
  a.currency,
  a.balance,
  a.min_balance,
  a.held - coalesce(e.amount, 0) as held,
  a.entry_no,
  a.closed_at,
  a.rolled_up_until,
  a.rolled_up_until_id,
  e.ids as expired_hold_ids
from locked_account a
left join lateral (
  select array_agg(h.id) as ids, sum(h.amount - h.captured)::bigint as amount
  from hold h
  where a.held > 0
    and h.account_id = a.id
    and h.closed_at is null
    and h.expires_at <= clock_timestamp()
) as e on true
union all
select
  clock_timestamp(),
  pg_current_xact_id(),
  pg_current_xact_id()::text::bigint + (select xact_offset from xact_epoch where is_only),
  null, null, null, null, null, null, null, null, null, null, null;

-- name: ListAccountIds :many
-- Which of these accounts there are, locked or not.
select id from account where id = any($ids::text[]);

-- name: ListHolds :many
-- Every change of a hold changes its account, too: with the account locked they stand still.
select
  id, account_id, counterparty_id, currency, amount, captured, expires_at, created_at, closed_at,
  closed_as, description, metadata
from hold
where id = any($ids::uuid[]);

-- name: ListReversedIds :many
-- Which of these transactions were reversed before.
select reverses_id as "reverses_id!" from transaction where reverses_id = any($ids::uuid[]);

-- name: WriteGroup :exec
-- All that a group's decision comes to, in one statement: its transactions, the balances after them
-- (the values that were decided under the lock, not differences), the answers to its keys.
with inserted_transaction as (
  insert into transaction (
    id, account_id, currency, amount, balance_after, entry_no,
    counterparty_id, counterparty_balance_after, counterparty_entry_no,
    description, metadata, effective_at, created_at, reverses_id, hold_id, xact_no
  )
  select
    m.id, m.account_id, m.currency, m.amount, m.balance_after, m.entry_no,
    m.counterparty_id, m.counterparty_balance_after, m.counterparty_entry_no,
    m.description, m.metadata, coalesce(m.effective_at, $now::timestamptz), $now::timestamptz,
    m.reverses_id, m.hold_id, $xact_no::bigint
  from unnest(
    $ids::uuid[], $account_ids::text[], $currencies::text[], $amounts::bigint[],
    $balances_after::bigint[], $entry_nos::bigint[],
    $counterparty_ids?::text[], $counterparty_balances_after?::bigint[],
    $counterparty_entry_nos?::bigint[],
    $descriptions?::text[], $metadata?::jsonb[], $effective_at?::timestamptz[],
    $reverses_ids?::uuid[], $hold_ids?::uuid[]
  ) as m (
    id, account_id, currency, amount, balance_after, entry_no,
    counterparty_id, counterparty_balance_after, counterparty_entry_no,
    description, metadata, effective_at, reverses_id, hold_id
  )
),
updated_account as (
  update account a
  set balance = c.balance, held = c.held, entry_no = c.entry_no
  from unnest(
    $changed_ids::text[], $changed_balances::bigint[], $changed_held::bigint[],
    $changed_entry_nos::bigint[]
  ) as c (id, balance, held, entry_no)
  where a.id = c.id
)
insert into idempotency (key, fingerprint, transaction_id, refusal, hold, created_at)
select k.key, decode(k.fingerprint, 'hex'), k.transaction_id, k.refusal, k.hold, $now::timestamptz
from unnest(
  $keys::text[], $fingerprints::text[], $transaction_ids?::uuid[], $refusals?::jsonb[],
  $holds?::jsonb[]
) as k (key, fingerprint, transaction_id, refusal, hold)
-- As with the accounts: two groups with the same keys wait for each other in one order.
order by k.key;

-- name: ReadAccounts :many
-- As they are now, and locked by nobody: what is decided by it is moved to where they are when it is written.
select
  id, user_id, currency, balance, min_balance, held, entry_no, closed_at, rolled_up_until,
  rolled_up_until_id
from account
where id = any($ids::text[]);

-- name: WriteFromRecall :many
-- The same for transactions that were decided by what this process remembers of their accounts, which are
-- locked and looked at only here: a database transaction by itself. What was decided is moved to where an
-- account stands by now, with all balances and numbers of entries; a row for each that stood elsewhere says
-- by how much, and there is one row at least. Refused with 40001 when an account cannot take
-- it there, or when one for whose sake something was refused (it comes with its limit) stands elsewhere.
-- Accounts are changed in the order of their ids, as they would be locked.
with clock as materialized (
  -- Behind the snapshot, and so behind whoever changed the accounts before: on each, time rises.
  select clock_timestamp() as now
),
updated_account as (
  update account a
  set balance = a.balance + c.change, entry_no = a.entry_no + c.entries
  from unnest(
    $ids::text[], $known_balances::bigint[], $known_entry_nos::bigint[], $changes::bigint[],
    $entries::bigint[], $lowest?::bigint[], $known_min_balances?::bigint[]
  ) with ordinality
    as c (id, known_balance, known_entry_no, change, entries, lowest, known_min_balance, place)
  where a.id = c.id
    and a.held = 0
    and a.closed_at is null
    -- What counts from now on is then late nowhere.
    and (a.rolled_up_until is null or a.rolled_up_until < (select now from clock))
    and (c.lowest is null or a.balance - c.known_balance + c.lowest >= a.min_balance)
    and abs(a.balance) + $turnover::bigint <= 9007199254740991
    and (
      c.known_min_balance is null
      or (a.balance, a.entry_no, a.min_balance)
        = (c.known_balance, c.known_entry_no, c.known_min_balance)
    )
  returning
    a.id,
    c.place,
    a.balance - c.change - c.known_balance as balance_moved,
    a.entry_no - c.entries - c.known_entry_no as entry_no_moved
),
moved as materialized (
  -- Found by their places among the accounts: the planner cannot know how many a join would be of.
  select
    array_agg(balance_moved order by place) as balance,
    array_agg(entry_no_moved order by place) as entry_no
  from updated_account
),
inserted_transaction as (
  insert into transaction (
    id, account_id, currency, amount, balance_after, entry_no,
    counterparty_id, counterparty_balance_after, counterparty_entry_no,
    description, metadata, effective_at, created_at, xact_no
  )
  select
    m.id, m.account_id, m.currency, m.amount,
    m.balance_after + (select balance from moved)[m.place],
    m.entry_no + (select entry_no from moved)[m.place],
    m.counterparty_id,
    m.counterparty_balance_after + (select balance from moved)[m.counterparty_place],
    m.counterparty_entry_no + (select entry_no from moved)[m.counterparty_place],
    m.description, m.metadata, (select now from clock), (select now from clock),
    (select pg_current_xact_id()::text::bigint + xact_offset from xact_epoch where is_only)
  from unnest(
    $transaction_ids::uuid[], $account_ids::text[], $currencies::text[], $amounts::bigint[],
    $balances_after::bigint[], $movement_entry_nos::bigint[], $places::bigint[],
    $counterparty_ids?::text[], $counterparty_balances_after?::bigint[],
    $counterparty_entry_nos?::bigint[], $counterparty_places?::bigint[],
    $descriptions?::text[], $metadata?::jsonb[]
  ) as m (
    id, account_id, currency, amount, balance_after, entry_no, place,
    counterparty_id, counterparty_balance_after, counterparty_entry_no, counterparty_place,
    description, metadata
  )
),
inserted_answer as (
  insert into idempotency (key, fingerprint, transaction_id, refusal, created_at)
  select k.key, decode(k.fingerprint, 'hex'), k.transaction_id, k.refusal, (select now from clock)
  from unnest($keys::text[], $fingerprints::text[], $answer_ids?::uuid[], $refusals?::jsonb[])
    as k (key, fingerprint, transaction_id, refusal)
  order by k.key
),
checked as materialized (
  -- It is the session that makes a serializable transaction of it: better asked than believed. Called for
  -- a refusal only, as a call costs a twentieth of a small group.
  select
    case
      when count(*) = cardinality($ids::text[])
        and current_setting('transaction_isolation') = 'serializable'
      then true
      else refuse_unless_current(false) is null
    end as is_checked
  from updated_account
)
select
  (select now from clock) as "now!", c.is_checked as "is_checked!", m.id, m.balance_moved, m.entry_no_moved
from checked c
left join (
  select id, balance_moved, entry_no_moved
  from updated_account
  where balance_moved <> 0 or entry_no_moved <> 0
) as m on true;

-- name: InsertHolds :exec
insert into hold (
  id, account_id, counterparty_id, currency, amount, captured, expires_at, created_at, closed_at,
  closed_as, description, metadata
)
select
  id, account_id, counterparty_id, currency, amount, captured, expires_at, created_at, closed_at,
  closed_as, description, metadata
from unnest(
  $ids::uuid[], $account_ids::text[], $counterparty_ids?::text[], $currencies::text[],
  $amounts::bigint[], $captured::bigint[], $expires_at?::timestamptz[], $created_at::timestamptz[],
  $closed_at?::timestamptz[], $closed_as?::text[], $descriptions?::text[], $metadata?::jsonb[]
) as h (
  id, account_id, counterparty_id, currency, amount, captured, expires_at, created_at, closed_at,
  closed_as, description, metadata
);

-- name: UpdateHolds :exec
update hold
set
  captured = h.captured,
  expires_at = h.expires_at,
  closed_at = h.closed_at,
  closed_as = h.closed_as
from unnest(
  $ids::uuid[], $captured::bigint[], $expires_at?::timestamptz[], $closed_at?::timestamptz[],
  $closed_as?::text[]
) as h (id, captured, expires_at, closed_at, closed_as)
where hold.id = h.id;

-- name: CloseExpiredHolds :exec
update hold
set closed_at = expires_at, closed_as = 'expired'
where id = any($ids::uuid[]);

-- name: InsertLateEntries :exec
insert into late_entry (account_id, effective_at, transaction_id, amount, is_expense)
select account_id, effective_at, transaction_id, amount, is_expense
from unnest(
  $account_ids::text[], $effective_at::timestamptz[], $transaction_ids::uuid[], $amounts::bigint[],
  $is_expense::boolean[]
) as e (account_id, effective_at, transaction_id, amount, is_expense);

-- name: FindXactStatus :one
-- 'in progress', 'committed', 'aborted', or null when it is too long ago to tell. A standby may not
-- have heard of it yet: nothing is over there until it is promoted.
select
  case when pg_is_in_recovery() then 'in progress' else pg_xact_status($xact_id::xid8) end as status;

-- name: IsSessionThere :one
-- Whether a session goes on, and with it what was sent to it. A standby knows nothing of its primary's.
select
  pg_is_in_recovery() or exists (select from pg_stat_activity where pid = $pid::integer)
    as "is_there!";

-- name: FindAnswerTime :maybe
-- When a key was answered, by the clock of the group that did it.
select created_at from idempotency where key = $key;

-- name: ListTransactionsByIds :many
select
  id, account_id, currency, amount, balance_after, counterparty_id, description, metadata,
  effective_at, created_at, reverses_id, hold_id
from transaction
where id = any($ids::uuid[])
order by id;

-- name: FindCounterside :maybe
-- The transaction as its counterparty sees it: no row when that is the outside world.
select
  id, counterparty_id as "account_id!", currency, -amount as "amount!",
  counterparty_balance_after as "balance_after!", account_id as counterparty_id,
  description, metadata, effective_at, created_at, reverses_id, hold_id
from transaction
where id = $id and counterparty_id is not null;

-- name: ListTransactionsByAccount :many
-- Both sides of the account, each along its own index and already cut to the page, then merged.
-- `before_at` and `before_id` are the last row of the page before, or lie above all that is asked for.
-- The upper end of a period has to come in through them: PostgreSQL begins a scan at the row comparison,
-- and would walk from there to a tighter `effective_at <= …`, 350 ms at 10 million entries.
with posted_entry as (
  select
    id, account_id, currency, amount, balance_after, counterparty_id, description, metadata,
    effective_at, created_at, reverses_id, hold_id
  from transaction
  where account_id = $account_id
    and effective_at >= coalesce($from?::timestamptz, '-infinity')
    and (effective_at, id) < ($before_at::timestamptz, $before_id::uuid)
  order by effective_at desc, id desc
  limit $limit
),
counter_entry as (
  select
    id, counterparty_id as account_id, currency, -amount as amount,
    counterparty_balance_after as balance_after, account_id as counterparty_id,
    description, metadata, effective_at, created_at, reverses_id, hold_id
  from transaction
  where counterparty_id = $account_id
    and effective_at >= coalesce($from?::timestamptz, '-infinity')
    and (effective_at, id) < ($before_at::timestamptz, $before_id::uuid)
  order by effective_at desc, id desc
  limit $limit
)
select
  id as "id!", account_id as "account_id!", currency as "currency!", amount as "amount!",
  balance_after as "balance_after!", counterparty_id, description, metadata,
  effective_at as "effective_at!", created_at as "created_at!", reverses_id, hold_id
from (select * from posted_entry union all select * from counter_entry) as entry
order by effective_at desc, id desc
limit $limit;
