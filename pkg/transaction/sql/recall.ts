import { newLru } from '../../../internal/lru/lru'
import type { LockedAccount } from '../book'
import type { Moves } from './move'

/**
 * How this process left the accounts that it posted to last. Others may have changed them since: what is
 * decided by it is moved by the database to where they stand.
 */
export interface Recall {
  /** Those of which nothing is known. */
  unknown(ids: readonly string[]): string[]
  /** All of them, or undefined. */
  accounts(ids: readonly string[]): Map<string, LockedAccount> | undefined
  /** How the database has them, where nothing is known of them yet. */
  learn(accounts: Iterable<LockedAccount>): void
  /** How they were left: what is decided next starts from here, even before that is committed. */
  keep(accounts: Iterable<LockedAccount>): void
  /** Of accounts that were kept: they stood elsewhere. What was decided by them since stays as it is. */
  move(accounts: Iterable<LockedAccount>, moves: Moves): void
  /** Told of a decision that came to nothing. */
  forget(ids: readonly string[]): void
}

/** Some 400 bytes each. */
const accountsMax = 16_384

export function newRecall(): Recall {
  const known = newLru<LockedAccount>(accountsMax)

  function put(account: LockedAccount): void {
    if (isPlain(account)) known.set(account.id, account)
    else known.delete(account.id)
  }

  return {
    unknown: (ids) => ids.filter((id) => !known.get(id)),
    accounts(ids) {
      const accounts = new Map<string, LockedAccount>()
      for (const id of ids) {
        const found = known.get(id)
        if (!found) return undefined
        accounts.set(id, found)
      }
      return accounts
    },
    learn(accounts) {
      for (const account of accounts) if (!known.get(account.id)) put(account)
    },
    keep(accounts) {
      for (const account of accounts) put(account)
    },
    move(accounts, moves) {
      if (moves.size === 0) return
      for (const account of accounts) {
        const by = moves.get(account.id)
        if (!by || known.get(account.id) !== account) continue
        const { balance, entryNo } = account
        known.set(account.id, {
          ...account,
          balance: balance + by.balance,
          entryNo: entryNo + by.entryNo,
        })
      }
    },
    forget(ids) {
      for (const id of ids) known.delete(id)
    },
  }
}

/** What is set aside ends by the clock, and of a closed account nothing more is asked. */
function isPlain({ held, expiredHoldIds, closedAt }: LockedAccount): boolean {
  return held === 0n && expiredHoldIds.length === 0 && closedAt === null
}
