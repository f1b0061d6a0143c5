-- name: FindRights :one
-- What the session may do: post, as it has to, and rewrite, as it should not.
select
  current_user::text as "role!",
  has_table_privilege('transaction', 'insert')
    and has_table_privilege('idempotency', 'insert')
    and has_column_privilege('account', 'balance', 'update') as "can_post!",
  has_table_privilege('transaction', 'update, delete, truncate') as "can_rewrite!";
