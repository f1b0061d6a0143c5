import type { Executor } from '../../../internal/postgres/query'
import type { CartKeyStore } from '../cart'
import { deleteOldCartKeys } from './cart-key.sql.ts'

export function newCartKeyStore(db: Executor): CartKeyStore {
  return {
    deleteOld: ({ ageMs, limit }) =>
      deleteOldCartKeys(db, { age_ms: BigInt(ageMs), limit: BigInt(limit) }),
  }
}
