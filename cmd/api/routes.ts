import type { Route } from '../../internal/http/route'
import type { AccountApp } from '../../pkg/account/app/account'
import type { HoldApp } from '../../pkg/hold/app/hold'
import type { Ledger } from '../../pkg/transaction/app/ledger'
import type { StatementApp } from '../../pkg/statement/app/statement'
import type { TransactionApp } from '../../pkg/transaction/app/transaction'
import type { UserApp } from '../../pkg/user/app/user'
import { accountRoutes } from './rest/account'
import { bulkRoutes } from './rest/bulk'
import { healthRoutes } from './rest/health'
import { holdRoutes } from './rest/hold'
import { statementRoutes } from './rest/statement'
import { transactionRoutes } from './rest/transaction'
import { userRoutes } from './rest/user'

export interface Apps {
  users: UserApp
  accounts: AccountApp
  transactions: TransactionApp
  holds: HoldApp
  /** What the two before write through. */
  ledger: Pick<Ledger, 'close'>
}

/** What only reads, and keeps connections of its own for it. */
export interface Readers {
  statements: StatementApp
}

/** Everything that is served, in the order of the reference. */
export function newRoutes(
  deps: Apps & Readers & { whyNotReady(): Promise<string | undefined> },
): Route[] {
  return [
    ...userRoutes(deps),
    ...accountRoutes(deps),
    ...statementRoutes(deps),
    ...transactionRoutes(deps),
    ...bulkRoutes(deps),
    ...holdRoutes(deps),
    ...healthRoutes(deps),
  ]
}
