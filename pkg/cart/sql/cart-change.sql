-- name: SetItemQuantity :one
-- 0 takes the line out, and has its reservation released whatever state that is in: the worker that may
-- be at it keeps its lease, and finds the new wish when it writes down what came of its call. A cart
-- without such a line is left alone.
with wanted_line as (
  select id
  from cart_line
  where
    cart_id = $cart_id
    and coalesce(item_id::text, ':' || name) = $item_id::uuid::text
    and removed_at is null
),
locked_cart as (
  update cart
  set updated_at = clock_timestamp()
  where
    id = $cart_id
    and user_id = $user_id
    and status = 'open'
    and exists (select from wanted_line)
  returning id, updated_at
),
line as (
  update cart_line l
  set
    quantity = case $quantity::integer when 0 then l.quantity else $quantity end,
    removed_at = case $quantity::integer when 0 then c.updated_at end,
    updated_at = c.updated_at
  from locked_cart c, wanted_line w
  where l.id = w.id and l.removed_at is null
  returning l.id, l.removed_at
),
released_reservation as (
  update reservation r
  set desired = 'released', next_at = l.removed_at, attempts = 0, updated_at = l.removed_at
  from line l
  where r.line_id = l.id and l.removed_at is not null
)
select
  (select status from cart where id = $cart_id and user_id = $user_id) as "status?",
  exists (select from wanted_line) as "has_line!",
  exists (select from locked_cart) as "is_locked!",
  exists (select from line) as "is_changed!";

-- name: SetLineQuantity :maybe
-- The same by the line's id; no row when there is no such line in a cart of the user. What was taken out
-- before can be taken out again, and nothing comes of it.
with wanted_line as (
  select l.id, l.cart_id, l.removed_at, c.status
  from cart_line l
  join cart c on c.id = l.cart_id
  where l.id = $line_id and c.user_id = $user_id
),
locked_cart as (
  update cart
  set updated_at = clock_timestamp()
  where id = (select cart_id from wanted_line where removed_at is null) and status = 'open'
  returning id, updated_at
),
line as (
  update cart_line l
  set
    quantity = case $quantity::integer when 0 then l.quantity else $quantity end,
    removed_at = case $quantity::integer when 0 then c.updated_at end,
    updated_at = c.updated_at
  from locked_cart c
  where l.cart_id = c.id and l.id = $line_id and l.removed_at is null
  returning l.id, l.quantity, l.updated_at, l.removed_at
),
released_reservation as (
  update reservation r
  set desired = 'released', next_at = l.removed_at, attempts = 0, updated_at = l.removed_at
  from line l
  where r.line_id = l.id and l.removed_at is not null
  returning r.line_id, r.desired, r.actual, r.attempts
)
select
  w.status as "status!",
  exists (select from locked_cart) as "is_locked!",
  n.id is not null as "is_changed!",
  l.id as "id!",
  l.cart_id as "cart_id!",
  l.item_id as "item_id?",
  l.name as "name!",
  coalesce(n.quantity, l.quantity) as "quantity!",
  case when i.deleted_at is null then i.price end as "price?",
  s.currency as "currency!",
  r.external_id as "external_id?",
  coalesce(o.desired, r.desired) as desired,
  coalesce(o.actual, r.actual) as actual,
  coalesce(o.attempts, r.attempts) as attempts,
  -- Released just now it is due, unless somebody is at it.
  case when r.lease_token is null then coalesce(n.removed_at, r.next_at) end as next_at,
  r.last_error as "last_error?",
  l.created_at as "created_at!",
  coalesce(n.updated_at, l.updated_at) as "updated_at!",
  coalesce(n.removed_at, l.removed_at) as removed_at
from wanted_line w
join cart_line l on l.id = w.id
join store s on s.id = l.store_id
left join line n on n.id = l.id
left join item i on i.id = l.item_id
left join reservation r on r.line_id = l.id
left join released_reservation o on o.line_id = l.id;

-- name: EmptyCart :one
-- Takes out all lines that are in it. A line that somebody is adding meanwhile was added afterwards.
with locked_cart as (
  update cart
  set updated_at = clock_timestamp()
  where id = $cart_id and user_id = $user_id and status = 'open'
  returning id, updated_at
),
line as (
  update cart_line l
  set removed_at = c.updated_at, updated_at = c.updated_at
  from locked_cart c
  where l.cart_id = c.id and l.removed_at is null
  returning l.id, l.removed_at
),
released_reservation as (
  update reservation r
  set desired = 'released', next_at = l.removed_at, attempts = 0, updated_at = l.removed_at
  from line l
  where r.line_id = l.id
)
select
  (select status from cart where id = $cart_id and user_id = $user_id) as "status?",
  exists (select from locked_cart) as "is_locked!";

-- name: SetAddress :one
-- The address keeps its id and the time at which the cart first had one.
with moment as (
  select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as text
),
locked_cart as (
  update cart
  set
    address = $address::jsonb || jsonb_build_object(
      'id', coalesce(address ->> 'id', $address_id::text),
      'createdAt', coalesce(address -> 'createdAt', to_jsonb(moment.text)),
      'updatedAt', moment.text
    ),
    updated_at = clock_timestamp()
  from moment
  where id = $cart_id and user_id = $user_id and status = 'open'
  returning id
)
select
  (select status from cart where id = $cart_id and user_id = $user_id) as "status?",
  exists (select from locked_cart) as "is_locked!";
