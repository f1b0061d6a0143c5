-- name: ListOutboxMessages :many
-- For somebody who looks: of one state, the oldest first, out of the 10,000, which is the longest list, that come
-- first in the index of that state: by when they are due, were published, or by their number. Along the numbers
-- of all it took 160 ms with a million messages, and longer with each more, to find what is at their end. A
-- message is published after it was created, so that `from` is a place in that index.
with found as materialized (
  (
    select id, seq
    from outbox_message
    where
      $has_ids::boolean
      and id = any($ids::uuid[])
      and case $state::text
        when 'waiting' then published_at is null and parked_at is null
        when 'parked' then parked_at is not null
        when 'published' then published_at is not null
      end
      and ($from?::timestamptz is null or created_at >= $from)
      and ($to?::timestamptz is null or created_at <= $to)
  )
  union all
  (
    select id, seq
    from outbox_message
    where
      not $has_ids::boolean
      and $state::text = 'waiting'
      and published_at is null
      and parked_at is null
      and ($from?::timestamptz is null or created_at >= $from)
      and ($to?::timestamptz is null or created_at <= $to)
    order by available_at, seq
    limit 10000
  )
  union all
  (
    select id, seq
    from outbox_message
    where
      not $has_ids::boolean
      and $state::text = 'parked'
      and parked_at is not null
      and ($from?::timestamptz is null or created_at >= $from)
      and ($to?::timestamptz is null or created_at <= $to)
    order by seq
    limit 10000
  )
  union all
  (
    select id, seq
    from outbox_message
    where
      not $has_ids::boolean
      and $state::text = 'published'
      and published_at >= coalesce($from?::timestamptz, '-infinity')
      and ($from?::timestamptz is null or created_at >= $from)
      and ($to?::timestamptz is null or created_at <= $to)
    order by published_at
    limit 10000
  )
),
listed as materialized (
  select id
  from found
  order by seq
  limit $limit
)
select
  id, aggregate_type, aggregate_id, aggregate_version, exchange, routing_key, type,
  payload::text as "payload!", headers, attempts, last_error, created_at, published_at, parked_at
from outbox_message
where id = any(array(select id from listed))
order by seq;

-- name: ReplayOutboxMessages :many
-- They wait again, as if they were new. What a relay that had one before says about it counts no more.
update outbox_message
set
  published_at = null, parked_at = null, attempts = 0, last_error = null,
  claim_no = claim_no + 1, void_claim_no = claim_no + 1,
  available_at = clock_timestamp()
where id = any($ids::uuid[]) and (published_at is not null or parked_at is not null)
returning id;

-- name: DiscardOutboxMessages :many
-- Parked ones only: the broker refused them, and nobody wants them any more.
delete from outbox_message
where id = any($ids::uuid[]) and parked_at is not null
returning id;
