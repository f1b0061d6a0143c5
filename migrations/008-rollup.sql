-- What is summed up of an account's entries, so that sums and largest expenses over any period are
-- found without reading all of them. Entries dated before rolled_up_until are in the rollup, but for
-- those in late_entry; all others are read one by one.
alter table account add column rolled_up_until timestamptz;
alter table account add column rolled_up_entry_no bigint not null default 0;

comment on column account.rolled_up_until is
  'Entries with effective_at before it are rolled up; those posted afterwards with such a date stand in late_entry until they are, too.';
comment on column account.rolled_up_entry_no is 'Number of the last entry when it was last rolled up: tells how much is not.';

create table late_entry (
  account_id text collate "C" not null,
  effective_at timestamptz not null,
  transaction_id uuid not null,
  amount bigint not null,
  is_expense boolean not null,
  constraint late_entry_pkey primary key (account_id, effective_at, transaction_id)
);

comment on table late_entry is 'Entries that were dated into a time already rolled up. Written with the transaction, removed when rolled up.';

create function balance_before(of_account text, moment timestamptz) returns numeric
language sql stable parallel safe as $$
  select
    coalesce((select sum(amount) from transaction where account_id = of_account and effective_at < moment), 0)
    - coalesce((select sum(amount) from transaction where counterparty_id = of_account and effective_at < moment), 0)
$$;

comment on function balance_before is 'The sum of an account''s entries dated before a moment, in minor units.';
