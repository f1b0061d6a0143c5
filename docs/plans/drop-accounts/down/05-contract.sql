-- Back, contract: the new model and the scaffolding go. Also the whole way down from anywhere before
-- the switch, where the accounts were never touched. Refuses when users hold the money.
set lock_timeout = '200ms';
set statement_timeout = 0;

do $$
begin
  if (select switched_at is not null from drop_accounts.progress) then
    raise exception 'users hold the money: take it back first, with the steps before this one';
  end if;
end
$$;

do $$
declare
  kept text;
begin
  if to_regclass('drop_accounts.kept_trigger') is not null then
    for kept in select definition from drop_accounts.kept_trigger loop
      execute kept;
    end loop;
  end if;
end
$$;
-- Not null is taken from the checked constraint: the table is not read again under the lock.
call drop_accounts.patiently('alter table hold alter column account_id set not null');
call drop_accounts.patiently('alter table hold drop constraint if exists hold_has_account');
call drop_accounts.patiently('drop trigger if exists account_opened on account');
call drop_accounts.patiently('drop trigger if exists account_touched on account');
drop view if exists drop_accounts.disagreement, drop_accounts.disagreement_back;
call drop_accounts.patiently('drop table if exists user_transaction');
call drop_accounts.patiently('drop table if exists own_transfer');
call drop_accounts.patiently('drop table if exists user_balance');
call drop_accounts.patiently(
  'alter table hold drop column if exists user_id, drop column if exists counterparty_user_id'
);
set lock_timeout = 0;
drop index concurrently if exists hold_without_account_idx;
drop index concurrently if exists account_short_idx;
drop index concurrently if exists account_held_idx;
drop schema if exists archive;
drop schema drop_accounts cascade;
