import type { Clock } from '../../../internal/clock/clock'
import { Fault } from '../../../internal/fault/fault'
import { judgedAt, listExpired, withoutExpired, type Hold } from '../../hold/hold'
import { accountsPerUserMax, newUserNotFound, userFaults, type User } from '../../user/user'
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
  holds: Map<string, Hold>
  clock: Clock
}

/** For unit tests and as the benchmark's mock; nothing is kept. */
export function newAccountStore({
  users,
  accounts,
  accountIds,
  holds,
  clock,
}: AccountMemory): AccountStore {
  const refuse = ({ id, userId }: NewAccount): Fault | undefined => {
    if (!users.has(userId)) {
      return newUserNotFound(userId)
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

  /** Changes it, unless there is no such account or it is refused. */
  const change = (
    id: string,
    refuseChange: (account: Account) => Fault | undefined,
    toChanged: (account: Account) => Partial<Account>,
  ): Account | undefined => {
    const now = clock.now()
    const found = accounts.get(id)
    if (!found) return undefined
    const account = withoutExpired(found, holds, now)
    const fault = refuseChange(account)
    if (fault) throw fault
    for (const hold of listExpired(holds.values(), id, now)) holds.set(hold.id, judgedAt(hold, now))
    const changed = { ...account, ...toChanged(account) }
    accounts.set(id, changed)
    return changed
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
      const account = accounts.get(id)
      return account && withoutExpired(account, holds, clock.now())
    },

    async close(id) {
      return change(id, refuseClosing, ({ closedAt }) => ({ closedAt: closedAt ?? clock.now() }))
    },

    async setMinBalance(id, minBalance) {
      return change(
        id,
        (account) => refuseLimit(account, minBalance),
        () => ({ minBalance }),
      )
    },
  }
}
