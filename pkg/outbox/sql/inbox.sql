-- name: InsertInboxMessage :exec
-- No row when the consumer has handled it. When another transaction is handling it at this moment, this
-- waits for what becomes of that one.
insert into inbox_message (consumer, message_id)
values ($consumer, $message_id)
on conflict (consumer, message_id) do nothing;

-- name: DeleteOldInboxMessages :exec
-- By the place of the row, which is never updated. What the outbox still holds can be replayed, and would be
-- handled again: its row stays as long. Asked of each row, because `not exists` is planned as a join, which
-- reads the whole outbox for a batch.
delete from inbox_message
where ctid = any(array(
  select i.ctid
  from inbox_message i
  where i.handled_at < statement_timestamp() - $age_ms::bigint * interval '1 millisecond'
    and (select o.id from outbox_message o where o.id = i.message_id) is null
  order by i.handled_at
  limit $limit
));
