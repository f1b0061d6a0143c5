import type { Executor } from '../../internal/postgres/query'
import { fullSize, history, historyBalance, idPrefix, startsAt } from './data'
import { fillShop } from './shop'
import { analyzeBook, insertAccounts, insertTransactions, insertUsers } from './data.sql.ts'

/** Fills the migrated database that the real and the plain store are measured on. */
export async function fillDatabase(db: Executor): Promise<void> {
  const accounts = BigInt(fullSize.accounts)
  await insertUsers(db, { users: BigInt(fullSize.users) })
  await insertAccounts(db, { accounts, balance: historyBalance, entries: BigInt(history.length) })
  await insertTransactions(db, {
    accounts,
    amounts: [...history],
    id_prefix: idPrefix,
    starts_at: startsAt,
  })
  await analyzeBook(db)
  await fillShop(db)
}
