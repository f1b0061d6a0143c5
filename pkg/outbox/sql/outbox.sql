-- name: InsertOutboxMessages :exec
-- In the transaction that makes them true. A domain whose statement writes the event along with its own
-- rows, as an order's does, needs no second round trip for it and names the same columns.
insert into outbox_message (
  id, aggregate_type, aggregate_id, aggregate_version, exchange, routing_key, type, payload, headers,
  created_at
)
select
  m.id, m.aggregate_type, m.aggregate_id, m.aggregate_version, m.exchange, m.routing_key, m.type,
  m.payload, m.headers, m.created_at
from unnest(
  $ids::uuid[], $aggregate_types::text[], $aggregate_ids::uuid[], $aggregate_versions::integer[],
  $exchanges::text[], $routing_keys::text[], $types::text[], $payloads::jsonb[], $headers::jsonb[],
  $created_at::timestamptz[]
) as m (
  id, aggregate_type, aggregate_id, aggregate_version, exchange, routing_key, type, payload, headers,
  created_at
);

-- name: ClaimOutboxMessages :many
-- The oldest that are due, of each aggregate the lowest version that is not published: nothing of an
-- aggregate is claimed before what came first was confirmed, whoever of many relays has it, and a parked
-- message holds back those behind it. Claiming is no more than moving available_at, and is committed at
-- once: no transaction stays open, and no row locked, while the broker is waited for. What a relay that
-- died had claimed is due again when that time has come.
-- The payload is read as text: a number in it may have more digits than a double.
-- The ids go through an array: joined with them, the prepared plan, which knows no limit, read the whole
-- table (135 ms instead of 7 with 200,000 rows).
with due_message as materialized (
  select m.id
  from outbox_message m
  where m.published_at is null
    and m.parked_at is null
    and m.available_at <= statement_timestamp()
    and not exists (
      select
      from outbox_message earlier
      where earlier.aggregate_type = m.aggregate_type
        and earlier.aggregate_id = m.aggregate_id
        and earlier.aggregate_version < m.aggregate_version
        and earlier.published_at is null
    )
  order by m.available_at, m.seq
  limit $limit
  for update of m skip locked
)
update outbox_message m
set
  available_at = statement_timestamp() + $lease_ms::bigint * interval '1 millisecond',
  claim_no = m.claim_no + 1
where m.id = any(array(select id from due_message))
returning
  m.seq, m.id, m.aggregate_type, m.aggregate_id, m.aggregate_version, m.exchange, m.routing_key,
  m.type, m.payload::text as "payload!", m.headers, m.attempts, m.claim_no, m.created_at;

-- name: SettleOutboxMessages :many
-- What came of claimed ones; answered are those of which it was written down. Without a time to wait it is
-- as if they had never been claimed. Who was stopped for longer than the claim lasted judges nothing any
-- more, because somebody else may have the message by now; but what the broker has confirmed is true
-- whoever says so, unless the message was replayed since. Otherwise batches that always took too long
-- would be published for ever.
-- Locked by id: another relay that claimed some of them again, after their time, settles them in the
-- same order.
with settled_message as materialized (
  select m.id, s.claim_no, s.state, s.is_attempt, s.error, s.wait_ms
  from unnest(
    $ids::uuid[], $claim_nos::integer[], $states::text[], $are_attempts::boolean[], $errors?::text[],
    $waits_ms?::bigint[]
  ) as s (id, claim_no, state, is_attempt, error, wait_ms)
  join outbox_message m on m.id = s.id
  order by m.id
  for update of m
)
update outbox_message m
set
  published_at = case s.state when 'published' then clock_timestamp() end,
  parked_at = case s.state when 'parked' then clock_timestamp() end,
  attempts = m.attempts + s.is_attempt::integer,
  last_error = case when s.state <> 'published' then coalesce(s.error, m.last_error) end,
  available_at = coalesce(
    clock_timestamp() + s.wait_ms * interval '1 millisecond',
    least(m.created_at, clock_timestamp())
  )
from settled_message s
where m.id = s.id
  and m.published_at is null
  and m.parked_at is null
  and (m.claim_no = s.claim_no or (s.state = 'published' and s.claim_no > m.void_claim_no))
returning m.id;

-- name: CountOutboxMessages :one
-- How many wait and how many are parked, of each so many at most: whoever watches needs no more than
-- that there are too many, and counting a million rows takes a second.
select waiting.messages as "waiting!", waiting.oldest_seconds, parked.messages as "parked!"
from (
  select
    count(*) as messages,
    extract(epoch from clock_timestamp() - min(created_at))::double precision as oldest_seconds
  from (
    select created_at
    from outbox_message
    where published_at is null and parked_at is null
    order by available_at, seq
    limit $limit
  ) as waiting_message
) as waiting,
(
  select count(*) as messages
  from (
    select seq from outbox_message where parked_at is not null order by seq limit $limit
  ) as parked_message
) as parked;

-- name: DeletePublishedOutboxMessages :exec
with old_message as materialized (
  select id
  from outbox_message
  where published_at < statement_timestamp() - $age_ms::bigint * interval '1 millisecond'
  order by published_at
  limit $limit
  for update skip locked
)
delete from outbox_message
where id = any(array(select id from old_message));
