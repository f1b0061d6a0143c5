-- name: FindHoldById :maybe
-- `now` tells whether its time is over.
select
  id, account_id, counterparty_id, currency, amount, captured, expires_at, created_at, closed_at,
  closed_as, description, metadata, clock_timestamp() as "now!"
from hold
where id = $id;
