-- name: InsertUser :one
insert into app_user (id, first_name, last_name)
values ($id, $first_name, $last_name)
returning id, first_name, last_name, created_at;

-- name: ListUsers :many
-- By id, those after `after_id`; null begins at the start.
select id, first_name, last_name, created_at
from app_user
where id > coalesce($after_id?, '')
order by id
limit $limit;

-- name: ListUsersWithAccounts :many
-- Users with all their accounts in one statement, hence in one snapshot: a row per account, one
-- without an account for a user who has none, no row for no user.
select
  u.id as "user_id!",
  u.first_name as "first_name!",
  u.last_name as "last_name!",
  u.created_at as "user_created_at!",
  a.id,
  a.name,
  a.currency,
  a.balance,
  a.min_balance,
  case
    when a.held = 0 then 0
    else a.held - (
      select coalesce(sum(h.amount - h.captured), 0)::bigint
      from hold h
      where h.account_id = a.id and h.closed_at is null and h.expires_at <= clock_timestamp()
    )
  end as held,
  a.entry_no,
  a.closed_at,
  a.created_at
from app_user u
left join account a on a.user_id = u.id
where u.id = any($ids::text[])
order by u.id, a.id;

-- name: EnsureUser :exec
insert into app_user (id, first_name, last_name)
values ($id, $first_name, $last_name)
on conflict do nothing;
