import { Fault } from '../../../internal/fault/fault'
import { sqlState, violates } from '../../../internal/postgres/errors'
import type { Pool } from '../../../internal/postgres/pool'
import { inTransaction } from '../../../internal/postgres/transaction'
import { accountsPerUserMax, userFaults } from '../../user/user'
import { accountFaults, type Account, type AccountStore, type NewAccount } from '../account'
import {
  findAccountById,
  insertAccount,
  lockUser,
  type FindAccountByIdRow,
  type InsertAccountRow,
} from './account.sql.ts'

export function newAccountStore(pool: Pool): AccountStore {
  return {
    async insert(account) {
      try {
        return toAccount(await insertWithinLimit(pool, account))
      } catch (error) {
        if (!isDuplicate(error)) throw error
        const detail = `There is an account "${account.id}" already.`
        throw new Fault(accountFaults.exists, { detail, cause: error })
      }
    },

    async find(id) {
      const row = await findAccountById(pool, { id })
      return row && toAccount(row)
    },
  }
}

/** Which of the two is violated first depends on the order in which they were made, by a restore say. */
function isDuplicate(error: unknown): boolean {
  const names = ['account_pkey', 'account_id_currency_key']
  return names.some((name) => violates(error, sqlState.unique_violation, name))
}

function insertWithinLimit(pool: Pool, account: NewAccount): Promise<InsertAccountRow> {
  return inTransaction(pool, async (tx) => {
    if (!(await lockUser(tx, { user_id: account.userId }))) {
      throw new Fault(userFaults.notFound, { detail: `There is no user "${account.userId}".` })
    }
    const row = await insertAccount(tx, {
      id: account.id,
      user_id: account.userId,
      name: account.name,
      currency: account.currency,
      min_balance: account.minBalance,
      accounts_max: BigInt(accountsPerUserMax),
    })
    if (row) return row
    throw new Fault(userFaults.tooManyAccounts, {
      detail: `"${account.userId}" has ${accountsPerUserMax} accounts, as many as a user can have.`,
    })
  })
}

function toAccount(row: FindAccountByIdRow): Account {
  return {
    id: row.id,
    userId: row.user_id,
    name: row.name,
    currency: row.currency,
    balance: row.balance,
    minBalance: row.min_balance,
    entryNo: row.entry_no,
    closedAt: row.closed_at,
    createdAt: row.created_at,
  }
}
