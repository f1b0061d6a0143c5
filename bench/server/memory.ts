import type { Apps } from '../../cmd/api/routes'
import type { ApiConfig } from '../../config/config'
import { newSystemClock } from '../../internal/clock/clock'
import { systemIds, type Ids } from '../../internal/id/id'
import type { Account, NewAccount } from '../../pkg/account/account'
import { newAccountStore } from '../../pkg/account/memory/store'
import type { Hold } from '../../pkg/hold/hold'
import { newHoldStore } from '../../pkg/hold/memory/store'
import { newTransactionStore } from '../../pkg/transaction/memory/store'
import { single, type LedgerRequest } from '../../pkg/transaction/instruction'
import type { TransactionStore } from '../../pkg/transaction/transaction'
import { newUserStore } from '../../pkg/user/memory/store'
import type { User } from '../../pkg/user/user'
import {
  accountId,
  currencyOf,
  description,
  entryTime,
  fullSize,
  history,
  ownerId,
  transactionId,
  userId,
} from '../data/data'
import { newApps } from '../../cmd/api/run'

/** The mocked store: everything as in the API, only that nothing leaves the process. */
export async function newMemoryApps(config: ApiConfig): Promise<Apps> {
  const clock = newSystemClock()
  const users = new Map<string, User>()
  const accounts = new Map<string, Account>()
  const accountIds = new Map<string, string[]>()
  const holds = new Map<string, Hold>()
  const ids = newFillIds()
  const stores = {
    users: newUserStore({ users, accounts, accountIds, holds, clock }),
    accounts: newAccountStore({ users, accounts, accountIds, holds, clock }),
    transactions: newTransactionStore({ accounts, accountIds, holds, clock, ids }),
    holds: newHoldStore(holds, clock),
  }
  for (let n = 0; n < fullSize.users; n++) {
    await stores.users.insert({ id: userId(n), firstName: 'Ada', lastName: `Number ${n}` })
  }
  for (let n = 0; n < fullSize.accounts; n++) await stores.accounts.insert(newAccount(n))
  await postHistory(stores.transactions)
  ids.endFill()
  return newApps(stores, config)
}

function newAccount(n: number): NewAccount {
  return {
    id: accountId(n),
    userId: ownerId(n),
    name: 'Checking',
    currency: currencyOf(n),
    minBalance: 0n,
  }
}

async function postHistory(transactions: TransactionStore): Promise<void> {
  for (const [index, amount] of history.entries()) {
    const group = Array.from({ length: fullSize.accounts }, (_, n): LedgerRequest =>
      single({
        kind: 'post',
        accountId: accountId(n),
        amount: { units: amount, scale: 2 },
        counterpartyId: null,
        description,
        metadata: null,
        effectiveAt: entryTime(index + 1),
        idempotency: null,
      }),
    )
    await transactions.post(group)
  }
}

/** Ids that the load can foresee, then those that the API makes. */
function newFillIds(): Ids & { endFill(): void } {
  let count = 0
  let filling = true
  return {
    next: () => (filling ? transactionId(count++) : systemIds.next()),
    endFill: () => void (filling = false),
  }
}
