import type { Clock } from '../../../internal/clock/clock'
import { Fault } from '../../../internal/fault/fault'
import type { Account } from '../../account/account'
import { withoutExpired, type Hold } from '../../hold/hold'
import { userFaults, type User, type UserStore } from '../user'

export interface UserMemory {
  users: Map<string, User>
  accounts: Map<string, Account>
  /** The ids of each user's accounts. */
  accountIds: ReadonlyMap<string, string[]>
  holds: ReadonlyMap<string, Hold>
  clock: Clock
}

/** For unit tests and as the benchmark's mock; nothing is kept. */
export function newUserStore({ users, accounts, accountIds, holds, clock }: UserMemory): UserStore {
  return {
    async insert(user) {
      if (users.has(user.id)) {
        throw new Fault(userFaults.exists, { detail: `There is a user "${user.id}" already.` })
      }
      const inserted = { ...user, createdAt: clock.now() }
      users.set(user.id, inserted)
      return inserted
    },

    async list({ afterId = '', limit }) {
      const ids = [...users.keys()].filter((id) => id > afterId).sort()
      return ids.slice(0, limit).map((id) => users.get(id)!)
    },

    async findOverview(id) {
      const user = users.get(id)
      if (!user) return undefined
      const now = clock.now()
      const own = (accountIds.get(id) ?? []).map((accountId) =>
        withoutExpired(accounts.get(accountId)!, holds, now),
      )
      return { user, accounts: own.sort((a, b) => (a.id < b.id ? -1 : 1)) }
    },
  }
}
