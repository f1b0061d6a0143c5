-- name: ClaimPendingOrders :many
-- Those that are due, the longest due first. While one is under way next_at is the end of its lease, so
-- that an order whose worker is gone becomes due by itself.
-- By the time of the statement, which stands still, and at which the look along the index ends: by
-- clock_timestamp() it went on through all that are not due yet (60 ms each time with 200,000 of them).
-- The ids go through an array: a plan that knows no limit would join them to the whole table.
with due_order as materialized (
  select id
  from shop_order
  where next_at <= statement_timestamp()
  order by next_at, id
  limit $limit
  for update skip locked
)
update shop_order o
set
  lease_token = $token,
  lease_until = clock_timestamp() + $lease_ms::integer * interval '1 millisecond',
  next_at = clock_timestamp() + $lease_ms::integer * interval '1 millisecond'
where o.id = any(array(select id from due_order))
returning
  o.id, o.user_id, o.product_code as "product_code!", o.customer_fullname, o.product_name, o.total_amount,
  o.currency, o.attempts, o.traceparent, o.created_at;

-- name: RenewPendingOrders :many
update shop_order
set
  lease_until = clock_timestamp() + $lease_ms::integer * interval '1 millisecond',
  next_at = clock_timestamp() + $lease_ms::integer * interval '1 millisecond'
where id = any($ids::uuid[]) and lease_token = $token
returning id;

-- name: CompletePendingOrder :exec
-- Created, with its message by the same commit, unless somebody else has taken the order over.
with completed_order as (
  update shop_order
  set
    status = 'created', customer_fullname = $customer_fullname, product_name = $product_name,
    total_amount = $total_amount, next_at = null, lease_token = null, lease_until = null,
    updated_at = clock_timestamp()
  where id = $id and lease_token = $token
  returning id
)
insert into outbox_message (
  id, aggregate_id, aggregate_type, aggregate_version, exchange, routing_key, type, payload, headers,
  created_at
)
select
  $message_id, o.id, 'order', 1, $exchange, $routing_key, $type, $payload, $headers, clock_timestamp()
from completed_order o;

-- name: PostponePendingOrder :exec
update shop_order
set
  customer_fullname = $customer_fullname?, product_name = $product_name?, total_amount = $total_amount?,
  attempts = $attempts, lease_token = null, lease_until = null,
  next_at = clock_timestamp() + $delay_ms::integer * interval '1 millisecond',
  updated_at = clock_timestamp()
where id = $id and lease_token = $token;

-- name: FailPendingOrder :exec
update shop_order
set
  status = 'failed', failure = $failure, customer_fullname = $customer_fullname?,
  product_name = $product_name?, total_amount = $total_amount?, attempts = $attempts,
  next_at = null, lease_token = null, lease_until = null, updated_at = clock_timestamp()
where id = $id and lease_token = $token;

-- name: CountPendingOrders :one
-- Of what there is to do, which is all that the index holds, the 10,000 that were due first and the 10,000
-- that come due next: whoever watches needs no more than that there are too many.
select
  (count(*) filter (where next_at <= statement_timestamp()))::bigint as "due!",
  coalesce(
    extract(epoch from statement_timestamp() - min(next_at) filter (where next_at <= statement_timestamp())),
    0
  )::float8 as "oldest_due_seconds!",
  (count(*) filter (where next_at > statement_timestamp() and lease_until is null))::bigint as "waiting!",
  (count(*) filter (where lease_until > statement_timestamp()))::bigint as "leased!"
from (
  (
    select next_at, lease_until
    from shop_order
    where next_at <= statement_timestamp()
    order by next_at, id
    limit 10000
  )
  union all
  (
    select next_at, lease_until
    from shop_order
    where next_at > statement_timestamp()
    order by next_at, id
    limit 10000
  )
) as open_order;
