-- What was answered to a request that carried an Idempotency-Key, stored in the database
-- transaction that did the work. Apart from `transaction`, because a refusal is remembered too, and
-- because keys can be retired one day while transactions stay for ever.
create table idempotency (
  key text collate "C" not null,
  fingerprint bytea not null,
  transaction_id uuid,
  refusal jsonb,
  created_at timestamptz not null,
  constraint idempotency_pkey primary key (key),
  constraint idempotency_key_length check (char_length(key) between 1 and 255),
  constraint idempotency_fingerprint_length check (octet_length(fingerprint) = 32),
  constraint idempotency_one_outcome check ((transaction_id is null) <> (refusal is null))
);

comment on table idempotency is 'The first answer to each Idempotency-Key, to be given again.';
comment on column idempotency.fingerprint is 'SHA-256 of the request''s meaning: the same key with another request is refused.';
comment on column idempotency.transaction_id is 'What was created. No foreign key: written in the same statement group, and transactions are never deleted.';
comment on column idempotency.refusal is 'Or why it was refused: {code, detail, …}.';
