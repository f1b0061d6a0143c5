import type { Route } from '../../internal/http/route'
import type { Metrics } from '../../internal/metrics/metrics'
import type { AccountApp } from '../../pkg/account/app/account'
import type { HoldApp } from '../../pkg/hold/app/hold'
import type { Ledger } from '../../pkg/transaction/app/ledger'
import type { EventApp } from '../../pkg/event/app/event'
import type { StatementApp } from '../../pkg/statement/app/statement'
import type { VerificationApp } from '../../pkg/seal/app/verification'
import type { BalanceApp } from '../../pkg/transaction/app/balance'
import type { TransactionApp } from '../../pkg/transaction/app/transaction'
import type { UserApp } from '../../pkg/user/app/user'
import { accountRoutes } from './rest/account'
import { bulkRoutes } from './rest/bulk'
import { eventRoutes } from './rest/event'
import { healthRoutes } from './rest/health'
import { holdRoutes } from './rest/hold'
import { metricsRoutes } from './rest/metrics'
import { statementRoutes } from './rest/statement'
import { transactionRoutes } from './rest/transaction'
import { userRoutes } from './rest/user'
import { verificationRoutes } from './rest/verification'

export interface Apps {
  users: UserApp
  accounts: AccountApp
  transactions: TransactionApp
  balances: BalanceApp
  holds: HoldApp
  /** What the two before write through. */
  ledger: Pick<Ledger, 'close'>
}

/** What only reads, and keeps connections of its own for it. */
export interface Readers {
  statements: StatementApp
  events: EventApp
  verification: VerificationApp
}

/** What tells how the process is. */
export interface Watch {
  whyNotReady(): Promise<string | undefined>
  metrics: Metrics
}

/** Everything that is served, in the order of the reference. */
export function newRoutes(deps: Apps & Readers & Watch): Route[] {
  return [
    ...userRoutes(deps),
    ...accountRoutes(deps),
    ...statementRoutes(deps),
    ...transactionRoutes(deps),
    ...bulkRoutes(deps),
    ...holdRoutes(deps),
    ...eventRoutes(deps),
    ...verificationRoutes(deps),
    ...healthRoutes(deps),
    ...metricsRoutes(deps),
  ]
}
