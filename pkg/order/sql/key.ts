import type { Executor } from '../../../internal/postgres/query'
import type { OrderKeyStore } from '../order'
import { deleteOldOrderKeys } from './order-key.sql.ts'

export function newOrderKeyStore(db: Executor): OrderKeyStore {
  return {
    deleteOld: ({ ageMs, limit }) =>
      deleteOldOrderKeys(db, { age_ms: BigInt(ageMs), limit: BigInt(limit) }),
  }
}
