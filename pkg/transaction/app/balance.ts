import type { Instant } from '../../../internal/clock/instant'
import type { Account } from '../../account/account'
import type { AccountApp } from '../../account/app/account'
import type { RollUpStore } from '../rollup'

export interface BalanceApp {
  /**
   * The account as it is, but with the balance of what counts up to and at that time, by effectiveAt;
   * it may lie in the future. Faults: account.not_found.
   */
  getAccountAt(accountId: string, at: Instant): Promise<Account>
}

export function newBalanceApp({
  accounts,
  transactions,
}: {
  accounts: Pick<AccountApp, 'get'>
  transactions: Pick<RollUpStore, 'findBalanceAt'>
}): BalanceApp {
  return {
    async getAccountAt(accountId, at) {
      const [account, balance] = await Promise.all([
        accounts.get(accountId),
        transactions.findBalanceAt(accountId, at),
      ])
      // It was opened between the two looks, and has no entries yet.
      return { ...account, balance: balance ?? 0n }
    },
  }
}
