import { Fault } from '../../../internal/fault/fault'
import { lookupLimits, newLookup } from '../../../internal/lookup/lookup'
import { sqlState, violates } from '../../../internal/postgres/errors'
import type { Executor } from '../../../internal/postgres/query'
import type { Pool } from '../../../internal/postgres/pool'
import { inTransaction } from '../../../internal/postgres/transaction'
import { accountsPerUserMax, newUserNotFound, userFaults } from '../../user/user'
import {
  accountFaults,
  refuseClosing,
  refuseLimit,
  type Account,
  type AccountStore,
  type NewAccount,
} from '../account'
import {
  closeExpiredHolds,
  insertAccount,
  listAccountsByIds,
  lockAccount,
  lockUser,
  updateAccount,
  type ListAccountsByIdsRow,
  type InsertAccountRow,
} from './account.sql.ts'

export function newAccountStore(pool: Pool): AccountStore {
  const accounts = newLookup({ load: (ids) => loadAccounts(pool, ids), ...lookupLimits })
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

    find: accounts.find,

    close: (id) =>
      change(pool, id, (account) => {
        const fault = refuseClosing(account)
        if (fault) throw fault
        return { minBalance: account.minBalance, isClosed: true }
      }),

    setMinBalance: (id, minBalance) =>
      change(pool, id, (account) => {
        const fault = refuseLimit(account, minBalance)
        if (fault) throw fault
        return { minBalance, isClosed: false }
      }),
  }
}

/**
 * Changes an account under its lock, as a group commit has it: neither sees the other half way. A hold
 * whose time is over is closed on the way, because its money is counted as free.
 */
function change(
  pool: Pool,
  id: string,
  decide: (account: Account) => { minBalance: bigint; isClosed: boolean },
): Promise<Account | undefined> {
  return inTransaction(pool, async (tx) => {
    if (!(await lockAccount(tx, { id }))) return undefined
    const { minBalance, isClosed } = decide(toAccount(await closeExpiredHolds(tx, { id })))
    const change = { id, min_balance: minBalance, is_closed: isClosed }
    return toAccount(await updateAccount(tx, change))
  })
}

async function loadAccounts(db: Executor, ids: string[]): Promise<Map<string, Account>> {
  const rows = await listAccountsByIds(db, { ids })
  return new Map(rows.map((row) => [row.id, toAccount(row)]))
}

/** Which of the two is violated first depends on the order in which they were made, by a restore say. */
function isDuplicate(error: unknown): boolean {
  const names = ['account_pkey', 'account_id_currency_key']
  return names.some((name) => violates(error, sqlState.unique_violation, name))
}

function insertWithinLimit(pool: Pool, account: NewAccount): Promise<InsertAccountRow> {
  return inTransaction(pool, async (tx) => {
    if (!(await lockUser(tx, { user_id: account.userId }))) {
      throw newUserNotFound(account.userId)
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

function toAccount(row: ListAccountsByIdsRow): Account {
  return {
    id: row.id,
    userId: row.user_id,
    name: row.name,
    currency: row.currency,
    balance: row.balance,
    minBalance: row.min_balance,
    held: row.held,
    entryNo: row.entry_no,
    closedAt: row.closed_at,
    createdAt: row.created_at,
  }
}
