-- name: TryLockChain :one
-- Until the end of the transaction. False when another process works on it at this moment.
select pg_try_advisory_xact_lock(hashtextextended($chain, 0)) as "locked!";

-- name: FindHorizon :one
-- Transactions with an xact_no below the horizon can get no new neighbours: whatever wrote there has
-- ended. Read in a statement of its own, before the rows: the other way round one could slip in.
select
  pg_snapshot_xmin(pg_current_snapshot())::text::bigint + xact_offset as "horizon!",
  clock_timestamp() as "now!"
from xact_epoch;

-- name: FindLastSeal :maybe
select no, digest, to_xact_no, to_id
from seal
order by no desc
limit 1;

-- name: FindSealDigest :maybe
select digest
from seal
where no = $no;

-- name: DigestRange :one
-- The rows behind one position up to another, in order: their ids, the SHA-256 of each cut to 8
-- bytes, and the SHA-256 over all of these in full. A row's bytes are what PostgreSQL sends for it in
-- binary: the number of columns, and for each its type, its length (-1 for null) and its value. So no
-- two different rows have the same bytes, and no setting of a session has a say in them but the
-- encoding of text, which is UTF-8 on every connection of ours. Unless $names_rows, only the last.
select
  count(*) as "transactions!",
  coalesce(string_agg(uuid_send(id), '') filter (where $names_rows::boolean), '') as "row_ids!",
  coalesce(string_agg(substr(digest, 1, 8), '') filter (where $names_rows::boolean), '')
    as "row_digests!",
  sha256(coalesce(string_agg(digest, ''), '')) as "rows_digest!",
  -- There is no max(uuid) before PostgreSQL 18; the last of them is the last 16 bytes of row_ids.
  max(xact_no) as last_xact_no
from (
  select
    id,
    xact_no,
    sha256(record_send(row(
      id, xact_no, amount, balance_after, entry_no, counterparty_balance_after,
      counterparty_entry_no, effective_at, created_at, reverses_id, hold_id, account_id,
      counterparty_id, currency, description, metadata
    ))) as digest
  from transaction
  where (xact_no, id) > ($after_xact_no::bigint, $after_id::uuid)
    and (xact_no, id) <= ($until_xact_no::bigint, $until_id::uuid)
  order by xact_no, id
  limit $rows_max
) as ordered_row;

-- name: InsertSeal :exec
insert into seal (
  no, encoding, from_xact_no, from_id, to_xact_no, to_id, transactions, created_at, rows_digest,
  row_ids, row_digests, digest
)
values (
  $no, $encoding, $from_xact_no, $from_id, $to_xact_no, $to_id, $transactions, $created_at,
  $rows_digest, $row_ids, $row_digests, $digest
);

-- name: ListSealsAfter :many
-- Each has up to 24 bytes for a row of its range: ask for a few at a time.
select
  no, encoding, from_xact_no, from_id, to_xact_no, to_id, transactions, created_at, rows_digest,
  row_ids, row_digests, digest
from seal
where no > $no
order by no
limit $limit;

-- name: CountSeals :one
select count(*) as "seals!", coalesce(sum(transactions), 0)::bigint as "transactions!"
from seal;

-- name: FindPositions :many
-- Which of these transactions are somewhere, and where.
select id, xact_no
from transaction
where id = any($ids::uuid[])
order by id;
