-- name: LockUser :maybe
-- One account of a user is opened at a time, so that they can be counted.
select id
from app_user
where id = $user_id
for no key update;

-- name: InsertAccount :maybe
-- No row when the user has as many accounts as a user can have.
insert into account (id, user_id, name, currency, min_balance)
select $id, $user_id, $name, $currency, $min_balance
where (select count(*) from account where user_id = $user_id) < $accounts_max::bigint
returning
  id, user_id, name, currency, balance, min_balance, held, entry_no, closed_at, created_at;

-- name: ListAccountsByIds :many
-- What is held less what holds whose time is over still count for; where nothing is held, nobody looks.
select
  id, user_id, name, currency, balance, min_balance,
  case
    when held = 0 then 0
    else held - (
      select coalesce(sum(h.amount - h.captured), 0)::bigint
      from hold h
      where h.account_id = account.id and h.closed_at is null and h.expires_at <= clock_timestamp()
    )
  end as "held!",
  entry_no, closed_at, created_at
from account
where id = any($ids::text[])
order by id;

-- name: LockAccount :maybe
-- Before anything about it is decided.
select id from account where id = $id for no key update;

-- name: CloseExpiredHolds :one
-- Those of an account that is locked, and what they held is free. Answers the account as it then is:
-- a hold whose time is over a moment later counts.
with expired_hold as (
  update hold
  set closed_at = expires_at, closed_as = 'expired'
  where account_id = $id and closed_at is null and expires_at <= clock_timestamp()
  returning amount - captured as amount
)
update account
set held = held - (select coalesce(sum(amount), 0)::bigint from expired_hold)
where id = $id
returning
  id, user_id, name, currency, balance, min_balance, held, entry_no, closed_at, created_at;

-- name: UpdateAccount :one
update account
set
  min_balance = $min_balance,
  closed_at = case when $is_closed::boolean then coalesce(closed_at, clock_timestamp()) end
where id = $id
returning
  id, user_id, name, currency, balance, min_balance, held, entry_no, closed_at, created_at;
