-- Entries are followed without sorting them. An entry leads from (entry_no - 1, balance_after -
-- amount) to (entry_no, balance_after). Summed over an account, the hash of where each entry leads to
-- less the hash of where it comes from leaves the last less the first, (0, 0), exactly when they form
-- one line from there to the account's own (entry_no, balance): numbers only rise, so there is no
-- circle, and a second line would begin at (0, 0) again and make one entry more than entry_no.
-- Numbers are kept from leaving bigint before they are subtracted: a row that was tampered with shall
-- be found, not stop the search.

-- name: FindVerification :one
select seal_no, to_xact_no, to_id, transactions, digest, checked_at, report
from verification;

-- name: AdvanceVerification :exec
update verification
set seal_no = $seal_no, to_xact_no = $to_xact_no, to_id = $to_id, digest = $digest,
  transactions = transactions + $transactions;

-- name: UpdateReport :exec
update verification
set checked_at = $checked_at, report = $report;

-- name: AddVerifiedEntries :exec
-- The entries of a range, both sides and the outside world, to what is verified of each account. The
-- range ends with its last row, by number: see checkSealedRows in store.ts.
with movement as (
  select
    account_id, counterparty_id, currency, balance_after, entry_no, counterparty_balance_after,
    counterparty_entry_no, amount
  from transaction
  where (xact_no, id) > ($after_xact_no::bigint, $after_id::uuid)
  order by xact_no, id
  limit $transactions::bigint
),
entry as (
  select account_id as id, entry_no as number, balance_after as balance, amount
  from movement
  union all
  select counterparty_id, counterparty_entry_no, counterparty_balance_after, -amount
  from movement
  where counterparty_id is not null
  union all
  select 'world:' || currency, null, null, -amount
  from movement
  where counterparty_id is null
)
insert into verified_account as known (account_id, entries, balance, flow)
select
  id,
  count(*),
  sum(amount),
  coalesce(
    sum(hashint8extended(balance, hashint8extended(number, $hash_seed::bigint)))
    - sum(hashint8extended(
        greatest(least(balance, 4611686018427387904), -4611686018427387904)
          - greatest(least(amount, 9007199254740991), -9007199254740991),
        hashint8extended(greatest(number, 0) - 1, $hash_seed::bigint)
      )),
    0
  )
from entry
group by id
order by id
on conflict (account_id) do update set
  entries = known.entries + excluded.entries,
  balance = known.balance + excluded.balance,
  flow = known.flow + excluded.flow;

-- name: ListWrongAccounts :many
-- Accounts whose entries do not lead, one continuing the other, from nothing to the balance, and how
-- many there are in all. What is verified already is taken from verified_account when
-- $has_checkpoint, and the rest read behind the position: with the first position that is everything.
with movement as not materialized (
  select
    account_id, counterparty_id, balance_after, entry_no, counterparty_balance_after,
    counterparty_entry_no, amount
  from transaction
  where (xact_no, id) > ($after_xact_no::bigint, $after_id::uuid)
),
entry as (
  select account_id as id, entry_no as number, balance_after as balance, amount
  from movement
  union all
  select counterparty_id, counterparty_entry_no, counterparty_balance_after, -amount
  from movement
  where counterparty_id is not null
),
course as (
  select
    id,
    count(*) as entries,
    sum(amount) as balance,
    sum(hashint8extended(balance, hashint8extended(number, $hash_seed::bigint)))
    - sum(hashint8extended(
        greatest(least(balance, 4611686018427387904), -4611686018427387904)
          - greatest(least(amount, 9007199254740991), -9007199254740991),
        hashint8extended(greatest(number, 0) - 1, $hash_seed::bigint)
      )) as flow
  from entry
  group by id
  union all
  select account_id, entries, balance, flow
  from verified_account
  where $has_checkpoint::boolean and left(account_id, 6) <> 'world:'
),
whole_course as (
  select id, sum(entries) as entries, sum(balance) as balance, sum(flow) as flow
  from course
  group by id
)
select
  coalesce(a.id, c.id) as "id!",
  a.entry_no as "entry_no?",
  a.balance as "balance?",
  coalesce(c.entries, 0)::bigint as "entries!",
  coalesce(c.balance, 0)::text as "sum!",
  coalesce(a.currency, '') as "currency!",
  count(*) over () as "wrong!"
from account a
full join whole_course c on c.id = a.id
where a.id is null
  or a.entry_no <> coalesce(c.entries, 0)
  or a.balance <> coalesce(c.balance, 0)
  or coalesce(c.flow, 0)
    <> hashint8extended(a.balance, hashint8extended(a.entry_no, $hash_seed::bigint))::numeric
      - hashint8extended(0, hashint8extended(0, $hash_seed::bigint))
order by 1
limit $limit;

-- name: SumCurrencies :many
-- Per currency the sum of all balances, and that of the outside world.
with outside as (
  select currency, -sum(amount) as balance
  from transaction
  where counterparty_id is null
    and (xact_no, id) > ($after_xact_no::bigint, $after_id::uuid)
  group by currency
  union all
  select substr(account_id, 7), balance
  from verified_account
  where $has_checkpoint::boolean and left(account_id, 6) = 'world:'
),
inside as (
  select currency, count(*) as accounts, sum(balance) as balance
  from account
  group by currency
),
world as (
  select currency, sum(balance) as balance
  from outside
  group by currency
)
select
  coalesce(i.currency, w.currency) as "currency!",
  coalesce(i.accounts, 0) as "accounts!",
  coalesce(i.balance, 0)::text as "balance!",
  coalesce(w.balance, 0)::text as "world!"
from inside i
full join world w on w.currency = i.currency
order by 1;

-- name: CountTransactionsAfter :one
-- Counts up to $limit of them.
select count(*) as "transactions!"
from (
  select from transaction
  where (xact_no, id) > ($after_xact_no::bigint, $after_id::uuid)
  order by xact_no, id
  limit $limit
) as counted;
