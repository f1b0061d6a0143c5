-- One database transaction for each request, a statement at a time, as one would write it first.

-- name: FindAnswer :maybe
select
  i.key as "key!",
  encode(i.fingerprint, 'hex') as "fingerprint!",
  i.refusal,
  i.hold,
  t.id,
  t.account_id,
  t.currency,
  t.amount,
  t.balance_after,
  t.counterparty_id,
  t.description,
  t.metadata,
  t.effective_at,
  t.created_at,
  t.reverses_id,
  t.hold_id
from idempotency i
left join transaction t on t.id = i.transaction_id
where i.key = $key;

-- name: LockAccount :maybe
select
  id, user_id, currency, balance, min_balance, held, entry_no, closed_at, rolled_up_until, rolled_up_until_id,
  null::uuid[] as expired_hold_ids
from account
where id = $id
for update;

-- name: InsertTransaction :exec
insert into transaction (
  id, account_id, currency, amount, balance_after, entry_no,
  counterparty_id, counterparty_balance_after, counterparty_entry_no,
  description, metadata, effective_at, created_at
)
values (
  $id, $account_id, $currency, $amount, $balance_after, $entry_no,
  $counterparty_id?, $counterparty_balance_after?, $counterparty_entry_no?,
  $description?, $metadata?, $effective_at, $created_at
);

-- name: UpdateBalance :exec
update account
set balance = $balance, entry_no = $entry_no
where id = $id;

-- name: InsertAnswer :exec
insert into idempotency (key, fingerprint, transaction_id, refusal, created_at)
values ($key, decode($fingerprint, 'hex'), $transaction_id?, $refusal?, $created_at);
