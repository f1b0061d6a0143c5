-- The API works as the role tillbook_api, which may add to the books and change what has to change, and
-- nothing else. Migrations run as the owner of the tables. What a role may do is shown in docs/schema.md.
--
-- Roles belong to the whole server, and several of its databases may hold a ledger: the role may be
-- there already, and another database may be migrated at this very moment.
do $$
begin
  if not exists (select from pg_roles where rolname = 'tillbook_api') then
    begin
      create role tillbook_api nologin;
    exception
      when duplicate_object or unique_violation then null;
      when insufficient_privilege then
        raise exception 'the role tillbook_api is missing and % may not create roles: have "create role tillbook_api nologin" run by somebody who may, then migrate again', current_user
          using errcode = 'insufficient_privilege';
    end;
  end if;
  if exists (
    select from pg_roles
    where rolname = 'tillbook_api'
      and (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls)
  ) then
    raise exception 'the role tillbook_api is there and may do more than the API should: have "alter role tillbook_api nosuperuser nocreaterole nocreatedb noreplication nobypassrls" run, then migrate again'
      using errcode = 'invalid_role_specification';
  end if;
  -- So that the API can work as this role with the owner's login, too. From PostgreSQL 16 on, whoever
  -- creates a role administers it and may yet not take it. Where somebody else created it, the API
  -- needs a login that was made a member.
  begin
    if current_setting('server_version_num')::int < 160000 then
      if not pg_has_role(current_user, 'tillbook_api', 'member') then
        grant tillbook_api to current_user;
      end if;
    elsif not pg_has_role(current_user, 'tillbook_api', 'set') then
      execute 'grant tillbook_api to current_user with inherit false, set true';
    end if;
  exception
    when insufficient_privilege or duplicate_object or unique_violation then null;
  end;
end
$$;

-- Whoever can create something in the schema can put it in front of what a statement means. The
-- server only warns when these are not ours to take away, so that it is asked afterwards.
do $$
begin
  execute format('revoke create on schema %I from public, tillbook_api', current_schema());
  execute format('revoke create, temporary on database %I from public, tillbook_api', current_database());
  execute format('grant usage on schema %I to tillbook_api', current_schema());
  if has_schema_privilege('tillbook_api', current_schema(), 'create')
    or not has_schema_privilege('tillbook_api', current_schema(), 'usage')
  then
    raise exception 'the schema % is not ours: have its owner run "revoke create on schema % from public; grant usage on schema % to tillbook_api", then migrate again',
      quote_ident(current_schema()), quote_ident(current_schema()), quote_ident(current_schema())
      using errcode = 'insufficient_privilege';
  end if;
  -- The API compares it with the migrations that it knows. Made by what runs the migrations, if anything does.
  if to_regclass('migrations') is not null then
    revoke all on migrations from public, tillbook_api;
    grant select on migrations to tillbook_api;
  end if;
end
$$;

-- One line a table, and only the columns that the API writes: a later migration that adds a table or a
-- column that it needs grants it there.
revoke all on currency, app_user, account, transaction, idempotency, hold, late_entry, entry_rollup, xact_epoch,
  seal, verification, verified_account from public, tillbook_api;
revoke all on function refuse_change(), balance_before(text, timestamptz),
  roll_up(text, bigint, bigint, bigint) from public, tillbook_api;

grant select on currency to tillbook_api;
grant select on xact_epoch to tillbook_api;
-- To lock a row takes the right to update some column of it.
grant select, insert (id, first_name, last_name), update (first_name, last_name)
  on app_user to tillbook_api;
-- A new account has no balance of its own making.
grant select, insert (id, user_id, name, currency, min_balance),
  update (balance, held, entry_no, min_balance, closed_at, rolled_up_until, rolled_up_until_id,
    rolled_up_entries)
  on account to tillbook_api;
grant select, insert on transaction to tillbook_api;
grant select, insert on idempotency to tillbook_api;
grant select, insert, update (captured, expires_at, closed_at, closed_as) on hold to tillbook_api;
grant select, insert, update, delete on late_entry, entry_rollup to tillbook_api;
grant select, insert on seal to tillbook_api;
grant select, insert, update on verification, verified_account to tillbook_api;
grant execute on function balance_before(text, timestamptz), roll_up(text, bigint, bigint, bigint)
  to tillbook_api;

-- What nobody does in a statement that was meant so, the owner of the tables included. For each
-- statement, not for each row: balances are updated all the time, and a trigger for each row would have
-- each row fetched a second time, whether or not it fires.
create function refuse_statement() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception '%', tg_argv[0] using errcode = 'restrict_violation';
end
$$;
revoke all on function refuse_statement() from public;
alter function refuse_change() set search_path = pg_catalog, pg_temp;

comment on function refuse_statement is 'Refuses the statement with the sentence that the trigger gives.';

create trigger app_user_no_delete before delete or truncate on app_user
  for each statement execute function refuse_statement('users are never deleted');
create trigger app_user_keeps_identity before update of id, created_at on app_user
  for each statement execute function refuse_statement('the id of a user never changes');

create trigger account_no_delete before delete or truncate on account
  for each statement execute function refuse_statement('accounts are closed, never deleted');
create trigger account_keeps_identity before update of id, user_id, currency, created_at on account
  for each statement
  execute function refuse_statement('the id, the owner and the currency of an account never change');

create trigger hold_no_delete before delete or truncate on hold
  for each statement execute function refuse_statement('holds are closed, never deleted');
create trigger hold_keeps_identity
  before update of id, amount, account_id, counterparty_id, currency, created_at on hold
  for each statement
  execute function refuse_statement('the amount and the accounts of a hold never change');

-- Old keys may be deleted, by the owner.
create trigger idempotency_no_update before update or truncate on idempotency
  for each statement execute function refuse_statement('the first answer to a key is the answer to it');
