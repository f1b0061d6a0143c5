-- name: ClaimReservations :many
-- Takes up what is due and says so, `requesting` or `releasing`, before the service hears of it: whoever
-- finds the row after a crash knows that the call may have been made. Answered is how far it had come
-- before. The row that is due longest comes first; one that somebody else is taking is passed by.
-- The ids go through an array as well: a prepared plan, which knows no limit, would join them to the whole
-- table (363 ms instead of 0.5 with a million rows).
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
where r.id = due.id and r.id = any(array(select id from due))
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
-- Of the longest page, by a limit that the server knows: it would hand a part of the index to each of
-- several workers, which takes 20 ms, to join all of it.
select
  r.id, r.line_id, c.user_id, r.item, r.external_id, r.desired, r.actual, r.attempts, r.last_error,
  case when r.lease_token is null then r.next_at end as next_at, r.created_at, r.updated_at
from (
  select
    id, line_id, item, external_id, desired, actual, attempts, last_error, lease_token, next_at,
    created_at, updated_at
  from reservation
  where
    desired = 'held'
    and actual = 'failed'
    and id > coalesce($after_id?::uuid, '00000000-0000-0000-0000-000000000000')
  order by id
  limit 101
) as r
join cart_line l on l.id = r.line_id
join cart c on c.id = l.cart_id
order by r.id
limit $limit::bigint;

-- name: ListLeakedReservations :many
select
  r.id, r.line_id, c.user_id, r.item, r.external_id, r.desired, r.actual, r.attempts, r.last_error,
  case when r.lease_token is null then r.next_at end as next_at, r.created_at, r.updated_at
from (
  select
    id, line_id, item, external_id, desired, actual, attempts, last_error, lease_token, next_at,
    created_at, updated_at
  from reservation
  where
    desired = 'released'
    and actual <> 'released'
    and attempts > 0
    and id > coalesce($after_id?::uuid, '00000000-0000-0000-0000-000000000000')
  order by id
  limit 101
) as r
join cart_line l on l.id = r.line_id
join cart c on c.id = l.cart_id
order by r.id
limit $limit::bigint;

-- name: FindLastReservationChange :maybe
select updated_at
from reservation
order by updated_at desc, id desc
limit 1;

-- name: ListReservationChanges :many
-- Begins a little before: who wrote down an earlier time may commit later. Along the index of what changed,
-- each looked up by itself, with the longest page as a limit that the server knows. It would begin
-- with all carts that these users ever had: 390 ms for one who had 50,000, instead of 20 for the 3,000
-- changes of a busy moment and 0.3 for those of a quiet one.
select
  r.id, r.line_id, r.user_id, r.item, r.external_id, r.desired, r.actual, r.attempts, r.last_error,
  case when r.lease_token is null then r.next_at end as next_at, r.created_at, r.updated_at
from (
  select
    r.id, r.line_id, owner.user_id, r.item, r.external_id, r.desired, r.actual, r.attempts, r.last_error,
    r.lease_token, r.next_at, r.created_at, r.updated_at
  from reservation r
  cross join lateral (
    select c.user_id
    from cart_line l
    join cart c on c.id = l.cart_id
    where l.id = r.line_id and c.user_id = any ($user_ids::text[])
    limit 1
  ) as owner
  where
    (r.updated_at, r.id) > (
      $after_updated_at::timestamptz - $overlap_ms::bigint * interval '1 millisecond', $after_id::uuid
    )
  order by r.updated_at, r.id
  limit 1000
) as r
order by r.updated_at, r.id
limit $limit::bigint;

-- name: ListCartReservations :many
-- What is in the open carts of a user; after a moment, what changed since, taken out or not. What was
-- taken out may be many times what is in a cart: only then, and of each cart only the last 5,000, is it looked at.
select
  r.id, r.line_id, c.user_id, r.item, r.external_id, r.desired, r.actual, r.attempts, r.last_error,
  case when r.lease_token is null then r.next_at end as next_at, r.created_at, r.updated_at
from cart c
cross join lateral (
  select l.id
  from cart_line l
  where l.cart_id = c.id and l.removed_at is null
  union all
  (
    select l.id
    from cart_line l
    where l.cart_id = c.id and l.removed_at is not null and $after_updated_at?::timestamptz is not null
    order by l.created_at desc, l.id desc
    limit 5000
  )
) as l
join reservation r on r.line_id = l.id
where
  c.user_id = $user_id
  and c.status = 'open'
  and (
    $after_updated_at?::timestamptz is null
    or r.updated_at > $after_updated_at - $overlap_ms::bigint * interval '1 millisecond'
  )
order by r.updated_at, r.id
limit $limit::bigint;

-- name: CountReservations :one
-- Of what there is to do the 10,000 that were due first and the 10,000 that come due next, and 10,000 of
-- what cannot be done: all in indexes that hold nothing else. Whoever watches needs no more than that
-- there are too many, and counting a million takes half a second, every few seconds.
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
    select count(*)
    from (
      select id
      from reservation
      where desired = 'held' and actual = 'failed'
      order by id
      limit 10000
    ) as failed_reservation
  )::bigint as "failed!",
  (
    select count(*)
    from (
      select id
      from reservation
      where desired = 'released' and actual <> 'released' and attempts > 0
      order by id
      limit 10000
    ) as leaked_reservation
  )::bigint as "leaked!"
from (
  (select next_at, lease_until from reservation where next_at <= now() order by next_at, id limit 10000)
  union all
  (select next_at, lease_until from reservation where next_at > now() order by next_at, id limit 10000)
) as open_reservation;
