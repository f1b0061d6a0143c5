-- name: ListItemsById :many
-- All of these: the page is found in an index, from the position on (or from the end where there is none)
-- and over `offset` entries; only its own rows are fetched then. The server reckons with a tenth of all
-- rows where it does not know a limit, and would read a table of a million whole to join them: hence
-- the limit that it knows, one more than the longest page.
--
-- A million items, a page of 20, all in memory: 0.1 to 0.3 ms and about 100 pages of 8 kB at the start and behind
-- any position; at the largest offset, 100,000, 25 to 40 ms from the index alone (by description, which no
-- index holds whole, 300 ms and 100,000 rows). Fetching the rows that are passed over took 80 to 440 ms.
with page as materialized (
  select id
  from (
    select id
    from item
    where
      store_id = $store_id
      and deleted_at is null
      and id > coalesce($after?::text::uuid, '00000000-0000-0000-0000-000000000000')
    order by id
    limit 101 offset $offset
  ) as longest_page
  order by id
  limit $limit
)
select
  i.id, i.store_id, i.name, i.description, i.price, s.currency, i.created_at, i.updated_at
from page p
join store s on s.id = $store_id
join item i on i.id = p.id
order by p.id;

-- name: ListItemsByIdDown :many
with page as materialized (
  select id
  from (
    select id
    from item
    where
      store_id = $store_id
      and deleted_at is null
      and id < coalesce($after?::text::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    order by id desc
    limit 101 offset $offset
  ) as longest_page
  order by id desc
  limit $limit
)
select
  i.id, i.store_id, i.name, i.description, i.price, s.currency, i.created_at, i.updated_at
from page p
join store s on s.id = $store_id
join item i on i.id = p.id
order by p.id desc;

-- name: ListItemsByName :many
with page as materialized (
  select id, sorted_by
  from (
    select id, name as sorted_by
    from item
    where
      store_id = $store_id
      and deleted_at is null
      and (name, id) > (
        coalesce($after?::text, ''),
        coalesce($after_id?::uuid, '00000000-0000-0000-0000-000000000000')
      )
    order by name, id
    limit 101 offset $offset
  ) as longest_page
  order by sorted_by, id
  limit $limit
)
select
  i.id, i.store_id, i.name, i.description, i.price, s.currency, i.created_at, i.updated_at
from page p
join store s on s.id = $store_id
join item i on i.id = p.id
order by p.sorted_by, p.id;

-- name: ListItemsByNameDown :many
with page as materialized (
  select id, sorted_by
  from (
    select id, name as sorted_by
    from item
    where
      store_id = $store_id
      and deleted_at is null
      and (name, id) < (
        coalesce($after?::text, (select max(name) from item where store_id = $store_id and deleted_at is null)),
        coalesce($after_id?::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
      )
    order by name desc, id desc
    limit 101 offset $offset
  ) as longest_page
  order by sorted_by desc, id desc
  limit $limit
)
select
  i.id, i.store_id, i.name, i.description, i.price, s.currency, i.created_at, i.updated_at
from page p
join store s on s.id = $store_id
join item i on i.id = p.id
order by p.sorted_by desc, p.id desc;

-- name: ListItemsByDescription :many
with page as materialized (
  select id, sorted_by
  from (
    select id, left(description, 64) as sorted_by
    from item
    where
      store_id = $store_id
      and deleted_at is null
      and (left(description, 64), id) > (
        coalesce($after?::text, ''),
        coalesce($after_id?::uuid, '00000000-0000-0000-0000-000000000000')
      )
    order by left(description, 64), id
    limit 101 offset $offset
  ) as longest_page
  order by sorted_by, id
  limit $limit
)
select
  i.id, i.store_id, i.name, i.description, i.price, s.currency, i.created_at, i.updated_at
from page p
join store s on s.id = $store_id
join item i on i.id = p.id
order by p.sorted_by, p.id;

-- name: ListItemsByDescriptionDown :many
with page as materialized (
  select id, sorted_by
  from (
    select id, left(description, 64) as sorted_by
    from item
    where
      store_id = $store_id
      and deleted_at is null
      and (left(description, 64), id) < (
        coalesce($after?::text, (select max(left(description, 64)) from item where store_id = $store_id and deleted_at is null)),
        coalesce($after_id?::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
      )
    order by left(description, 64) desc, id desc
    limit 101 offset $offset
  ) as longest_page
  order by sorted_by desc, id desc
  limit $limit
)
select
  i.id, i.store_id, i.name, i.description, i.price, s.currency, i.created_at, i.updated_at
from page p
join store s on s.id = $store_id
join item i on i.id = p.id
order by p.sorted_by desc, p.id desc;

-- name: ListItemsByPrice :many
with page as materialized (
  select id, sorted_by
  from (
    select id, coalesce(price, 0) as sorted_by
    from item
    where
      store_id = $store_id
      and deleted_at is null
      and (coalesce(price, 0), id) > (
        coalesce($after?::text::bigint, 0),
        coalesce($after_id?::uuid, '00000000-0000-0000-0000-000000000000')
      )
    order by coalesce(price, 0), id
    limit 101 offset $offset
  ) as longest_page
  order by sorted_by, id
  limit $limit
)
select
  i.id, i.store_id, i.name, i.description, i.price, s.currency, i.created_at, i.updated_at
from page p
join store s on s.id = $store_id
join item i on i.id = p.id
order by p.sorted_by, p.id;

-- name: ListItemsByPriceDown :many
with page as materialized (
  select id, sorted_by
  from (
    select id, coalesce(price, 0) as sorted_by
    from item
    where
      store_id = $store_id
      and deleted_at is null
      and (coalesce(price, 0), id) < (
        coalesce($after?::text::bigint, 999999999999999),
        coalesce($after_id?::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
      )
    order by coalesce(price, 0) desc, id desc
    limit 101 offset $offset
  ) as longest_page
  order by sorted_by desc, id desc
  limit $limit
)
select
  i.id, i.store_id, i.name, i.description, i.price, s.currency, i.created_at, i.updated_at
from page p
join store s on s.id = $store_id
join item i on i.id = p.id
order by p.sorted_by desc, p.id desc;

-- name: ListItemsByCreation :many
with page as materialized (
  select id, sorted_by
  from (
    select id, created_at as sorted_by
    from item
    where
      store_id = $store_id
      and deleted_at is null
      and (created_at, id) > (
        coalesce($after?::text::timestamptz, '-infinity'),
        coalesce($after_id?::uuid, '00000000-0000-0000-0000-000000000000')
      )
    order by created_at, id
    limit 101 offset $offset
  ) as longest_page
  order by sorted_by, id
  limit $limit
)
select
  i.id, i.store_id, i.name, i.description, i.price, s.currency, i.created_at, i.updated_at
from page p
join store s on s.id = $store_id
join item i on i.id = p.id
order by p.sorted_by, p.id;

-- name: ListItemsByCreationDown :many
with page as materialized (
  select id, sorted_by
  from (
    select id, created_at as sorted_by
    from item
    where
      store_id = $store_id
      and deleted_at is null
      and (created_at, id) < (
        coalesce($after?::text::timestamptz, 'infinity'),
        coalesce($after_id?::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
      )
    order by created_at desc, id desc
    limit 101 offset $offset
  ) as longest_page
  order by sorted_by desc, id desc
  limit $limit
)
select
  i.id, i.store_id, i.name, i.description, i.price, s.currency, i.created_at, i.updated_at
from page p
join store s on s.id = $store_id
join item i on i.id = p.id
order by p.sorted_by desc, p.id desc;

-- name: ListItemsByUpdate :many
with page as materialized (
  select id, sorted_by
  from (
    select id, updated_at as sorted_by
    from item
    where
      store_id = $store_id
      and deleted_at is null
      and (updated_at, id) > (
        coalesce($after?::text::timestamptz, '-infinity'),
        coalesce($after_id?::uuid, '00000000-0000-0000-0000-000000000000')
      )
    order by updated_at, id
    limit 101 offset $offset
  ) as longest_page
  order by sorted_by, id
  limit $limit
)
select
  i.id, i.store_id, i.name, i.description, i.price, s.currency, i.created_at, i.updated_at
from page p
join store s on s.id = $store_id
join item i on i.id = p.id
order by p.sorted_by, p.id;

-- name: ListItemsByUpdateDown :many
with page as materialized (
  select id, sorted_by
  from (
    select id, updated_at as sorted_by
    from item
    where
      store_id = $store_id
      and deleted_at is null
      and (updated_at, id) < (
        coalesce($after?::text::timestamptz, 'infinity'),
        coalesce($after_id?::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
      )
    order by updated_at desc, id desc
    limit 101 offset $offset
  ) as longest_page
  order by sorted_by desc, id desc
  limit $limit
)
select
  i.id, i.store_id, i.name, i.description, i.price, s.currency, i.created_at, i.updated_at
from page p
join store s on s.id = $store_id
join item i on i.id = p.id
order by p.sorted_by desc, p.id desc;
