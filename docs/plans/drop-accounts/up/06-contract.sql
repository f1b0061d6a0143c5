-- Contract: when no old version has run for as long as was agreed, its names go, and with them the
-- last of `account`. What they stood for rests in the schema archive, which nobody changes, until it
-- is dumped and dropped.
set lock_timeout = '200ms';
set statement_timeout = 0;

call drop_accounts.patiently('drop view public.account, public.transaction, public.late_entry');
-- Sums and largest expenses per account, and the chain of seals over what was posted to accounts: they
-- belong to the rows in the archive, and can come back with them. Rights and triggers go along.
call drop_accounts.patiently('alter table public.entry_rollup set schema archive');
call drop_accounts.patiently('alter function public.balance_before set schema archive');
call drop_accounts.patiently('alter function public.roll_up set schema archive');
call drop_accounts.patiently('alter table public.seal set schema archive');
call drop_accounts.patiently('alter table public.verification set schema archive');
call drop_accounts.patiently('alter table public.verified_account set schema archive');
call drop_accounts.patiently($$
  create trigger account_at_rest before update or delete or truncate on archive.account
    for each statement execute function refuse_change()
$$);

-- The bookkeeping of the way up. Of the scaffolding, what the way back needs stays.
drop view drop_accounts.disagreement;
drop table drop_accounts.touched_account;
drop procedure drop_accounts.back_fill, drop_accounts.switch;
drop function drop_accounts.carry_over, drop_accounts.carry_limits, drop_accounts.carry_holds,
  drop_accounts.note_touched_account, drop_accounts.switch_to_users;
set lock_timeout = 0;
drop index concurrently hold_without_user_idx;
