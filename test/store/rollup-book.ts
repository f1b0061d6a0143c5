import { randomUUID } from 'node:crypto'
import type { Instant } from '../../internal/clock/instant'
import type { Pool } from '../../internal/postgres/pool'
import type { Executor } from '../../internal/postgres/query'
import { inTransaction } from '../../internal/postgres/transaction'
import { isLate } from '../../pkg/transaction/rollup'

// SQL in TypeScript, because tests write and look at the tables past the code that they test.

export interface NewEntry {
  accountId: string
  counterpartyId: string | null
  amount: bigint
  effectiveAt: Instant
}

export interface PostedEntry extends NewEntry {
  id: string
}

interface AccountRow {
  id: string
  user_id: string
  entry_no: bigint
  rolled_up_until: Instant | null
  rolled_up_until_id: string | null
}

async function run<Row>(db: Executor, text: string, values: unknown[] = []): Promise<Row[]> {
  return (await db.query({ text, values })).rows as Row[]
}

/** Posts as a group commit does, as far as rollups see it; without limits, so that any program will do. */
export function postEntry(pool: Pool, entry: NewEntry, forgetsLate = false): Promise<PostedEntry> {
  const { accountId, counterpartyId, amount, effectiveAt } = entry
  const posted = { ...entry, id: randomUUID() }
  return inTransaction(pool, async (tx) => {
    const accounts = await run<AccountRow>(
      tx,
      `select id, user_id, entry_no, rolled_up_until, rolled_up_until_id
       from account where id = any($1::text[]) order by id for no key update`,
      [[accountId, counterpartyId].filter((id) => id !== null)],
    )
    const numberOf = (id: string) => accounts.find((account) => account.id === id)!.entry_no + 1n
    await run(
      tx,
      `insert into transaction (id, account_id, currency, amount, balance_after, entry_no, counterparty_id,
         counterparty_balance_after, counterparty_entry_no, effective_at, created_at)
       values ($1, $2, 'EUR', $3, 0, $4, $5, $6, $7, $8, clock_timestamp())`,
      [
        ...[posted.id, accountId, amount, numberOf(accountId), counterpartyId],
        ...(counterpartyId === null ? [null, null] : [0, numberOf(counterpartyId)]),
        effectiveAt,
      ],
    )
    const isOwn = new Set(accounts.map((account) => account.user_id)).size < accounts.length
    for (const account of accounts) {
      await run(tx, 'update account set entry_no = entry_no + 1 where id = $1', [account.id])
      const { rolled_up_until: rolledUpUntil, rolled_up_until_id: rolledUpUntilId } = account
      if (forgetsLate || !isLate(posted, { rolledUpUntil, rolledUpUntilId })) continue
      const seen = account.id === accountId ? amount : -amount
      await run(
        tx,
        `insert into late_entry (account_id, effective_at, transaction_id, amount, is_expense)
         values ($1, $2, $3, $4, $5)`,
        [account.id, effectiveAt, posted.id, seen, seen < 0n && !isOwn],
      )
    }
    return posted
  })
}

/** What an account sees of the entries, the largest expense first, of equals the earliest. */
export function naive(entries: readonly PostedEntry[], ownIds: readonly string[]) {
  const sides = entries.flatMap((entry) => {
    const { accountId, counterpartyId, amount } = entry
    const other = { ...entry, accountId: counterpartyId, counterpartyId: accountId }
    return [entry, ...(counterpartyId === null ? [] : [{ ...other, amount: -amount }])]
  })
  const isOwn = (id: string | null) => id !== null && ownIds.includes(id)
  return {
    balanceAt(accountId: string, at: Instant): bigint {
      const counted = sides.filter((one) => one.accountId === accountId && one.effectiveAt <= at)
      return counted.reduce((sum, one) => sum + one.amount, 0n)
    },
    largestExpense(from: Instant | null, to: Instant | null): PostedEntry | undefined {
      const [first] = sides
        .filter((one) => isOwn(one.accountId) && !isOwn(one.counterpartyId) && one.amount < 0n)
        .filter(({ effectiveAt: at }) => (from === null || at >= from) && (to === null || at <= to))
        .sort(
          (a, b) =>
            Number(a.amount - b.amount) ||
            compare(a.effectiveAt, b.effectiveAt) ||
            compare(a.id, b.id),
        )
      return first as PostedEntry | undefined
    },
  }
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}

/** Buckets that are not what stands below them, or what is not rolled up twice or nowhere; none is right. */
export function listBrokenRollups(pool: Pool): Promise<unknown[]> {
  return run(
    pool,
    `select a.account_id, a.level, a.starts_at, a.entries, a.amount_sum, sum(b.entries), sum(b.amount_sum)
     from entry_rollup a
     left join entry_rollup b on b.account_id = a.account_id and b.level = a.level + 1
       and b.starts_at >= a.starts_at and b.starts_at < a.ends_at
     where a.account_id in (select id from account where rolled_up_until is not null)
     group by a.account_id, a.level, a.starts_at
     having case when a.is_split
       then a.entries <> sum(b.entries) or a.amount_sum <> sum(b.amount_sum)
         or a.expense_amount is distinct from min(b.expense_amount)
       else count(b.entries) > 0 end
     union all
     select a.id, null, null, a.rolled_up_entries, null, coalesce(sum(r.entries), 0), null
     from account a
     left join entry_rollup r on r.account_id = a.id and r.level = 0
     where a.rolled_up_until is not null
     group by a.id
     having a.rolled_up_entries <> coalesce(sum(r.entries), 0)`,
  )
}

export async function rolledUpEntries(pool: Pool, accountId: string): Promise<bigint> {
  const text = 'select rolled_up_entries from account where id = $1'
  return (await run<{ rolled_up_entries: bigint }>(pool, text, [accountId]))[0]!.rolled_up_entries
}
