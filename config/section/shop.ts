import { z } from 'zod'
import { currency, msMax, section, text, wholeNumber } from './form'

// The form of a store's id in the database.
const storeIdForm = 'must be 1 to 59 letters, digits or -_.: and begin with a letter or digit'

/** The store that is made when somebody first needs one. Its merchant and account are `shop-<store_id>`. */
export const shop = section({
  store_id: z
    .string({ error: storeIdForm })
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,58}$/, { error: storeIdForm })
    .default('main'),
  name: text('must be the name of the shop').default('Shop'),
  currency: currency.default('EUR'),
})

/** Orders by product code. */
export const orders = section({
  /** That the product service's prices are in. */
  currency: currency.default('EUR'),
  budget_ms: wholeNumber(1, msMax).default(2000),
})

/** Streams that tell how far reservations are. */
export const watch = section({
  streams_max: wholeNumber(1, 10_000).default(500),
  streams_of_user_max: wholeNumber(1, 100).default(5),
  poll_interval_ms: wholeNumber(10, 60_000).default(250),
})
