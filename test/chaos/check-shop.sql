-- What must hold of carts, orders, goods and reservations when they are looked at from outside. Each of
-- the first queries lists what does not.

-- name: ListWrongPayments :many
-- An order from a cart comes to its lines, and so much went from one account to the store's.
select o.id, o.total_amount, t.amount
from shop_order o
left join store s on s.id = o.store_id
left join transaction t on t.id = o.transaction_id
where
  o.cart_id is not null
  and (
    (t.amount, t.counterparty_id, t.metadata ->> 'order_id')
      is distinct from (-o.total_amount, s.account_id, o.id::text)
    or o.total_amount is distinct from (
      select sum(l.unit_price * l.quantity)::bigint from order_line l where l.order_id = o.id
    )
  )
order by o.id
limit 100;

-- name: ListStrayPayments :many
-- Nothing else is paid to a store.
select t.id
from transaction t
join store s on s.account_id = t.counterparty_id
where not exists (select from shop_order o where o.transaction_id = t.id)
order by t.id
limit 100;

-- name: ListWrongCarts :many
-- A cart that was ordered has one order, of just what was in it.
select c.id, c.status, count(o.id) as "orders!"
from cart c
left join shop_order o on o.cart_id = c.id
group by c.id
having
  count(o.id) <> (c.status = 'ordered')::integer
  or (
    c.status = 'ordered'
    and (
      select array_agg((l.item_id, l.quantity) order by l.item_id)
      from order_line l
      join shop_order p on p.id = l.order_id
      where p.cart_id = c.id
    ) is distinct from (
      select array_agg((l.item_id, l.quantity) order by l.item_id)
      from cart_line l
      where l.cart_id = c.id and l.removed_at is null
    )
  )
order by c.id
limit 100;

-- name: ListWrongSold :many
-- What was sold of an item is what orders have of it.
select s.item_id, s.on_hand, s.sold, coalesce(sum(l.quantity), 0)::bigint as "ordered!"
from stock s
left join order_line l on l.item_id = s.item_id
group by s.item_id
having s.sold <> coalesce(sum(l.quantity), 0) or s.on_hand < 0
order by s.item_id
limit 100;

-- name: ListWrongMessages :many
-- A created order has one message, which says what the order says; any other has none.
select o.id, o.status, count(m.id) as "messages!"
from shop_order o
left join outbox_message m on m.aggregate_id = o.id
group by o.id
having
  count(m.id) <> (o.status = 'created')::integer
  or bool_or(
    m.payload -> 'order' ->> 'order_id' is distinct from o.id::text
    or m.payload -> 'order' ->> 'product_name' is distinct from o.product_name
    or (m.payload -> 'order' ->> 'total_amount')::numeric * 100 is distinct from o.total_amount::numeric
  ) filter (where m.id is not null)
order by o.id
limit 100;

-- name: ListStrayMessages :many
select m.id
from outbox_message m
where not exists (select from shop_order o where o.id = m.aggregate_id)
order by m.id
limit 100;

-- name: ListUnfinished :many
-- What is still under way or waits; messages as well, which need a broker.
select 'order' as "what!", id as "id!", attempts as "attempts!", failure as last_error
from shop_order
where status = 'pending'
union all
select 'reservation', id, attempts, last_error
from reservation
where next_at is not null
union all
select 'message', id, attempts, last_error
from outbox_message
where published_at is null and $has_broker::boolean
order by 1, 2
limit 1000;

-- name: ListReservations :many
-- All of them, each with its line.
select
  r.id, r.line_id, r.desired, r.actual, r.external_id, r.last_error, l.quantity,
  l.removed_at is not null as "is_removed!"
from reservation r
join cart_line l on l.id = r.line_id
where r.id > $after::uuid
order by r.id
limit 10000;

-- name: ListOrders :many
-- All of them.
select id, status, cart_id, transaction_id
from shop_order
where id > $after::uuid
order by id
limit 10000;

-- name: ListMessages :many
-- All of them.
select id, aggregate_id, payload
from outbox_message
where id > $after::uuid
order by id
limit 10000;

-- name: ListShopStates :many
-- What became of it all, to see that a run had all of it.
select 'order by code, ' || status as "state!", count(*) as "times!"
from shop_order
where cart_id is null
group by 1
union all
select 'order from a cart', count(*) from shop_order where cart_id is not null
union all
select 'reservation ' || actual, count(*) from reservation group by 1
order by 1;
