import { ledgerSession } from '../../cmd/api/wiring/pools'
import { systemIds } from '../../internal/id/id'
import { newPool, type Pool } from '../../internal/postgres/pool'
import { newAccountStore } from '../../pkg/account/sql/store'
import { newCartStore } from '../../pkg/cart/sql/store'
import { newCredentialStore } from '../../pkg/credential/sql/store'
import { newHoldStore } from '../../pkg/hold/sql/store'
import { newTransactionStore } from '../../pkg/transaction/sql/store'
import { newItemStore } from '../../pkg/item/sql/store'
import { newStoreStore } from '../../pkg/store/sql/store'
import { newUserStore } from '../../pkg/user/sql/store'
import type { ShopStores } from '../conformance/shop'
import { connectionSettings, newDatabase } from '../harness/database'
import { silentLog } from '../harness/log'

/** The stores on a database of their own, wired as the API wires them. */
export async function openSqlStores(): Promise<ShopStores & { pool: Pool; url: string }> {
  const database = await newDatabase()
  const settings = connectionSettings(database.url)
  const program = 'tillbook-test'
  const pool = newPool(settings, silentLog(), { program })
  const lanes = newPool(settings, silentLog(), {
    ...{ program, connectionsMax: 2, pipeline: true },
    sessionOptions: ledgerSession,
  })
  const options = {
    attemptsMax: 20,
    outcomeTimeoutMs: 1000,
    ownsSessions: true,
    sleep: async () => {},
  }
  return {
    pool,
    url: database.url,
    shops: newStoreStore(pool),
    items: newItemStore(pool),
    carts: newCartStore(pool),
    users: newUserStore(pool),
    accounts: newAccountStore(pool),
    transactions: newTransactionStore({ pool, lanes, ids: systemIds, options }),
    holds: newHoldStore(pool),
    credentials: newCredentialStore(pool),
    async close() {
      await Promise.all([pool.close(), lanes.close()])
      await database.close()
    },
  }
}
