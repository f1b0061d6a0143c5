-- Where each transaction stands in the one order in which all of them are read, as events and by the
-- sealer: (xact_no, id). Rows below the oldest database transaction that still runs can have no new
-- neighbours, so that a reader who stays below it misses none.
alter table transaction add column xact_no bigint not null default 0;
-- For a version before this one, which goes on posting while the new one is rolled out.
alter table transaction alter column xact_no set default (pg_current_xact_id()::text::bigint);
create index transaction_position_idx on transaction (xact_no, id);

comment on column transaction.xact_no is
  'The database transaction that wrote it: pg_current_xact_id() plus xact_epoch.xact_offset. With id, its position among all transactions.';

-- A dump that is restored into another server keeps its numbers, and the new server counts from its own.
create table xact_epoch (
  is_only boolean not null default true,
  xact_offset bigint not null,
  constraint xact_epoch_pkey primary key (is_only),
  constraint xact_epoch_is_only check (is_only),
  constraint xact_epoch_offset_range check (xact_offset >= 0)
);
insert into xact_epoch (xact_offset) values (0);

comment on table xact_epoch is 'One row: what lifts this server''s transaction numbers above those that a restored book brought along.';
