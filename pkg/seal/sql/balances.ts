import type { Executor } from '../../../internal/postgres/query'
import { unbalanced, wrongAccount } from '../report'
import type { Finding } from '../finding'
import type { Position } from '../seal'
import type { Balances } from '../verification'
import { listWrongAccounts, sumCurrencies } from './verification.sql.ts'

export interface BalanceScope {
  /** Transactions behind it are read. */
  after: Position
  /** What lies before it is taken from what was verified already; otherwise `after` is the beginning. */
  hasCheckpoint: boolean
  /** Of the hash that entries are followed by. */
  hashSeed: bigint
  /** How many wrong accounts are named. */
  accountsMax: number
}

export interface CheckedBalances extends Balances {
  /** The ids of those that are named. */
  wrongAccountIds: string[]
  findings: Finding[]
}

/** Compares every balance with the entries of its account, and sums up each currency. */
export async function checkBalances(db: Executor, scope: BalanceScope): Promise<CheckedBalances> {
  const { after, hasCheckpoint, hashSeed, accountsMax } = scope
  const range = {
    after_xact_no: after.xactNo,
    after_id: after.id,
    has_checkpoint: hasCheckpoint,
  }
  const wrong = await listWrongAccounts(db, {
    ...range,
    hash_seed: hashSeed,
    limit: BigInt(accountsMax),
  })
  const sums = await sumCurrencies(db, range)
  const currencies = sums.map((row) => ({
    currency: row.currency,
    accounts: row.accounts,
    balance: BigInt(row.balance),
    world: BigInt(row.world),
  }))
  const named = wrong.map((row) =>
    wrongAccount({
      id: row.id,
      currency: row.currency,
      entryNo: row.entry_no ?? undefined,
      balance: row.balance ?? undefined,
      entries: row.entries,
      sum: BigInt(row.sum),
    }),
  )
  return {
    currencies,
    wrongAccounts: wrong[0]?.wrong ?? 0n,
    wrongAccountIds: wrong.map(({ id }) => id),
    findings: [...named, ...unbalanced(currencies)],
  }
}
