-- `user` is a reserved word of SQL, where it silently means the database role: hence app_user.
create table app_user (
  id text collate "C" not null,
  first_name text not null,
  last_name text not null,
  created_at timestamptz not null default clock_timestamp(),
  constraint app_user_pkey primary key (id),
  constraint app_user_id_form check (id ~ '^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$'),
  constraint app_user_first_name_length check (char_length(first_name) between 1 and 100),
  constraint app_user_last_name_length check (char_length(last_name) between 1 and 100)
);

comment on table app_user is 'Whoever owns accounts.';
comment on column app_user.id is 'Chosen by the client, or a UUIDv7. Collated "C": ids sort the same on every server.';
