import type { Pool } from '../../../internal/postgres/pool'
import { checkoutKind, newCheckoutApp, type CheckoutApp } from '../../../pkg/checkout/app/checkout'
import { newCheckoutCompanion } from '../../../pkg/checkout/sql/companion'
import { newCheckoutStore } from '../../../pkg/checkout/sql/store'
import { newOrderStore } from '../../../pkg/order/sql/store'
import type { Ledger } from '../../../pkg/transaction/app/ledger'

/** What can be paid for in the commit that pays. */
export const companions = { [checkoutKind]: newCheckoutCompanion() }

/** `onOrdered` is told of each order, for the relay of its message. */
export function newCheckout({
  pool,
  ledger,
  defaultStoreId = 'main',
  onOrdered = () => {},
}: {
  pool: Pool
  ledger: Ledger
  defaultStoreId?: string
  onOrdered?(): void
}): CheckoutApp {
  const [checkouts, orders] = [newCheckoutStore(pool), newOrderStore(pool)]
  return newCheckoutApp({ ledger, checkouts, orders, defaultStoreId, onOrdered })
}
