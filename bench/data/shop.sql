-- The shop that is measured on; shop.ts makes the same for the stores without PostgreSQL.

-- name: InsertCredentials :exec
-- All with one password.
insert into credential (user_id, role, password_hash)
select 'user-' || n, 'customer', $password_hash
from generate_series(0, $users::bigint - 1) as n;

-- name: InsertItems :exec
-- Each is counted, and put on the market a second after the one before.
with new_item as (
  insert into item (id, store_id, price, name, description, created_at, updated_at)
  select
    ($id_prefix::text || lpad(to_hex(n), 12, '0'))::uuid,
    $store_id,
    100 + n * 37 % 4900,
    'Item ' || n,
    $description,
    $starts_at::timestamptz + n * interval '1 second',
    $starts_at::timestamptz + n * interval '1 second'
  from generate_series(0, $items::bigint - 1) as n
  order by n
  returning id
)
insert into stock (item_id, on_hand)
select id, $on_hand from new_item;

-- name: FillCarts :exec
-- A new one for each buyer without one, with items anywhere in the catalogue. The checkout reads no
-- reservations: they are left out, or a worker would be busy with them.
with buyer as (
  select 'user-' || n as id
  from generate_series(0, $buyers::bigint - 1) as n
),
new_cart as (
  insert into cart (id, user_id, store_id, created_at, updated_at)
  select gen_random_uuid(), b.id, $store_id, clock_timestamp(), clock_timestamp()
  from buyer b
  where not exists (
    select from cart c where c.user_id = b.id and c.store_id = $store_id and c.status = 'open'
  )
  returning id, created_at
)
insert into cart_line (id, cart_id, store_id, item_id, quantity, name, created_at, updated_at)
select gen_random_uuid(), c.id, $store_id, i.id, 1, i.name, c.created_at, c.created_at
from new_cart c
cross join generate_series(0, $lines::bigint - 1) as k
join item i on i.id = (
  $id_prefix::text || lpad(to_hex((hashtext(c.id::text)::bigint + 2147483648 + k * 3331) % $items), 12, '0')
)::uuid;

-- name: AnalyzeShop :exec
analyze credential, item, stock, cart, cart_line, store;
