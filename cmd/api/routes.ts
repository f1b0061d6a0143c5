import type { Route } from '../../internal/http/route'
import type { Metrics } from '../../internal/metrics/metrics'
import type { AccountApp } from '../../pkg/account/app/account'
import type { Ownership } from '../../pkg/account/app/ownership'
import type { CredentialApp } from '../../pkg/credential/app/credential'
import type { HoldAccess } from '../../pkg/hold/app/access'
import type { CheckoutApp } from '../../pkg/checkout/app/checkout'
import type { HoldApp } from '../../pkg/hold/app/hold'
import type { CartApp } from '../../pkg/cart/app/cart'
import type { ItemApp } from '../../pkg/item/app/item'
import type { OrderApp } from '../../pkg/order/app/order'
import type { Ledger } from '../../pkg/transaction/app/ledger'
import type { EventApp } from '../../pkg/event/app/event'
import type { ReservationApp } from '../../pkg/reservation/app/reservation'
import type { Watch as ReservationWatch } from '../../pkg/reservation/app/watch'
import type { StatementApp } from '../../pkg/statement/app/statement'
import type { VerificationApp } from '../../pkg/seal/app/verification'
import type { BalanceApp } from '../../pkg/transaction/app/balance'
import type { TransactionAccess } from '../../pkg/transaction/app/access'
import type { TransactionApp } from '../../pkg/transaction/app/transaction'
import type { UserApp } from '../../pkg/user/app/user'
import { accountRoutes } from './rest/account'
import { bulkRoutes } from './rest/bulk'
import { credentialRoutes } from './rest/credential'
import { cartRoutes } from './rest/cart'
import { catalogueRoutes } from './rest/catalogue'
import { checkoutRoutes } from './rest/checkout'
import { eventRoutes } from './rest/event'
import { healthRoutes } from '../../internal/http/health'
import { holdRoutes } from './rest/hold'
import { metricsRoutes } from '../../internal/http/metrics'
import { orderRoutes } from './rest/order'
import { reservationRoutes } from './rest/reservation'
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
  ledger: Ledger
  /** Who may see and do what of them. */
  ownership: Ownership
  transactionAccess: TransactionAccess
  holdAccess: HoldAccess
}

/** What lets users in. */
export interface SignIns {
  credentials: CredentialApp
}

/** What only reads, and keeps connections of its own for it. */
export interface Readers {
  statements: StatementApp
  events: EventApp
  verification: VerificationApp
}

/** What is sold, what somebody means to buy, and what was bought. */
export interface Commerce {
  items: ItemApp
  carts: CartApp
  reservations: ReservationApp
  watch: ReservationWatch
  orders: OrderApp
  checkouts: CheckoutApp
}

/** What tells how the process is. */
export interface Watch {
  whyNotReady(): Promise<string | undefined>
  metrics: Metrics
}

/** Everything that is served, in the order of the reference. */
export function newRoutes(deps: Apps & SignIns & Commerce & Readers & Watch): Route[] {
  return [
    ...userRoutes(deps),
    ...credentialRoutes(deps),
    ...accountRoutes(deps),
    ...statementRoutes(deps),
    ...transactionRoutes(deps),
    ...bulkRoutes(deps),
    ...holdRoutes(deps),
    ...catalogueRoutes(deps),
    ...cartRoutes(deps),
    ...orderRoutes(deps),
    ...reservationRoutes(deps),
    ...checkoutRoutes(deps),
    ...eventRoutes(deps),
    ...verificationRoutes(deps),
    ...healthRoutes(deps),
    ...metricsRoutes(deps),
  ]
}
