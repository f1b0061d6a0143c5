-- name: InsertItem :one
with clock as materialized (
  -- Read twice it would tell two times.
  select clock_timestamp() as now
),
new_item as (
  insert into item (id, store_id, name, description, price, created_at, updated_at)
  select $id, $store_id, $name, $description, $price?, now, now
  from clock
  returning id, store_id, name, description, price, created_at, updated_at
)
select i.id, i.store_id, i.name, i.description, i.price, s.currency, i.created_at, i.updated_at
from new_item i
join store s on s.id = i.store_id;

-- name: ListItemsByIds :many
select i.id, i.store_id, i.name, i.description, i.price, s.currency, i.created_at, i.updated_at
from item i
join store s on s.id = i.store_id
where i.id = any($ids::uuid[]) and i.deleted_at is null;

-- name: UpdateItem :maybe
-- What is null stays; a price goes by `has_price`, because null is one, too. Later than before whatever
-- the clock says, so that a list by it is in the order of the changes.
with changed_item as (
  update item
  set
    name = coalesce($name?, name),
    description = coalesce($description?, description),
    price = case when $has_price::boolean then $price?::bigint else price end,
    updated_at = greatest(clock_timestamp(), updated_at + interval '1 microsecond')
  where id = $id and deleted_at is null
  returning id, store_id, name, description, price, created_at, updated_at
)
select i.id, i.store_id, i.name, i.description, i.price, s.currency, i.created_at, i.updated_at
from changed_item i
join store s on s.id = i.store_id;

-- name: RemoveItem :exec
update item
set deleted_at = clock_timestamp(), updated_at = clock_timestamp()
where id = $id and deleted_at is null;

-- name: CountItems :one
select coalesce(sum(items), 0)::bigint as "items!"
from item_count
where store_id = $store_id;

-- name: SetStock :maybe
-- No row when there is no such item on the market. One statement, so that a sale meanwhile is either
-- before it or counted from the new number on.
insert into stock as s (item_id, on_hand, updated_at)
select id, $on_hand, clock_timestamp()
from item
where id = $item_id and deleted_at is null
on conflict (item_id) do update set on_hand = excluded.on_hand, updated_at = excluded.updated_at
returning s.item_id, s.on_hand, s.sold, s.updated_at;
