import type { Executor } from '../../../internal/postgres/query'
import type { Companion } from '../../transaction/companion'
import type { CheckoutAsk, CheckoutFacts, Sale } from '../checkout'
import { openCounter } from '../counter'
import {
  listCartAndStockIds,
  listLockedLines,
  lockCarts,
  lockFreeCarts,
  lockFreeStock,
  lockStock,
  writeSales,
} from './checkout.sql.ts'
import { toColumns, toFacts } from './row'

/** The goods' side of a group commit: carts and stock are locked, orders written, by its two round trips. */
export function newCheckoutCompanion(): Companion<Executor, CheckoutAsk, CheckoutFacts, Sale> {
  return {
    async look(client, asks, { passesHeld }) {
      const ids = [...new Set(asks.flatMap(({ cartId }) => (cartId === null ? [] : [cartId])))]
      const [carts, lines, stock, existing] = await Promise.all([
        (passesHeld ? lockFreeCarts : lockCarts)(client, { ids }),
        listLockedLines(client, { cart_ids: ids }),
        (passesHeld ? lockFreeStock : lockStock)(client, { cart_ids: ids }),
        passesHeld ? listCartAndStockIds(client, { cart_ids: ids }) : [],
      ])
      return toFacts({ carts, lines, stock, existing })
    },
    open: openCounter,
    write: (client, sales, now) => writeSales(client, toColumns(sales, now)),
  }
}
