-- name: ListCredentials :many
select user_id, role, password_hash, changed_at
from credential
where user_id = any($user_ids::text[]);

-- name: PutCredential :exec
-- Without a role the one that is there stays.
insert into credential (user_id, role, password_hash)
values ($user_id, coalesce($role?::text, 'customer'), $password_hash)
on conflict (user_id) do update
set
  role = coalesce($role?::text, credential.role),
  password_hash = excluded.password_hash,
  changed_at = clock_timestamp();
