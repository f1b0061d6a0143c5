-- name: ClaimReservations :many
-- Takes up what is due and says so, `requesting` or `releasing`, before the service hears of it: whoever
-- finds the row after a crash knows that the call may have been made. Answered is how far it had come
-- before. The row that is due longest comes first; one that somebody else is taking is passed by.
with due as materialized (
  select id, actual
  from reservation
  where next_at <= now() and (lease_until is null or lease_until <= now())
  order by next_at, id
  limit $limit::bigint
  for update skip locked
)
update reservation r
set
  lease_token = $lease_token::uuid,
  lease_until = now() + $lease_ms::bigint * interval '1 millisecond',
  next_at = now() + $lease_ms::bigint * interval '1 millisecond',
  actual = case
    when r.desired = 'held' and r.actual = 'none' then 'requesting'
    when r.desired = 'released' and r.actual = 'held' then 'releasing'
    else r.actual
  end
from due
where r.id = due.id
returning r.id, r.item, r.desired, due.actual, r.external_id, r.attempts, r.traceparent;

-- name: RenewReservations :many
-- Answered are all that are still leased under the token. One whose row somebody is changing at this very
-- moment is renewed the next time instead of being waited for, so that nobody waits for each other.
with leased as materialized (
  select id
  from reservation
  where id = any ($ids::uuid[]) and lease_token = $lease_token::uuid
),
free as materialized (
  select r.id
  from reservation r
  join leased on leased.id = r.id
  where r.lease_token = $lease_token::uuid
  for update of r skip locked
),
renewed as (
  update reservation r
  set
    lease_until = now() + $lease_ms::bigint * interval '1 millisecond',
    next_at = now() + $lease_ms::bigint * interval '1 millisecond'
  from free
  where r.id = free.id
)
select id from leased;

-- name: SettleReservation :maybe
-- What came of it, by whoever holds the lease, which ends with it. When the wish has changed meanwhile
-- there is something to do about it at once, from a first attempt on.
update reservation
set
  external_id = $external_id?::bigint,
  actual = $actual,
  attempts = case when desired = $desired then $attempts::integer else 0 end,
  last_error = $last_error?::text,
  next_at = case
    when desired = $desired then now() + $in_ms?::bigint * interval '1 millisecond'
    else now()
  end,
  lease_token = null,
  lease_until = null,
  updated_at = clock_timestamp()
where id = $id and lease_token = $lease_token::uuid
returning (desired <> $desired) as "is_wish_changed!";

-- name: FindReservationByLine :maybe
select
  r.id, r.line_id, c.user_id, r.item, r.external_id, r.desired, r.actual, r.attempts, r.last_error,
  case when r.lease_token is null then r.next_at end as next_at, r.created_at, r.updated_at
from reservation r
join cart_line l on l.id = r.line_id
join cart c on c.id = l.cart_id
where
  r.line_id = $line_id
  and l.removed_at is null
  and ($user_id?::text is null or c.user_id = $user_id);

-- name: RetryReservation :maybe
-- Asked by its key before it is asked for: what failed without an answer may have been reserved.
update reservation r
set actual = 'unknown', attempts = 0, next_at = now(), updated_at = clock_timestamp()
from cart_line l
join cart c on c.id = l.cart_id
where
  r.line_id = $line_id
  and l.id = r.line_id
  and l.removed_at is null
  and ($user_id?::text is null or c.user_id = $user_id)
  and r.desired = 'held'
  and r.actual = 'failed'
returning
  r.id, r.line_id, c.user_id, r.item, r.external_id, r.desired, r.actual, r.attempts, r.last_error,
  r.next_at, r.created_at, r.updated_at;

-- name: ListFailedReservations :many
select
  r.id, r.line_id, c.user_id, r.item, r.external_id, r.desired, r.actual, r.attempts, r.last_error,
  case when r.lease_token is null then r.next_at end as next_at, r.created_at, r.updated_at
from reservation r
join cart_line l on l.id = r.line_id
join cart c on c.id = l.cart_id
where r.desired = 'held' and r.actual = 'failed' and ($after_id?::uuid is null or r.id > $after_id)
order by r.id
limit $limit::bigint;

-- name: ListLeakedReservations :many
select
  r.id, r.line_id, c.user_id, r.item, r.external_id, r.desired, r.actual, r.attempts, r.last_error,
  case when r.lease_token is null then r.next_at end as next_at, r.created_at, r.updated_at
from reservation r
join cart_line l on l.id = r.line_id
join cart c on c.id = l.cart_id
where
  r.desired = 'released'
  and r.actual <> 'released'
  and r.attempts > 0
  and ($after_id?::uuid is null or r.id > $after_id)
order by r.id
limit $limit::bigint;

-- name: FindLastReservationChange :maybe
select updated_at
from reservation
order by updated_at desc, id desc
limit 1;

-- name: ListReservationChanges :many
-- Begins a little before: who wrote down an earlier time may commit later.
select
  r.id, r.line_id, c.user_id, r.item, r.external_id, r.desired, r.actual, r.attempts, r.last_error,
  case when r.lease_token is null then r.next_at end as next_at, r.created_at, r.updated_at
from reservation r
join cart_line l on l.id = r.line_id
join cart c on c.id = l.cart_id
where
  (r.updated_at, r.id) > (
    $after_updated_at::timestamptz - $overlap_ms::bigint * interval '1 millisecond', $after_id::uuid
  )
  and c.user_id = any ($user_ids::text[])
order by r.updated_at, r.id
limit $limit::bigint;

-- name: ListCartReservations :many
-- What is in the open carts of a user; after a moment, what changed since, taken out or not.
select
  r.id, r.line_id, c.user_id, r.item, r.external_id, r.desired, r.actual, r.attempts, r.last_error,
  case when r.lease_token is null then r.next_at end as next_at, r.created_at, r.updated_at
from cart c
join cart_line l on l.cart_id = c.id
join reservation r on r.line_id = l.id
where
  c.user_id = $user_id
  and c.status = 'open'
  and case
    when $after_updated_at?::timestamptz is null then l.removed_at is null
    else r.updated_at > $after_updated_at - $overlap_ms::bigint * interval '1 millisecond'
  end
order by r.updated_at, r.id
limit $limit::bigint;

-- name: CountReservations :one
-- Of what there is to do, and of what cannot be done: both are in indexes that hold nothing else.
select
  (count(*) filter (where next_at <= now() and (lease_until is null or lease_until <= now())))::bigint
    as "due!",
  coalesce(
    extract(epoch from now() - min(next_at) filter (
      where next_at <= now() and (lease_until is null or lease_until <= now())
    )),
    0
  )::float8 as "oldest_due_seconds!",
  (count(*) filter (where next_at > now() and (lease_until is null or lease_until <= now())))::bigint
    as "waiting!",
  (count(*) filter (where lease_until > now()))::bigint as "leased!",
  (
    select count(*) from reservation where desired = 'held' and actual = 'failed'
  )::bigint as "failed!",
  (
    select count(*)
    from reservation
    where desired = 'released' and actual <> 'released' and attempts > 0
  )::bigint as "leaked!"
from reservation
where next_at is not null;
