-- name: ListEvents :many
-- Whatever is below the horizon is over: the oldest database transaction that still runs, and with it
-- every later one, has a higher number. So no row can come to stand there any more, and reading up to
-- it misses none, however late somebody commits. The snapshot that tells the horizon is the one that
-- reads the rows. A row without a transaction when there is none: the horizon is told all the same.
with horizon as materialized (
  select pg_snapshot_xmin(pg_current_snapshot())::text::bigint + xact_offset as xact_no
  from xact_epoch
)
select
  h.xact_no as "horizon!",
  t.xact_no as "xact_no!",
  t.id,
  t.account_id as "account_id!",
  t.currency as "currency!",
  t.amount as "amount!",
  t.balance_after as "balance_after!",
  t.entry_no as "entry_no!",
  t.counterparty_id,
  t.counterparty_balance_after,
  t.counterparty_entry_no,
  t.description,
  t.metadata,
  t.effective_at as "effective_at!",
  t.created_at as "created_at!",
  t.reverses_id,
  t.hold_id
from horizon h
left join lateral (
  select *
  from transaction
  where (xact_no, id) > ($after_xact_no::bigint, $after_id::uuid) and xact_no < h.xact_no
  order by xact_no, id
  limit $limit::bigint
) as t on true
order by t.xact_no, t.id;

-- name: FindLastPosition :maybe
-- Where the last event stands that can be shown. Not the horizon: a number that was given out and never
-- written to disk is given out again after a crash, and what has it then must not be passed over.
select xact_no, id
from transaction
where xact_no < (
  select pg_snapshot_xmin(pg_current_snapshot())::text::bigint + xact_offset from xact_epoch
)
order by xact_no desc, id desc
limit 1;

-- name: RaiseXactOffset :maybe
-- After a book was restored into another server, which counts its transactions from its own number:
-- lifts what it gives out above all that is there. The new number of this very transaction is the
-- first one above; nothing when the numbers are above anyway, as they are on the server itself.
update xact_epoch e
set xact_offset = newest.xact_no + 1 - current.xact_no
from
  (select max(xact_no) as xact_no from transaction) as newest,
  (select pg_current_xact_id()::text::bigint as xact_no) as current
where newest.xact_no >= current.xact_no + e.xact_offset
returning e.xact_offset;
