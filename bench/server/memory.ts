import type { Apps, Commerce } from '../../cmd/api/routes'
import { newSignIns, type SignIns } from '../../cmd/api/wiring/sign-in'
import type { ApiConfig } from '../../config/config'
import { newSystemClock } from '../../internal/clock/clock'
import { newMetrics } from '../../internal/metrics/metrics'
import { systemIds, type Ids } from '../../internal/id/id'
import type { Log } from '../../internal/log/log'
import type { Account, NewAccount } from '../../pkg/account/account'
import { newAccountStore } from '../../pkg/account/memory/store'
import { newCredentialStore } from '../../pkg/credential/memory/store'
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
import { passwordHash } from '../data/shop'
import { newMemoryShop } from './memory-shop'
import { newApps } from '../../cmd/api/run'

export interface MemoryApi {
  apps: Apps & Pick<Commerce, 'items' | 'carts' | 'checkouts'>
  authenticate: SignIns['authenticate']
  refillCarts(): Promise<void>
}

/** The mocked store: everything as in the API, only that nothing leaves the process. */
export async function newMemoryApi(config: ApiConfig, log: Log): Promise<MemoryApi> {
  const clock = newSystemClock()
  const users = new Map<string, User>()
  const accounts = new Map<string, Account>()
  const accountIds = new Map<string, string[]>()
  const holds = new Map<string, Hold>()
  const ids = newFillIds()
  const userStore = newUserStore({ users, accounts, accountIds, holds, clock })
  const accountStore = newAccountStore({ users, accounts, accountIds, holds, clock })
  const shop = newMemoryShop({ users, userStore, accountStore, clock })
  const { companions } = shop
  const stores = {
    users: userStore,
    accounts: accountStore,
    transactions: newTransactionStore({ accounts, accountIds, holds, clock, ids, companions }),
    holds: newHoldStore(holds, clock),
  }
  const credentials = newCredentialStore({ users, clock })
  for (let n = 0; n < fullSize.users; n++) {
    await stores.users.insert({ id: userId(n), firstName: 'Ada', lastName: `Number ${n}` })
    await credentials.put({ userId: userId(n), role: 'customer', passwordHash })
  }
  for (let n = 0; n < fullSize.accounts; n++) await stores.accounts.insert(newAccount(n))
  await postHistory(stores.transactions)
  ids.endFill()
  const apps = newApps(stores, config)
  return {
    apps: { ...apps, ...(await shop.newApps(apps.ledger)) },
    authenticate: newSignIns(config, {
      store: credentials,
      log,
      metrics: newMetrics(),
      redis: undefined,
    }).authenticate,
    refillCarts: shop.refillCarts,
  }
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
