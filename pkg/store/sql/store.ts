import type { Executor } from '../../../internal/postgres/query'
import { defaultOwnerOf, type Store, type StoreStore } from '../store'
import { ensureStore, findStore, findStoreOfUser, type FindStoreRow } from './store.sql.ts'

export function newStoreStore(db: Executor): StoreStore {
  return {
    async find(id) {
      const row = await findStore(db, { id })
      return row && toStore(row)
    },
    async findOfUser(userId) {
      const row = await findStoreOfUser(db, { user_id: userId })
      return row && toStore(row)
    },
    async ensure(store) {
      await ensureStore(db, { ...store, owner_id: defaultOwnerOf(store) })
    },
  }
}

function toStore(row: FindStoreRow): Store {
  return {
    id: row.id,
    userId: row.user_id,
    accountId: row.account_id,
    currency: row.currency,
    name: row.name,
  }
}
