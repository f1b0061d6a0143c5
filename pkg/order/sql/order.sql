-- name: InsertOrder :one
-- An order by product code, its key, and its message when it is created: one statement, so that all of
-- them are there or none. A key that somebody else is inserting at this moment is waited for; when it is
-- taken nothing is inserted, which `is_inserted` tells.
with
inserted_key as (
  insert into order_key (owner_id, key, fingerprint, order_id, created_at)
  select $owner_id, $key?, $fingerprint?, $id, $created_at
  where $key?::text is not null
  on conflict (owner_id, key) do nothing
  returning order_id
),
inserted_order as (
  insert into shop_order (
    id, owner_id, user_id, status, product_code, customer_fullname, product_name, total_amount, currency,
    traceparent, next_at, created_at, updated_at
  )
  select
    $id, $owner_id, $user_id, case when $message_id?::uuid is null then 'pending' else 'created' end,
    $product_code, $customer_fullname?, $product_name?, $total_amount?, $currency, $traceparent?,
    case when $message_id?::uuid is null then $created_at::timestamptz end, $created_at, $created_at
  where $key?::text is null or exists (select from inserted_key)
  returning id
),
inserted_message as (
  insert into outbox_message (
    id, aggregate_id, aggregate_type, aggregate_version, exchange, routing_key, type, payload, headers,
    created_at
  )
  select
    $message_id, o.id, 'order', 1, $exchange?::text, $routing_key?::text, $type?::text,
    $payload?::jsonb, $headers?::jsonb, $created_at
  from inserted_order o
  where $message_id?::uuid is not null
)
select exists (select from inserted_order) as "is_inserted!";

-- name: InsertRefusal :exec
insert into order_key (owner_id, key, fingerprint, refusal, created_at)
values ($owner_id, $key, $fingerprint, $refusal, $created_at)
on conflict (owner_id, key) do nothing;

-- name: FindOrderKey :maybe
select fingerprint, order_id, refusal from order_key where owner_id = $owner_id and key = $key;

-- name: FindOrderById :maybe
-- Somebody else's is none; a null owner stands for whoever may see all.
select
  o.id, o.owner_id, o.user_id, o.status, o.product_code, o.customer_fullname, o.product_name,
  o.total_amount, o.currency, o.failure, o.attempts,
  case when o.lease_until is null then o.next_at end as next_attempt_at,
  o.cart_id, o.store_id, o.transaction_id, o.created_at, o.updated_at
from shop_order o
where o.id = $id and ($owner_id?::text is null or o.owner_id = $owner_id?);

-- name: ListOrders :many
-- The newest first, those before the given place.
select
  o.id, o.owner_id, o.user_id, o.status, o.product_code, o.customer_fullname, o.product_name,
  o.total_amount, o.currency, o.failure, o.attempts,
  case when o.lease_until is null then o.next_at end as next_attempt_at,
  o.cart_id, o.store_id, o.transaction_id, o.created_at, o.updated_at
from shop_order o
where (o.created_at, o.id) < ($before_created_at, $before_id)
order by o.created_at desc, o.id desc
limit $limit;

-- name: ListOrdersOfOwner :many
-- The same by owner: an own query, so that each walks its own index.
select
  o.id, o.owner_id, o.user_id, o.status, o.product_code, o.customer_fullname, o.product_name,
  o.total_amount, o.currency, o.failure, o.attempts,
  case when o.lease_until is null then o.next_at end as next_attempt_at,
  o.cart_id, o.store_id, o.transaction_id, o.created_at, o.updated_at
from shop_order o
where o.owner_id = $owner_id and (o.created_at, o.id) < ($before_created_at, $before_id)
order by o.created_at desc, o.id desc
limit $limit;

-- name: ListOrderLines :many
select order_id, item_id, name, quantity, unit_price
from order_line
where order_id = any($order_ids::uuid[])
order by order_id, line_no;
