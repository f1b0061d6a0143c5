import type { Apps } from '../../cmd/api/routes'
import type { ApiConfig } from '../../config/config'
import { systemIds, type Ids } from '../../internal/id/id'
import type { AccountStore } from '../../pkg/account/account'
import { newAccountApp } from '../../pkg/account/app/account'
import { newTransactionApp } from '../../pkg/transaction/app/transaction'
import type { TransactionStore } from '../../pkg/transaction/transaction'
import { newUserApp } from '../../pkg/user/app/user'
import type { UserStore } from '../../pkg/user/user'

export interface Stores {
  users: UserStore
  accounts: AccountStore
  transactions: TransactionStore
}

/** The use cases over any stores, with the limits that the API has. */
export function newApps(stores: Stores, { ledger }: ApiConfig, ids: Ids = systemIds): Apps {
  const users = newUserApp({ users: stores.users, ids })
  const accounts = newAccountApp({ accounts: stores.accounts, ids })
  const limits = {
    lanes: ledger.lanes,
    groupRequestsMax: ledger.group_requests_max,
    queueRequestsMax: ledger.queue_requests_max,
    queueWaitMaxMs: ledger.queue_wait_ms_max,
  }
  const { transactions } = stores
  return {
    users,
    accounts,
    transactions: newTransactionApp({ transactions, accounts, users, limits }),
  }
}
