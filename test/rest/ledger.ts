import type { Executor } from '../../internal/postgres/query'

// SQL in TypeScript, because tests look at the tables past the code that they test.

/** All that a refused request must leave as it was. */
export async function readState(db: Executor): Promise<unknown> {
  const text = `
    select
      (select count(*) from app_user) as users,
      (select count(*) from transaction) as transactions,
      (select count(*) from idempotency) as answers,
      (select count(*) from late_entry) as late_entries,
      -- How far they are rolled up goes on in the background.
      (
        select array_agg((to_jsonb(a) - array['rolled_up_until', 'rolled_up_until_id', 'rolled_up_entries'])::text order by a.id)
        from account a
      ) as accounts,
      (select array_agg(h::text order by h.id) from hold h) as holds`
  return (await db.query({ text, values: [] })).rows[0]
}

/**
 * Accounts whose balance or entries do not follow from their transactions, or what is held on them not
 * from their holds, or with less available than they may; none is right.
 */
export async function listBrokenAccounts(db: Executor): Promise<unknown[]> {
  const text = `
    with entry as (
      select account_id as id, entry_no, amount, balance_after from transaction
      union all
      select counterparty_id, counterparty_entry_no, -amount, counterparty_balance_after
      from transaction
      where counterparty_id is not null
    ),
    running_entry as (
      select *, sum(amount) over account_entry as running, row_number() over account_entry as number
      from entry
      window account_entry as (partition by id order by entry_no)
    )
    select a.id
    from account a
    left join running_entry e on e.id = a.id
    group by a.id
    having a.balance <> coalesce(sum(e.amount), 0)
      or a.balance - a.held < a.min_balance
      or a.held <> (
        select coalesce(sum(h.amount - h.captured), 0) from hold h
        where h.account_id = a.id and h.closed_at is null
      )
      or a.entry_no <> count(e.id)
      or bool_or(e.balance_after <> e.running or e.entry_no <> e.number)
    order by a.id`
  return (await db.query({ text, values: [] })).rows
}
