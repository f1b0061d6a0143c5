-- Money that is set aside for later: it stays in the balance, and is no longer available.
alter table account add column held bigint not null default 0;
alter table account add constraint account_held_range check (held between 0 and 9007199254740991);
-- Says what account_balance_covers_limit said, and more.
alter table account add constraint account_available_covers_limit
  check (balance - held >= min_balance);
alter table account drop constraint account_balance_covers_limit;

comment on column account.held is
  'Minor units set aside by open holds; available is balance - held. A hold whose time is over counts until somebody looks at the account.';

create table hold (
  id uuid not null,
  amount bigint not null,
  captured bigint not null default 0,
  expires_at timestamptz,
  created_at timestamptz not null,
  closed_at timestamptz,
  account_id text collate "C" not null,
  counterparty_id text collate "C",
  currency text collate "C" not null,
  closed_as text collate "C",
  description text,
  metadata jsonb,
  constraint hold_pkey primary key (id),
  constraint hold_account_fkey
    foreign key (account_id, currency) references account (id, currency),
  constraint hold_counterparty_fkey
    foreign key (counterparty_id, currency) references account (id, currency),
  constraint hold_amount_range check (amount between 1 and 9007199254740991),
  constraint hold_captured_range check (captured between 0 and amount),
  constraint hold_two_sides check (account_id <> counterparty_id),
  constraint hold_closed_as_known check (closed_as in ('captured', 'released', 'expired')),
  constraint hold_closed_whole check ((closed_at is null) = (closed_as is null)),
  constraint hold_open_has_rest check (closed_at is not null or captured < amount),
  constraint hold_description_length check (char_length(description) <= 500),
  constraint hold_metadata_object check (jsonb_typeof(metadata) = 'object')
);

-- What is still set aside on an account, and until when.
create index hold_open_idx on hold (account_id, expires_at) where closed_at is null;

comment on table hold is 'Money of an account set aside for a payment to come: captured in parts or whole, released, or expired.';
comment on column hold.amount is 'Minor units that were set aside; amount - captured are still, while it is open.';
comment on column hold.expires_at is 'From this moment on it holds nothing, whether or not closed_at says so already. Null: until it is captured or released.';
comment on column hold.closed_as is 'captured, released or expired.';

alter table transaction add column hold_id uuid;
alter table transaction add constraint transaction_hold_fkey foreign key (hold_id) references hold (id);
create index transaction_hold_idx on transaction (hold_id) where hold_id is not null;

comment on column transaction.hold_id is 'The hold that it captured.';

-- The answer to a request may be a hold, as it was then.
alter table idempotency add column hold jsonb;
alter table idempotency drop constraint idempotency_one_outcome;
alter table idempotency add constraint idempotency_one_outcome
  check ((refusal is null) = (transaction_id is not null or hold is not null));

comment on column idempotency.hold is 'The hold as it was answered, beside the transaction when it was captured.';
