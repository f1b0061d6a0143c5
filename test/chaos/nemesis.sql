-- What the nemesis does to the database, over connections of its own.

-- name: CreateClockSchema :exec
create schema chaos;

-- name: CreateClockShift :exec
-- Milliseconds. A sequence, because reading one is no read that SERIALIZABLE has to watch.
create sequence chaos.clock_shift minvalue -1000000000 start 0;

-- name: CreateClock :exec
-- Found in place of PostgreSQL's own, in sessions that look into this schema first.
create function chaos.clock_timestamp() returns timestamptz language sql volatile as '
  select pg_catalog.clock_timestamp()
    + (select last_value from chaos.clock_shift) * interval ''1 millisecond''
';

-- name: CreateTransactionClock :exec
-- The time at which a transaction began, by the same clock. Stable, as PostgreSQL's own, so that an
-- index serves a comparison with it.
create function chaos.now() returns timestamptz language sql stable as '
  select pg_catalog.now()
    + (select last_value from chaos.clock_shift) * interval ''1 millisecond''
';

-- name: CreateStatementClock :exec
create function chaos.statement_timestamp() returns timestamptz language sql stable as '
  select pg_catalog.statement_timestamp()
    + (select last_value from chaos.clock_shift) * interval ''1 millisecond''
';

-- name: PutClockFirst :exec
alter database tillbook set search_path = chaos, pg_catalog, public;

-- name: GrantClock :exec
grant usage on schema chaos to public;

-- name: GrantClockShift :exec
grant select on sequence chaos.clock_shift to public;

-- name: ShiftClock :one
select setval('chaos.clock_shift'::text::regclass, $shift_ms::bigint) as "shift_ms!";

-- name: ListLedgerBackends :many
select pid as "pid!"
from pg_stat_activity
where application_name = 'tillbook-api ledger'
order by (state = 'active') desc, pid
limit 100;

-- name: LockAccounts :many
select id from account where id = any($ids::text[]) order by id for update;

-- name: LockAccountTable :exec
lock table account in access exclusive mode;

-- name: LockKeyTable :exec
lock table idempotency in access exclusive mode;
