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
returning id, user_id, name, currency, balance, min_balance, entry_no, closed_at, created_at;

-- name: FindAccountById :maybe
select id, user_id, name, currency, balance, min_balance, entry_no, closed_at, created_at
from account
where id = $id;
