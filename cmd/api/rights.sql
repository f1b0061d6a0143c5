-- name: FindRights :one
-- What the session may do: post, as it has to, and rewrite, as it should not.
select
  current_user::text as "role!",
  has_table_privilege('transaction', 'insert')
    and has_table_privilege('idempotency', 'insert')
    and has_column_privilege('account', 'balance', 'update') as "can_post!",
  has_table_privilege('transaction', 'update, delete, truncate') as "can_rewrite!";

-- name: FindNumbering :one
-- A book that was restored from another server counts higher than this one has come, until `migrate`
-- has lifted the numbers: what is posted before that would stand in the middle of what was there.
select
  coalesce(
    max(xact_no) >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
      + (select xact_offset from xact_epoch where is_only),
    false
  ) as "is_behind!"
from transaction;
