-- name: FindStore :maybe
select id, user_id, account_id, currency, name
from store
where id = $id;

-- name: FindStoreOfUser :maybe
select id, user_id, account_id, currency, name
from store
where user_id = $user_id
order by created_at, id
limit 1;

-- name: EnsureStore :exec
-- With its merchant and its account; what is there stays as it is. Foreign keys are checked at the end
-- of the statement, when all three are there.
with merchant as (
  insert into app_user (id, first_name, last_name)
  values ($owner_id, $name, 'Shop')
  on conflict do nothing
),
till as (
  insert into account (id, user_id, name, currency)
  values ($owner_id, $owner_id, $name, $currency)
  on conflict do nothing
)
insert into store (id, account_id, user_id, currency, name)
values ($id, $owner_id, $owner_id, $currency, $name)
on conflict do nothing;
