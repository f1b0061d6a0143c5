-- A seal closes a range of transactions: whatever is changed, deleted or inserted in it afterwards no
-- longer gives its digest, and each digest covers the one before. See docs/adr/0010-seals.md.
create table seal (
  no bigint not null,
  from_xact_no bigint not null,
  to_xact_no bigint not null,
  created_at timestamptz not null,
  transactions integer not null,
  encoding smallint not null,
  from_id uuid not null,
  to_id uuid not null,
  digest bytea not null,
  rows_digest bytea not null,
  row_ids bytea not null,
  row_digests bytea not null,
  constraint seal_pkey primary key (no),
  constraint seal_no_range check (no >= 1),
  constraint seal_range_rises check ((from_xact_no, from_id) < (to_xact_no, to_id)),
  constraint seal_transactions_range check (transactions between 1 and 100000),
  constraint seal_encoding_range check (encoding >= 1),
  constraint seal_digest_length check (octet_length(digest) = 32),
  constraint seal_rows_digest_length check (octet_length(rows_digest) = 32),
  constraint seal_row_ids_length check (octet_length(row_ids) = 16 * transactions),
  constraint seal_row_digests_length check (octet_length(row_digests) = 8 * transactions)
);
-- Digests do not compress: nobody should try.
alter table seal alter column row_ids set storage external;
alter table seal alter column row_digests set storage external;

create trigger seal_append_only before update or delete on seal
  for each row execute function refuse_change();
create trigger seal_no_truncate before truncate on seal
  for each statement execute function refuse_change();

comment on table seal is
  'One link of the chain over all transactions: a range of positions (xact_no, id) and the digests of its rows. Rows are only ever added.';
comment on column seal.no is 'Counted from 1 without gaps.';
comment on column seal.from_xact_no is 'Position where the range begins, exclusive: the end of the seal before.';
comment on column seal.to_xact_no is 'Position where the range ends, inclusive.';
comment on column seal.encoding is 'In which form rows are hashed. It changes when the columns of transaction do.';
comment on column seal.digest is 'SHA-256 over the digest before and everything that stands in this row.';
comment on column seal.rows_digest is 'SHA-256 over the SHA-256 of each row, all its columns included, in order.';
comment on column seal.row_ids is 'The ids of the transactions, 16 bytes each, in order: tells which one is missing or too many.';
comment on column seal.row_digests is 'The first 8 bytes of each row''s SHA-256, in the same order: tells which one was changed.';

-- How far the incremental verification has come, and what its last check found.
create table verification (
  is_only boolean not null default true,
  seal_no bigint not null,
  to_xact_no bigint not null,
  transactions bigint not null,
  to_id uuid not null,
  digest bytea not null,
  checked_at timestamptz,
  report jsonb,
  constraint verification_pkey primary key (is_only),
  constraint verification_is_only check (is_only),
  constraint verification_report_whole check ((checked_at is null) = (report is null))
);
insert into verification (seal_no, to_xact_no, transactions, to_id, digest)
values (
  0, -9223372036854775808, 0, '00000000-0000-0000-0000-000000000000',
  decode(repeat('00', 32), 'hex')
);

comment on table verification is 'One row: up to which seal the book was verified step by step, and the last check.';
comment on column verification.digest is 'Of that seal, as it was when it was verified.';
comment on column verification.transactions is 'How many of them are in verified_account.';

create table verified_account (
  account_id text collate "C" not null,
  entries bigint not null,
  balance numeric not null,
  flow numeric not null,
  constraint verified_account_pkey primary key (account_id)
) with (fillfactor = 80);

comment on table verified_account is
  'What the verified transactions of each account come to; the outside world of a currency as world:EUR. May be emptied together with setting verification back to its first row: it is made again.';
comment on column verified_account.flow is
  'Sum over the entries of hash(entry_no, balance_after) - hash(entry_no - 1, balance_after - amount): all but the first and the last cancel out when each entry continues the one before, in whatever order they come.';
