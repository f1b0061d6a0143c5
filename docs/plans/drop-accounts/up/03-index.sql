-- What the new model is read by, built when most rows are there: one sort instead of a million
-- insertions. Only the back-fill writes to these tables, so nobody waits for it.
set lock_timeout = '5s';
set statement_timeout = 0;

create index user_transaction_user_idx on user_transaction (user_id, currency, effective_at, id);
create index user_transaction_counterparty_idx
  on user_transaction (counterparty_user_id, currency, effective_at, id)
  where counterparty_user_id is not null;
create index user_transaction_position_idx on user_transaction (xact_no, id);
create unique index user_transaction_reverses_key on user_transaction (reverses_id)
  where reverses_id is not null;
create index user_transaction_hold_idx on user_transaction (hold_id) where hold_id is not null;
create index own_transfer_user_idx on own_transfer (user_id, currency, effective_at, id);
-- What the way back reads; empty until the switch.
create index user_transaction_new_idx on user_transaction (xact_no, id) where not carried_over;

alter table user_transaction
  add constraint user_transaction_user_fkey
    foreign key (user_id, currency) references user_balance (user_id, currency) not valid,
  add constraint user_transaction_counterparty_fkey
    foreign key (counterparty_user_id, currency) references user_balance (user_id, currency) not valid,
  add constraint user_transaction_reverses_fkey
    foreign key (reverses_id) references user_transaction (id) not valid;
alter table user_transaction validate constraint user_transaction_user_fkey;
alter table user_transaction validate constraint user_transaction_counterparty_fkey;
alter table user_transaction validate constraint user_transaction_reverses_fkey;

-- These two lock hold as well.
call drop_accounts.patiently($$
  alter table user_transaction add constraint user_transaction_hold_fkey
    foreign key (hold_id) references hold (id) not valid
$$);
call drop_accounts.patiently($$
  alter table hold add constraint hold_user_fkey
    foreign key (user_id) references app_user (id) not valid
$$);
set lock_timeout = 0;
alter table user_transaction validate constraint user_transaction_hold_fkey;
alter table hold validate constraint hold_user_fkey;
