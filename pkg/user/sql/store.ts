import { Fault } from '../../../internal/fault/fault'
import { sqlState, violates } from '../../../internal/postgres/errors'
import type { Executor } from '../../../internal/postgres/query'
import type { Account } from '../../account/account'
import { userFaults, type User, type UserStore } from '../user'
import {
  insertUser,
  listUserAccounts,
  listUsers,
  type InsertUserRow,
  type ListUserAccountsRow,
} from './user.sql.ts'

export function newUserStore(db: Executor): UserStore {
  return {
    async insert({ id, firstName, lastName }) {
      try {
        return toUser(await insertUser(db, { id, first_name: firstName, last_name: lastName }))
      } catch (error) {
        if (!violates(error, sqlState.unique_violation, 'app_user_pkey')) throw error
        throw new Fault(userFaults.exists, {
          detail: `There is a user "${id}" already.`,
          cause: error,
        })
      }
    },

    async list({ afterId, limit }) {
      const rows = await listUsers(db, { after_id: afterId ?? null, limit: BigInt(limit) })
      return rows.map(toUser)
    },

    async findOverview(id) {
      const rows = await listUserAccounts(db, { id })
      const [first] = rows
      if (!first) return undefined
      return {
        user: toUser({ ...first, id: first.user_id, created_at: first.user_created_at }),
        accounts: rows.filter(hasAccount).map(toAccount),
      }
    },
  }
}

function toUser(row: InsertUserRow): User {
  return {
    id: row.id,
    firstName: row.first_name,
    lastName: row.last_name,
    createdAt: row.created_at,
  }
}

/** The row of an account, not the lone one of a user who has none: its columns are all there. */
type AccountRow = {
  [Column in keyof ListUserAccountsRow]: NonNullable<ListUserAccountsRow[Column]>
} & {
  closed_at: ListUserAccountsRow['closed_at']
}

function hasAccount(row: ListUserAccountsRow): row is AccountRow {
  return row.id !== null
}

function toAccount(row: AccountRow): Account {
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
