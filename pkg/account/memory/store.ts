import type { Clock } from '../../../internal/clock/clock'
import { Fault } from '../../../internal/fault/fault'
import { accountsPerUserMax, userFaults, type User } from '../../user/user'
import {
  accountFaults,
  refuseClosing,
  refuseLimit,
  type Account,
  type AccountStore,
  type NewAccount,
} from '../account'

export interface AccountMemory {
  users: ReadonlyMap<string, User>
  accounts: Map<string, Account>
  /** The ids of each user's accounts. */
  accountIds: Map<string, string[]>
  clock: Clock
}

/** For unit tests and as the benchmark's mock; nothing is kept. */
export function newAccountStore({
  users,
  accounts,
  accountIds,
  clock,
}: AccountMemory): AccountStore {
  const refuse = ({ id, userId }: NewAccount): Fault | undefined => {
    if (!users.has(userId)) {
      return new Fault(userFaults.notFound, { detail: `There is no user "${userId}".` })
    }
    const own = accountIds.get(userId) ?? []
    if (own.length >= accountsPerUserMax) {
      return new Fault(userFaults.tooManyAccounts, {
        detail: `"${userId}" has ${accountsPerUserMax} accounts, as many as a user can have.`,
      })
    }
    return accounts.has(id)
      ? new Fault(accountFaults.exists, { detail: `There is an account "${id}" already.` })
      : undefined
  }

  const put = (account: Account): Account => {
    accounts.set(account.id, account)
    return account
  }

  return {
    async insert(account) {
      const fault = refuse(account)
      if (fault) throw fault
      const inserted = {
        ...account,
        balance: 0n,
        held: 0n,
        entryNo: 0n,
        closedAt: null,
        createdAt: clock.now(),
      }
      accounts.set(account.id, inserted)
      accountIds.set(account.userId, [...(accountIds.get(account.userId) ?? []), account.id])
      return inserted
    },

    async find(id) {
      return accounts.get(id)
    },

    async close(id) {
      const account = accounts.get(id)
      const fault = account && refuseClosing(account)
      if (fault) throw fault
      return account && put({ ...account, closedAt: account.closedAt ?? clock.now() })
    },

    async setMinBalance(id, minBalance) {
      const account = accounts.get(id)
      const fault = account && refuseLimit(account, minBalance)
      if (fault) throw fault
      return account && put({ ...account, minBalance })
    },
  }
}
