-- name: DeleteOldCartKeys :exec
-- By the place of the row: it is never updated, so that it has one. Two that delete at once take the rows in
-- the same order, and the second finds fewer.
delete from cart_key
where ctid = any(array(
  select ctid
  from cart_key
  where created_at < statement_timestamp() - $age_ms::bigint * interval '1 millisecond'
  order by created_at
  limit $limit
));
