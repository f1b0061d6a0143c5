-- The first three are sent in one round trip, behind the locks of the accounts; see companion.ts.

-- name: LockCarts :many
-- In the order of their ids, as all locks here. Every change of a line changes its cart's row, too: a
-- group that waited for one with an older snapshot is refused the lock, and looks again. An order is
-- only looked for where there is one: a look in vain locks a page of the index under SERIALIZABLE.
with locked_cart as materialized (
  select id, user_id, store_id, status
  from cart
  where id = any($ids::uuid[])
  order by id
  for no key update
)
select
  c.id, c.user_id, c.store_id, s.currency, u.first_name, u.last_name,
  case when c.status = 'ordered' then (
    select o.transaction_id from shop_order o where o.cart_id = c.id
  ) end as paid_by
from locked_cart c
join store s on s.id = c.store_id
join app_user u on u.id = c.user_id;

-- name: LockFreeCarts :many
-- The same, without waiting for those that somebody else holds.
with locked_cart as materialized (
  select id, user_id, store_id, status
  from cart
  where id = any($ids::uuid[])
  order by id
  for no key update skip locked
)
select
  c.id, c.user_id, c.store_id, s.currency, u.first_name, u.last_name,
  case when c.status = 'ordered' then (
    select o.transaction_id from shop_order o where o.cart_id = c.id
  ) end as paid_by
from locked_cart c
join store s on s.id = c.store_id
join app_user u on u.id = c.user_id;

-- name: ListLockedLines :many
-- Items are not locked: a price that changes now changes after this group, as one snapshot sees it.
select
  l.cart_id as "cart_id!", l.id as "id!", l.item_id, l.quantity as "quantity!",
  coalesce(i.name, l.name) as "name!", i.price,
  i.id is not null and i.deleted_at is null as "is_on_market!"
from cart_line l
left join item i on i.id = l.item_id
where l.cart_id = any($cart_ids::uuid[]) and l.removed_at is null
order by l.cart_id, l.created_at, l.id;

-- name: LockStock :many
-- Of all items in these carts, in the order of their ids. An item without a row is not counted.
select s.item_id, s.on_hand
from stock s
where s.item_id in (
  select l.item_id from cart_line l where l.cart_id = any($cart_ids::uuid[]) and l.removed_at is null
)
order by s.item_id
for no key update of s;

-- name: LockFreeStock :many
-- The same, without waiting for those that somebody else holds.
select s.item_id, s.on_hand
from stock s
where s.item_id in (
  select l.item_id from cart_line l where l.cart_id = any($cart_ids::uuid[]) and l.removed_at is null
)
order by s.item_id
for no key update of s skip locked;

-- name: ListCartAndStockIds :many
-- Which carts and which items' stock there are, locked or not.
select c.id as "id!" from cart c where c.id = any($cart_ids::uuid[])
union all
select s.item_id
from stock s
where s.item_id in (
  select l.item_id from cart_line l where l.cart_id = any($cart_ids::uuid[]) and l.removed_at is null
);

-- name: WriteSales :exec
-- All that a group's checkouts come to, in one statement: orders with their lines, the goods taken, the
-- carts done with, the messages. Stock is taken by how much, so that the check constraint has the last
-- word on whether there was so much.
with inserted_order as (
  insert into shop_order (
    id, owner_id, user_id, status, cart_id, store_id, transaction_id, total_amount, currency,
    customer_fullname, product_name, traceparent, created_at, updated_at
  )
  select
    o.id, o.user_id, o.user_id, 'created', o.cart_id, o.store_id, o.transaction_id, o.total_amount,
    o.currency, o.customer_fullname, o.product_name, o.headers ->> 'traceparent', $now, $now
  from unnest(
    $ids::uuid[], $user_ids::text[], $cart_ids::uuid[], $store_ids::text[], $transaction_ids::uuid[],
    $total_amounts::bigint[], $currencies::text[], $customer_fullnames::text[], $product_names::text[],
    $headers::jsonb[]
  ) as o (
    id, user_id, cart_id, store_id, transaction_id, total_amount, currency, customer_fullname,
    product_name, headers
  )
),
inserted_line as (
  insert into order_line (order_id, line_no, item_id, quantity, unit_price, name)
  select order_id, line_no, item_id, quantity, unit_price, name
  from unnest(
    $line_order_ids::uuid[], $line_nos::integer[], $line_item_ids::uuid[], $line_quantities::integer[],
    $line_unit_prices::bigint[], $line_names::text[]
  ) as l (order_id, line_no, item_id, quantity, unit_price, name)
),
taken_stock as (
  update stock s
  set on_hand = s.on_hand - t.quantity, sold = s.sold + t.quantity, updated_at = $now
  from unnest($taken_item_ids::uuid[], $taken_quantities::bigint[]) as t (item_id, quantity)
  where s.item_id = t.item_id
),
ordered_cart as (
  update cart set status = 'ordered', updated_at = $now where id = any($cart_ids::uuid[])
)
insert into outbox_message (
  id, aggregate_id, aggregate_type, aggregate_version, exchange, routing_key, type, payload, headers,
  created_at
)
select m.id, m.order_id, 'order', 1, m.exchange, m.routing_key, m.type, m.payload, m.headers, $now
from unnest(
  $message_ids::uuid[], $ids::uuid[], $exchanges::text[], $routing_keys::text[], $types::text[],
  $payloads::jsonb[], $headers::jsonb[]
) with ordinality as m (
  id, order_id, exchange, routing_key, type, payload, headers, position
)
-- So that they are numbered, and published, in the order in which they were decided.
order by m.position;

-- name: FindTill :maybe
-- The user's open cart in the store, or else the one that was ordered last, and how many lines it has.
with till as materialized (
  select
    s.account_id,
    coalesce(
      (select c.id from cart c where c.user_id = $user_id and c.store_id = s.id and c.status = 'open'),
      (
        select c.id
        from cart c
        where c.user_id = $user_id and c.store_id = s.id
        order by c.created_at desc, c.id desc
        limit 1
      )
    ) as cart_id
  from store s
  where s.id = $store_id
)
select
  t.account_id, t.cart_id as "cart_id?",
  (select count(*) from cart_line l where l.cart_id = t.cart_id and l.removed_at is null) as "lines!"
from till t;

-- name: FindTillOfCart :maybe
select
  s.account_id, c.id as cart_id,
  (select count(*) from cart_line l where l.cart_id = c.id and l.removed_at is null) as "lines!"
from cart c
join store s on s.id = c.store_id
where c.id = $cart_id and c.user_id = $user_id and ($store_id?::text is null or s.id = $store_id?);

-- name: FindOrderIdOfPayment :maybe
select id from shop_order where transaction_id = $transaction_id;
