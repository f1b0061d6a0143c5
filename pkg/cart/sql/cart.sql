-- name: OpenCart :one
-- The user's open cart in that store, which is opened when there is none.
with there as (
  select id
  from cart
  where user_id = $user_id and store_id = $store_id and status = 'open'
),
opened as (
  insert into cart (id, user_id, store_id, created_at, updated_at)
  select $id, $user_id, $store_id, clock_timestamp(), clock_timestamp()
  where not exists (select from there)
  on conflict (user_id, store_id) where status = 'open' do update set updated_at = cart.updated_at
  returning id
)
select id as "id!" from there
union all
select id from opened;

-- name: ListCartRows :many
-- A cart with the lines that are in it, in one snapshot: a row a line, one without a line for an empty cart.
-- It has 2,000 at most, and the server is told: where many were taken out of a cart it would expect as many to
-- be in it, and read all items and reservations to join them (1 s with a million of each).
select
  c.id as "cart_id!",
  c.user_id as "user_id!",
  c.store_id as "store_id!",
  c.status as "status!",
  c.address,
  c.created_at as "cart_created_at!",
  c.updated_at as "cart_updated_at!",
  s.currency as "currency!",
  l.id,
  l.item_id,
  l.name,
  l.quantity,
  l.created_at,
  l.updated_at,
  r.external_id,
  r.desired,
  r.actual,
  r.attempts,
  case when r.lease_token is null then r.next_at end as next_at,
  r.last_error,
  i.name as item_name,
  i.description,
  i.price as item_price,
  i.created_at as item_created_at,
  i.updated_at as item_updated_at,
  i.deleted_at as item_deleted_at
from cart c
join store s on s.id = c.store_id
left join lateral (
  select id, item_id, name, quantity, created_at, updated_at
  from cart_line
  where cart_id = c.id and removed_at is null
  order by created_at, id
  limit 2000
) as l on true
left join item i on i.id = l.item_id
left join reservation r on r.line_id = l.id
where c.id = $id and c.user_id = $user_id
order by l.created_at, l.id;

-- name: ListLines :many
-- All that was put into the user's open cart in that store, what was taken out again included. The
-- times of its lines were taken under its lock: whoever commits late has no earlier one.
-- Both the lines that are in it and those that are not are read in the order of their index, as many as the
-- longest page may have, which is a limit that the server knows: it would join all of them to what belongs
-- to them and sort that (295 ms instead of 0.5 with 50,000 lines).
with open_cart as materialized (
  select c.id, s.currency
  from cart c
  join store s on s.id = c.store_id
  where c.user_id = $user_id and c.store_id = $store_id and c.status = 'open'
),
page as materialized (
  select id, created_at
  from (
    (
      select id, created_at
      from cart_line
      where
        cart_id = (select id from open_cart)
        and removed_at is null
        and (created_at, id) > (
          coalesce($after_created_at?::timestamptz, '-infinity'),
          coalesce($after_id?::uuid, '00000000-0000-0000-0000-000000000000')
        )
      order by created_at, id
      limit 101
    )
    union all
    (
      select id, created_at
      from cart_line
      where
        cart_id = (select id from open_cart)
        and removed_at is not null
        and (created_at, id) > (
          coalesce($after_created_at?::timestamptz, '-infinity'),
          coalesce($after_id?::uuid, '00000000-0000-0000-0000-000000000000')
        )
      order by created_at, id
      limit 101
    )
  ) as line
  order by created_at, id
  limit $limit
)
select
  l.id as "id!",
  l.cart_id as "cart_id!",
  l.item_id as "item_id?",
  l.name as "name!",
  l.quantity as "quantity!",
  case when i.deleted_at is null then i.price end as "price?",
  c.currency as "currency!",
  r.external_id as "external_id?",
  r.desired as "desired?",
  r.actual as "actual?",
  r.attempts as "attempts?",
  case when r.lease_token is null then r.next_at end as "next_at?",
  r.last_error as "last_error?",
  l.created_at as "created_at!",
  l.updated_at as "updated_at!",
  l.removed_at as "removed_at?"
from page p
cross join open_cart c
join cart_line l on l.id = p.id
left join item i on i.id = l.item_id
left join reservation r on r.line_id = l.id
order by p.created_at, p.id;
