import type { Ids } from '../../../internal/id/id'
import { newAccountNotFound, type Account, type AccountStore, type NewAccount } from '../account'

export interface AccountApp {
  /**
   * Without an id the account gets a UUIDv7. Faults: user.not_found, user.too_many_accounts,
   * account.exists.
   */
  open(account: Omit<NewAccount, 'id'> & { id?: string | undefined }): Promise<Account>
  /** Faults: account.not_found. */
  get(id: string): Promise<Account>
  /** Closes it for new transactions. Faults: account.not_found, account.not_empty. */
  close(id: string): Promise<Account>
  /**
   * `read` gives the limit in minor units of the account's currency. Faults: account.not_found,
   * account.closed, account.limit_not_met, and what `read` throws.
   */
  setMinBalance(id: string, read: (currency: string) => bigint): Promise<Account>
}

export function newAccountApp({ accounts, ids }: { accounts: AccountStore; ids: Ids }): AccountApp {
  const get = async (id: string) => present(id, await accounts.find(id))
  return {
    get,
    open: (account) => accounts.insert({ ...account, id: account.id ?? ids.next() }),
    close: async (id) => present(id, await accounts.close(id)),
    async setMinBalance(id, read) {
      const { currency } = await get(id)
      return present(id, await accounts.setMinBalance(id, read(currency)))
    },
  }
}

function present(id: string, account: Account | undefined): Account {
  if (account) return account
  throw newAccountNotFound(id)
}
