-- name: FindStatementOpening :maybe
select
  id,
  currency,
  balance_before(id, coalesce($from?::timestamptz, '-infinity')) as "opening_balance!"
from account
where id = $account_id;

-- name: ListStatementEntries :many
-- Both sides of the account, each along its own index from where the page before ended, already cut
-- to the page and then merged. Only `after` bounds the beginning: with `effective_at >= from` beside
-- it, an index scan might begin at `from` again for each page. The limit is no parameter, so that
-- the plan is made for a page and not for a tenth of the account.
with posted_entry as (
  select
    id, account_id, currency, amount, balance_after, counterparty_id, description, metadata,
    effective_at, created_at, reverses_id, hold_id
  from transaction
  where account_id = $account_id
    and effective_at <= coalesce($to?::timestamptz, 'infinity')
    and (effective_at, id) > ($after_at::timestamptz, $after_id::uuid)
  order by effective_at, id
  limit 500
),
counter_entry as (
  select
    id, counterparty_id as account_id, currency, -amount as amount,
    counterparty_balance_after as balance_after, account_id as counterparty_id,
    description, metadata, effective_at, created_at, reverses_id, hold_id
  from transaction
  where counterparty_id = $account_id
    and effective_at <= coalesce($to?::timestamptz, 'infinity')
    and (effective_at, id) > ($after_at::timestamptz, $after_id::uuid)
  order by effective_at, id
  limit 500
)
select
  id as "id!", account_id as "account_id!", currency as "currency!", amount as "amount!",
  balance_after as "balance_after!", counterparty_id, description, metadata,
  effective_at as "effective_at!", created_at as "created_at!", reverses_id, hold_id
from (select * from posted_entry union all select * from counter_entry) as entry
order by effective_at, id
limit 500;
