-- name: AddNamedLine :one
-- Puts something into the caller's open cart by its name, in one statement: reads the key, opens or locks
-- the cart, adds to the line that is there or makes one with its reservation, and keeps the key.
--
-- Lock order, here as in every statement about carts: the cart, then its lines, then their
-- reservations. READ COMMITTED is enough, because nothing is decided by what was read before. An insert
-- that conflicts waits for the other, and goes on with the row as it then is: two that open a cart have
-- one, two that add have the sum. A cart that is being ordered is waited for; it has left the index
-- then, and a new one is opened. A line's times are taken under the cart's lock, so that they follow each other.
-- Of items of one name the oldest is the one with the lowest id, which begins with the time: so it is the
-- first one in the index, however many have that name.
with known_key as (
  select line_id, quantity, fingerprint
  from cart_key
  where user_id = $user_id and key = $key?
),
open_cart as (
  insert into cart (id, user_id, store_id, created_at, updated_at)
  select $cart_id, $user_id, $store_id, clock_timestamp(), clock_timestamp()
  where not exists (select from known_key)
  on conflict (user_id, store_id) where status = 'open' do update
  set updated_at = clock_timestamp()
  returning id, updated_at
),
goods as (
  select id
  from item
  where store_id = $store_id and name = $name and deleted_at is null
  order by id
  limit 1
),
line as (
  insert into cart_line as l (
    id, cart_id, store_id, item_id, quantity, name, created_at, updated_at
  )
  select $line_id, c.id, $store_id, g.id, $quantity, $name, c.updated_at, c.updated_at
  from open_cart c
  left join goods g on true
  on conflict (cart_id, coalesce(item_id::text, ':' || name)) where removed_at is null do update
  set quantity = l.quantity + excluded.quantity, updated_at = excluded.updated_at
  returning l.id, l.cart_id, l.item_id, l.name, l.quantity, l.created_at, l.updated_at, l.removed_at
),
new_reservation as (
  insert into reservation (id, line_id, item, traceparent, next_at, created_at, updated_at)
  select $reservation_id, id, name, $traceparent?, created_at, created_at, created_at
  from line
  where id = $line_id
),
new_key as (
  insert into cart_key (user_id, key, fingerprint, line_id, quantity, created_at)
  select $user_id, $key?, $fingerprint?, id, quantity, updated_at
  from line
  where $key? is not null
),
answer as (
  select *, null::bytea as known_fingerprint from line
  union all
  select
    l.id, l.cart_id, l.item_id, l.name, k.quantity, l.created_at, l.updated_at, l.removed_at, k.fingerprint
  from known_key k
  join cart_line l on l.id = k.line_id
)
select
  a.id as "id!", a.cart_id as "cart_id!", a.item_id, a.name as "name!", a.quantity as "quantity!",
  case when i.deleted_at is null then i.price end as price,
  s.currency as "currency!",
  -- None is there for a line that is made here, nor for one that another made while this waited.
  r.external_id, r.desired, r.actual, r.attempts,
  case when r.id is null then a.created_at when r.lease_token is null then r.next_at end as "next_at?",
  r.last_error,
  a.created_at as "created_at!", a.updated_at as "updated_at!", a.removed_at,
  a.known_fingerprint
from answer a
join store s on s.id = $store_id
left join item i on i.id = a.item_id
left join reservation r on r.line_id = a.id;

-- name: AddNamedLines :many
-- The same for many at once, each into another cart: it costs about what one alone does, and is one commit.
-- Carts are locked in one order, so that two such statements never wait for each other in a circle. When it
-- fails, it has added nothing, and each is added alone.
with asked as (
  select
    position, user_id, store_id, name, quantity, key, fingerprint, cart_id, line_id, reservation_id
  from unnest(
    $user_ids::text[], $store_ids::text[], $names::text[], $quantities::integer[], $keys?::text[],
    $fingerprints?::bytea[], $cart_ids::uuid[], $line_ids::uuid[], $reservation_ids::uuid[]
  ) with ordinality as a (
    user_id, store_id, name, quantity, key, fingerprint, cart_id, line_id, reservation_id, position
  )
),
known_key as (
  select a.position, k.line_id, k.quantity, k.fingerprint
  from asked a
  join cart_key k on k.user_id = a.user_id and k.key = a.key
),
open_cart as (
  insert into cart (id, user_id, store_id, created_at, updated_at)
  select a.cart_id, a.user_id, a.store_id, clock_timestamp(), clock_timestamp()
  from asked a
  where not exists (select from known_key k where k.position = a.position)
  order by a.user_id, a.store_id
  on conflict (user_id, store_id) where status = 'open' do update
  set updated_at = clock_timestamp()
  returning id, user_id, store_id, updated_at
),
goods as (
  select a.position, c.id as cart_id, c.updated_at, g.id
  from open_cart c
  join asked a on a.user_id = c.user_id and a.store_id = c.store_id
  left join lateral (
    select i.id
    from item i
    where i.store_id = a.store_id and i.name = a.name and i.deleted_at is null
    order by i.id
    limit 1
  ) g on true
),
line as (
  insert into cart_line as l (
    id, cart_id, store_id, item_id, quantity, name, created_at, updated_at
  )
  select a.line_id, g.cart_id, a.store_id, g.id, a.quantity, a.name, g.updated_at, g.updated_at
  from goods g
  join asked a on a.position = g.position
  on conflict (cart_id, coalesce(item_id::text, ':' || name)) where removed_at is null do update
  set quantity = l.quantity + excluded.quantity, updated_at = excluded.updated_at
  returning l.id, l.cart_id, l.item_id, l.name, l.quantity, l.created_at, l.updated_at, l.removed_at
),
added as (
  select g.position, l.*
  from line l
  join goods g on g.cart_id = l.cart_id
),
new_reservation as (
  insert into reservation (id, line_id, item, next_at, created_at, updated_at)
  select a.reservation_id, l.id, l.name, l.created_at, l.created_at, l.created_at
  from added l
  join asked a on a.position = l.position
  where l.id = a.line_id
),
new_key as (
  insert into cart_key (user_id, key, fingerprint, line_id, quantity, created_at)
  select a.user_id, a.key, a.fingerprint, l.id, l.quantity, l.updated_at
  from added l
  join asked a on a.position = l.position
  where a.key is not null
),
answer as (
  select *, null::bytea as known_fingerprint from added
  union all
  select
    k.position, l.id, l.cart_id, l.item_id, l.name, k.quantity, l.created_at, l.updated_at, l.removed_at,
    k.fingerprint
  from known_key k
  join cart_line l on l.id = k.line_id
)
select
  a.id as "id!", a.cart_id as "cart_id!", a.item_id, a.name as "name!", a.quantity as "quantity!",
  case when i.deleted_at is null then i.price end as price,
  s.currency as "currency!",
  r.external_id, r.desired, r.actual, r.attempts,
  case when r.id is null then a.created_at when r.lease_token is null then r.next_at end as "next_at?",
  r.last_error,
  a.created_at as "created_at!", a.updated_at as "updated_at!", a.removed_at,
  a.known_fingerprint
from answer a
join asked on asked.position = a.position
join store s on s.id = asked.store_id
left join item i on i.id = a.item_id
left join reservation r on r.line_id = a.id
order by a.position;

-- name: AddItemToOpenCart :maybe
-- The same by the item, into the open cart of its store. No row when there is no such item on the market.
with goods as (
  select id, store_id, name
  from item
  where id = $item_id and deleted_at is null
),
open_cart as (
  insert into cart (id, user_id, store_id, created_at, updated_at)
  select $cart_id, $user_id, store_id, clock_timestamp(), clock_timestamp()
  from goods
  on conflict (user_id, store_id) where status = 'open' do update
  set updated_at = clock_timestamp()
  returning id, store_id, updated_at
),
line as (
  insert into cart_line as l (
    id, cart_id, store_id, item_id, quantity, name, created_at, updated_at
  )
  select $line_id, c.id, g.store_id, g.id, $quantity, g.name, c.updated_at, c.updated_at
  from open_cart c
  cross join goods g
  on conflict (cart_id, coalesce(item_id::text, ':' || name)) where removed_at is null do update
  set quantity = l.quantity + excluded.quantity, updated_at = excluded.updated_at
  returning l.id, l.cart_id, l.name, l.created_at
),
new_reservation as (
  insert into reservation (id, line_id, item, traceparent, next_at, created_at, updated_at)
  select $reservation_id, id, name, $traceparent?, created_at, created_at, created_at
  from line
  where id = $line_id
)
select cart_id from line;

-- name: AddItemToCart :one
-- Into a cart that is named. What is missing says why nothing was added; a cart that is open in this
-- snapshot and was not locked was ordered while this waited for it.
with goods as (
  select id, store_id, name
  from item
  where id = $item_id and deleted_at is null
),
locked_cart as (
  update cart
  set updated_at = clock_timestamp()
  where
    id = $cart_id
    and user_id = $user_id
    and status = 'open'
    and store_id = (select store_id from goods)
  returning id, store_id, updated_at
),
line as (
  insert into cart_line as l (
    id, cart_id, store_id, item_id, quantity, name, created_at, updated_at
  )
  select $line_id, c.id, g.store_id, g.id, $quantity, g.name, c.updated_at, c.updated_at
  from locked_cart c
  cross join goods g
  on conflict (cart_id, coalesce(item_id::text, ':' || name)) where removed_at is null do update
  set quantity = l.quantity + excluded.quantity, updated_at = excluded.updated_at
  returning l.id, l.name, l.created_at
),
new_reservation as (
  insert into reservation (id, line_id, item, traceparent, next_at, created_at, updated_at)
  select $reservation_id, id, name, $traceparent?, created_at, created_at, created_at
  from line
  where id = $line_id
),
wanted_cart as (
  select store_id
  from cart
  where id = $cart_id and user_id = $user_id
)
select
  exists (select from wanted_cart) as "has_cart!",
  exists (
    select from goods g
    join wanted_cart w on w.store_id = g.store_id
  ) as "has_item!",
  exists (select from line) as "is_added!";
