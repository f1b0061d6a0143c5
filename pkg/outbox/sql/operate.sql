-- name: ListOutboxMessages :many
-- For somebody who looks: of one state, the oldest first.
select
  id, aggregate_type, aggregate_id, aggregate_version, exchange, routing_key, type,
  payload::text as "payload!", headers, attempts, last_error, created_at, published_at, parked_at
from outbox_message
where case $state::text
    when 'waiting' then published_at is null and parked_at is null
    when 'parked' then parked_at is not null
    when 'published' then published_at is not null
  end
  and (not $has_ids::boolean or id = any($ids::uuid[]))
  and ($from?::timestamptz is null or created_at >= $from)
  and ($to?::timestamptz is null or created_at <= $to)
order by seq
limit $limit;

-- name: ReplayOutboxMessages :many
-- They wait again, as if they were new.
update outbox_message
set
  published_at = null, parked_at = null, attempts = 0, last_error = null,
  available_at = clock_timestamp()
where id = any($ids::uuid[]) and (published_at is not null or parked_at is not null)
returning id;

-- name: DiscardOutboxMessages :many
-- Parked ones only: the broker refused them, and nobody wants them any more.
delete from outbox_message
where id = any($ids::uuid[]) and parked_at is not null
returning id;
