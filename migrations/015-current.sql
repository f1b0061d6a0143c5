-- A statement that writes what was decided from rows read earlier asks, before it writes, whether they are
-- still as they were. To the client it is what it is to SERIALIZABLE: somebody else was faster.
create function refuse_unless_current(is_current boolean) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if is_current is not true then
    raise exception 'a row is not as it was when it was decided what to write'
      using errcode = 'serialization_failure';
  end if;
end
$$;

revoke all on function refuse_unless_current(boolean) from public;
grant execute on function refuse_unless_current(boolean) to tillbook_api;
