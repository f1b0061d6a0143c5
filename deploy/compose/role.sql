-- A login for the API and the worker that is a member of tillbook_api and owns nothing, so that there is
-- nothing to go back to from its rights. Run after the migrations, which make the role, as often as one likes.
do $$
begin
  create role tillbook_app login password 'tillbook' in role tillbook_api;
exception
  when duplicate_object then null;
end $$;
