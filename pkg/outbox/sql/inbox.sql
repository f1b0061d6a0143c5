-- name: InsertInboxMessage :exec
-- No row when the consumer has handled it. When another transaction is handling it at this moment, this
-- waits for what becomes of that one.
insert into inbox_message (consumer, message_id)
values ($consumer, $message_id)
on conflict (consumer, message_id) do nothing;
