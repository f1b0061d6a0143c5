import { setTimeout as sleep } from 'node:timers/promises'
import { newPlainPoster } from '../../bench/plain/store'
import { newSystemClock } from '../../internal/clock/clock'
import { systemIds } from '../../internal/id/id'
import { exerciseTransactionStore } from '../conformance/transaction'
import { openSqlStores } from './sql-stores'

// What the benchmark compares the group commit with keeps the same promises.
exerciseTransactionStore('plain', async () => {
  const stores = await openSqlStores()
  const { pool } = stores
  const post = newPlainPoster({ pool, ids: systemIds, clock: newSystemClock(), sleep })
  return { ...stores, transactions: { ...stores.transactions, post } }
})
