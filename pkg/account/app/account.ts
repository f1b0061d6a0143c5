import { Fault } from '../../../internal/fault/fault'
import type { Ids } from '../../../internal/id/id'
import { accountFaults, type Account, type AccountStore, type NewAccount } from '../account'

export interface AccountApp {
  /**
   * Without an id the account gets a UUIDv7. Faults: user.not_found, user.too_many_accounts,
   * account.exists.
   */
  open(account: Omit<NewAccount, 'id'> & { id?: string | undefined }): Promise<Account>
  /** Faults: account.not_found. */
  get(id: string): Promise<Account>
}

export function newAccountApp({ accounts, ids }: { accounts: AccountStore; ids: Ids }): AccountApp {
  return {
    open: (account) => accounts.insert({ ...account, id: account.id ?? ids.next() }),
    async get(id) {
      const account = await accounts.find(id)
      if (!account) {
        throw new Fault(accountFaults.notFound, { detail: `There is no account "${id}".` })
      }
      return account
    },
  }
}
