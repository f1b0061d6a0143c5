import { Fault } from '../../../internal/fault/fault'
import { lookupLimits, newLookup } from '../../../internal/lookup/lookup'
import { sqlState, violates } from '../../../internal/postgres/errors'
import type { Executor } from '../../../internal/postgres/query'
import type { Account } from '../../account/account'
import { userFaults, type User, type UserOverview, type UserStore } from '../user'
import {
  insertUser,
  listUsersWithAccounts,
  listUsers,
  type InsertUserRow,
  type ListUsersWithAccountsRow,
} from './user.sql.ts'

export function newUserStore(db: Executor): UserStore {
  const overviews = newLookup({ load: (ids) => loadOverviews(db, ids), ...lookupLimits })
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

    findOverview: overviews.find,
  }
}

async function loadOverviews(db: Executor, ids: string[]): Promise<Map<string, UserOverview>> {
  const overviews = new Map<string, UserOverview>()
  for (const row of await listUsersWithAccounts(db, { ids })) {
    const overview = overviews.get(row.user_id) ?? { user: toOwner(row), accounts: [] }
    overviews.set(row.user_id, overview)
    if (hasAccount(row)) overview.accounts.push(toAccount(row))
  }
  return overviews
}

function toOwner(row: ListUsersWithAccountsRow): User {
  return toUser({ ...row, id: row.user_id, created_at: row.user_created_at })
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
  [Column in keyof ListUsersWithAccountsRow]: NonNullable<ListUsersWithAccountsRow[Column]>
} & {
  closed_at: ListUsersWithAccountsRow['closed_at']
}

function hasAccount(row: ListUsersWithAccountsRow): row is AccountRow {
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
