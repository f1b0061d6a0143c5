import type { ApiConfig } from '../../../config/config'
import { systemIds } from '../../../internal/id/id'
import type { Executor } from '../../../internal/postgres/query'
import { newCartApp, type CartAppDeps } from '../../../pkg/cart/app/cart'
import { newCartStore } from '../../../pkg/cart/sql/store'
import { newItemApp } from '../../../pkg/item/app/item'
import { newItemStore } from '../../../pkg/item/sql/store'
import { newStoreApp } from '../../../pkg/store/app/store'
import { newStoreStore } from '../../../pkg/store/sql/store'
import type { Commerce } from '../routes'

/** The catalogue and the carts. */
export function newShop(
  db: Executor,
  { store_id, name, currency }: ApiConfig['shop'],
  { admit, adds }: { admit?: CartAppDeps['admit']; adds?: Executor } = {},
): Pick<Commerce, 'items' | 'carts'> {
  const defaultStore = { id: store_id, name, currency }
  const stores = newStoreApp({ stores: newStoreStore(db), defaultStore })
  return {
    items: newItemApp({ items: newItemStore(db), stores, ids: systemIds }),
    carts: newCartApp({ carts: newCartStore(db, adds), stores, ids: systemIds, admit }),
  }
}
