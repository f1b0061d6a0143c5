-- One row is one movement between two accounts, so an unbalanced entry cannot be written.
create table transaction (
  id uuid not null,
  amount bigint not null,
  balance_after bigint not null,
  entry_no bigint not null,
  counterparty_balance_after bigint,
  counterparty_entry_no bigint,
  effective_at timestamptz not null,
  created_at timestamptz not null,
  reverses_id uuid,
  account_id text collate "C" not null,
  counterparty_id text collate "C",
  currency text collate "C" not null,
  description text,
  metadata jsonb,
  constraint transaction_pkey primary key (id),
  constraint transaction_account_fkey
    foreign key (account_id, currency) references account (id, currency),
  constraint transaction_counterparty_fkey
    foreign key (counterparty_id, currency) references account (id, currency),
  constraint transaction_reverses_fkey foreign key (reverses_id) references transaction (id),
  constraint transaction_amount_range
    check (amount <> 0 and amount between -9007199254740991 and 9007199254740991),
  constraint transaction_two_sides check (account_id <> counterparty_id),
  constraint transaction_counterparty_whole check (
    (counterparty_id is null) = (counterparty_entry_no is null)
    and (counterparty_id is null) = (counterparty_balance_after is null)
  ),
  constraint transaction_description_length check (char_length(description) <= 500),
  constraint transaction_metadata_object check (jsonb_typeof(metadata) = 'object')
);

-- The two sides of a movement, each in the order of an account's pages and statements.
create index transaction_account_idx on transaction (account_id, effective_at, id);
create index transaction_counterparty_idx on transaction (counterparty_id, effective_at, id)
  where counterparty_id is not null;
-- A transaction is reversed at most once.
create unique index transaction_reverses_key on transaction (reverses_id)
  where reverses_id is not null;

comment on table transaction is
  'One movement of money between two accounts. Rows are only ever added: a mistake is reversed, never edited.';
comment on column transaction.amount is 'Minor units, signed as account_id sees it: below zero, the money leaves that account.';
comment on column transaction.counterparty_id is
  'The account on the other side, which sees -amount. Null: the outside world of the currency, which keeps no running balance, so that deposits and expenses never queue on one row.';
comment on column transaction.entry_no is 'Number of this entry in account_id; balance_after continues entry_no - 1.';
comment on column transaction.counterparty_entry_no is 'Number of this entry in counterparty_id.';
comment on column transaction.effective_at is 'When it counts; may lie before created_at. Statements and from/to go by it.';
comment on column transaction.created_at is 'The database''s clock, read after the accounts were locked.';

create function refuse_change() returns trigger
language plpgsql as $$
begin
  raise exception 'rows of "%" are only ever added', tg_table_name
    using errcode = 'restrict_violation', hint = 'Post a reversal.';
end
$$;

create trigger transaction_append_only before update or delete on transaction
  for each row execute function refuse_change();
create trigger transaction_no_truncate before truncate on transaction
  for each statement execute function refuse_change();
