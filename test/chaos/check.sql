-- What must hold of a book when it is looked at from outside, whatever befell those who wrote it. Each
-- query lists what does not; all of them are about the tables alone.

-- name: ListWrongBalances :many
-- A balance is the sum of the account's entries.
with entry as (
  select account_id as id, amount from transaction
  union all
  select counterparty_id, -amount from transaction where counterparty_id is not null
)
select
  a.id, a.balance, coalesce(sum(e.amount), 0)::text as "sum_of_entries!"
from account a
left join entry e on e.id = a.id
group by a.id
having a.balance <> coalesce(sum(e.amount), 0)
order by a.id
limit 100;

-- name: ListBrokenEntries :many
-- Each entry continues the one before, on both sides: its number and its balance.
with entry as (
  select account_id, id as transaction_id, entry_no, amount, balance_after from transaction
  union all
  select counterparty_id, id, counterparty_entry_no, -amount, counterparty_balance_after
  from transaction
  where counterparty_id is not null
),
continued_entry as (
  select
    *,
    lag(entry_no, 1, 0::bigint) over account_entry as entry_no_before,
    lag(balance_after, 1, 0::bigint) over account_entry as balance_before
  from entry
  window account_entry as (partition by account_id order by entry_no, transaction_id)
)
select account_id as "account_id!", entry_no as "entry_no!", transaction_id as "transaction_id!"
from continued_entry
where entry_no <> entry_no_before + 1 or balance_after <> balance_before + amount
order by account_id, entry_no
limit 100;

-- name: ListWrongEntryCounts :many
-- The account knows the number of its last entry.
with entry as (
  select account_id as id from transaction
  union all
  select counterparty_id from transaction where counterparty_id is not null
)
select a.id, a.entry_no, count(e.id) as "entries!"
from account a
left join entry e on e.id = a.id
group by a.id
having a.entry_no <> count(e.id)
order by a.id
limit 100;

-- name: ListUnbalancedCurrencies :many
-- With the outside world, which sees the opposite of every movement that names no counterparty, all
-- balances of a currency come to zero.
with balance as (
  select currency, balance from account
  union all
  select currency, -amount from transaction where counterparty_id is null
)
select currency as "currency!", sum(balance)::text as "sum!"
from balance
group by currency
having sum(balance) <> 0
order by currency;

-- name: ListOverdrafts :many
-- No entry that took money left less than the account's limit.
with entry as (
  select account_id, id as transaction_id, amount, balance_after from transaction
  union all
  select counterparty_id, id, -amount, counterparty_balance_after
  from transaction
  where counterparty_id is not null
)
select
  e.account_id as "account_id!",
  e.transaction_id as "transaction_id!",
  e.balance_after as "balance_after!",
  a.min_balance
from entry e
join account a on a.id = e.account_id
where e.balance_after < a.min_balance and e.amount < 0
order by e.account_id, e.transaction_id
limit 100;

-- name: ListDoubledRequests :many
-- Every request carries a description of its own, so that one that was carried out twice shows,
-- with or without a key.
select description as "description!", count(*) as "times!"
from transaction
where description is not null
group by description
having count(*) > 1
order by description
limit 100;

-- name: ListDoubledKeys :many
-- Two keys never share a transaction, and a key's transaction is there.
select min(i.key) as "key!", count(*) as "keys!"
from idempotency i
left join transaction t on t.id = i.transaction_id
where i.transaction_id is not null
group by i.transaction_id
having count(*) > 1 or bool_or(t.id is null)
order by min(i.key)
limit 100;

-- name: ListUntrueAnswers :many
-- Transactions that were told of in a 2xx, as far as they are not there exactly so.
with told as (
  select *
  from unnest(
    $ids::uuid[], $account_ids::text[], $counterparty_ids?::text[], $currencies::text[],
    $amounts::text[], $balances_after::text[], $descriptions?::text[]
  ) as t (id, account_id, counterparty_id, currency, amount, balance_after, description)
)
select told.id as "id!", t.id is not null as "is_there!"
from told
left join currency c on c.code = told.currency
left join transaction t on t.id = told.id
where (
  told.account_id,
  told.counterparty_id,
  told.currency,
  told.amount::numeric * power(10::numeric, c.scale),
  told.balance_after::numeric * power(10::numeric, c.scale),
  told.description
) is distinct from (
  t.account_id, t.counterparty_id, t.currency, t.amount::numeric, t.balance_after::numeric, t.description
)
order by told.id
limit 100;

-- name: ListUntoldTransactions :many
-- Of these requests, which were refused or answered by another transaction, those that are in the book.
select description as "description!", id
from transaction
where description = any($descriptions::text[])
order by description, id
limit 100000;

-- name: CountTransactions :one
select count(*) as "transactions!" from transaction;
