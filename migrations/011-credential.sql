-- Who may sign in, as what. A user without a row here owns accounts and cannot sign in.
create table credential (
  user_id text collate "C" not null,
  role text collate "C" not null,
  password_hash text not null,
  changed_at timestamptz not null default clock_timestamp(),
  constraint credential_pkey primary key (user_id),
  constraint credential_user_fkey foreign key (user_id) references app_user (id),
  constraint credential_role_known check (role in ('customer', 'merchant', 'operator')),
  -- A colon ends the user id in an Authorization header: such a user could never sign in.
  constraint credential_user_id_form check (position(':' in user_id) = 0),
  -- A password itself can never stand here.
  constraint credential_password_hash_form check (password_hash like '$argon2id$%')
);

comment on table credential is 'How a user signs in, and as what.';
comment on column credential.role is 'customer, merchant or operator; an operator reaches everything.';
comment on column credential.password_hash is 'Argon2id with its parameters and salt, as its own text says.';
comment on column credential.changed_at is 'A sign-in that is remembered from before this moment is asked again.';

revoke all on credential from public, tillbook_api;
grant select, insert, update (role, password_hash, changed_at) on credential to tillbook_api;
