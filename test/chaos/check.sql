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

-- name: ListWrongHeld :many
-- What is set aside on an account is what is left of its holds that were not closed, and can be had.
select
  a.id, a.balance, a.held, a.min_balance,
  coalesce(sum(h.amount - h.captured), 0)::text as "left_of_holds!"
from account a
left join hold h on h.account_id = a.id and h.closed_at is null
group by a.id
having a.held <> coalesce(sum(h.amount - h.captured), 0) or a.balance - a.held < a.min_balance
order by a.id
limit 100;

-- name: ListWrongHolds :many
-- What was captured of a hold are the transactions that say so, between its two sides, and never more
-- than there was.
select h.id, h.amount, h.captured, coalesce(sum(-t.amount), 0)::text as "paid!"
from hold h
left join transaction t on t.hold_id = h.id
group by h.id
having
  h.captured <> coalesce(sum(-t.amount), 0)
  or h.captured > h.amount
  or coalesce(bool_or(t.account_id <> h.account_id), false)
  or bool_or(t.id is not null and t.counterparty_id is distinct from h.counterparty_id)
  or (coalesce(h.closed_as, '') = 'captured') <> (h.captured = h.amount)
order by h.id
limit 100;

-- name: ListWrongReversals :many
-- A transaction is reversed once at most, by its opposite.
select t.id, count(*) as "reversals!"
from transaction t
join transaction r on r.reverses_id = t.id
group by t.id
having
  count(*) > 1
  or bool_or(
    r.amount <> -t.amount
    or r.account_id <> t.account_id
    or r.counterparty_id is distinct from t.counterparty_id
  )
order by t.id
limit 100;

-- name: ListDoubledRequests :many
-- Every request that makes something new carries a description of its own, so that one that was
-- carried out twice shows, with or without a key. Reversals and captures have that of something else.
with made as (
  select description from transaction where reverses_id is null and hold_id is null
  union all
  select description from hold
)
select description as "description!", count(*) as "times!"
from made
where description is not null
group by description
having count(*) > 1
order by description
limit 100;

-- name: ListDoubledKeys :many
-- Two keys never share a transaction, and a key's transaction is there. The payment of an order is that
-- of every key its cart was checked out with.
select min(i.key) as "key!", count(*) as "keys!"
from idempotency i
left join transaction t on t.id = i.transaction_id
left join shop_order o on o.transaction_id = i.transaction_id
where i.transaction_id is not null
group by i.transaction_id
having (count(*) > 1 and count(o.id) = 0) or bool_or(t.id is null)
order by min(i.key)
limit 100;

-- name: ListUntrueAnswers :many
-- Transactions that were told of in a 2xx, as far as they are not there exactly so.
with told as (
  select *
  from unnest(
    $ids::uuid[], $account_ids::text[], $counterparty_ids?::text[], $currencies::text[],
    $amounts::text[], $balances_after::text[], $descriptions?::text[], $reverses_ids?::uuid[],
    $hold_ids?::uuid[]
  ) as t (
    id, account_id, counterparty_id, currency, amount, balance_after, description, reverses_id, hold_id
  )
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
  told.description,
  told.reverses_id,
  told.hold_id
) is distinct from (
  t.account_id, t.counterparty_id, t.currency, t.amount::numeric, t.balance_after::numeric,
  t.description, t.reverses_id, t.hold_id
)
order by told.id
limit 100;

-- name: ListUntrueHolds :many
-- Holds that were told of in a 2xx, as far as they are not there so: what was captured of one may be
-- more since, and one that was over stays as it was.
with told as (
  select *
  from unnest(
    $ids::uuid[], $account_ids::text[], $counterparty_ids?::text[], $currencies::text[],
    $amounts::text[], $captured::text[], $statuses::text[], $descriptions?::text[]
  ) as t (id, account_id, counterparty_id, currency, amount, captured, status, description)
)
select distinct told.id as "id!", h.id is not null as "is_there!"
from told
left join currency c on c.code = told.currency
left join hold h on h.id = told.id
where (
  told.account_id,
  told.counterparty_id,
  told.currency,
  told.amount::numeric * power(10::numeric, c.scale),
  told.description
) is distinct from (
  h.account_id, h.counterparty_id, h.currency, h.amount::numeric, h.description
)
  or told.captured::numeric * power(10::numeric, c.scale) > h.captured
  or (told.status <> 'open' and told.status is distinct from h.closed_as)
  or (
    told.status <> 'open'
    and told.captured::numeric * power(10::numeric, c.scale) is distinct from h.captured::numeric
  )
order by told.id
limit 100;

-- name: ListTraces :many
-- Of these traces, which requests leave that were refused or have no answer, those that are in the book.
with made as (
  select
    id,
    case
      when reverses_id is not null then 'reversal of ' || reverses_id
      when hold_id is not null then 'capture of ' || hold_id
      else description
    end as trace
  from transaction
  union all
  select id, 'hold ' || description from hold
)
select trace as "trace!", id as "id!"
from made
where trace = any($traces::text[])
order by trace, id
limit 100000;

-- name: CountMade :one
select
  (select count(*) from transaction) as "transactions!",
  (select count(*) from hold) as "holds!";

-- name: ListTransactionIds :many
-- All of them, in pieces.
select id
from transaction
where id > $after::uuid
order by id
limit 10000;

-- name: ListHoldStates :many
-- What became of the holds, to see that a run had all of it.
select
  case
    when closed_as is not null then closed_as
    when expires_at <= clock_timestamp() then 'expired, and not looked at since'
    else 'open'
  end as "state!",
  count(*) as "holds!"
from hold
group by 1
order by 1;

-- name: ListAvailable :many
-- What accounts have to tell: of what is set aside only that counts which holds have that are not over.
select
  a.id as "id!", a.currency as "currency!", a.balance as "balance!",
  a.balance - coalesce(sum(h.amount - h.captured), 0)::bigint as "available!"
from account a
left join hold h
  on h.account_id = a.id
  and h.closed_at is null
  and (h.expires_at is null or h.expires_at > clock_timestamp())
group by a.id
order by a.id
limit 10000;
