import { Fault, type FaultSpec } from '../../../internal/fault/fault'
import { accountFaults, type AccountStore } from '../../account/account'
import { userFaults, type UserStore } from '../../user/user'
import { defaultOwnerOf, type Store, type StoreStore } from '../store'

export interface StoreMemory {
  /** In the order of their making. */
  stores: Map<string, Store>
  users: Pick<UserStore, 'insert'>
  accounts: Pick<AccountStore, 'insert'>
}

/** For unit tests and as the benchmark's mock; nothing is kept. */
export function newStoreStore({ stores, users, accounts }: StoreMemory): StoreStore {
  return {
    find: async (id) => stores.get(id),
    findOfUser: async (userId) => [...stores.values()].find((store) => store.userId === userId),
    async ensure(store) {
      const { id, name, currency } = store
      const owner = defaultOwnerOf(store)
      const merchant = { id: owner, firstName: name, lastName: 'Shop' }
      const till = { id: owner, userId: owner, name, currency, minBalance: 0n }
      await users.insert(merchant).catch(unlessThere(userFaults.exists))
      await accounts.insert(till).catch(unlessThere(accountFaults.exists))
      if (!stores.has(id)) stores.set(id, { id, name, currency, userId: owner, accountId: owner })
    },
  }
}

function unlessThere({ code }: FaultSpec): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof Fault) || error.code !== code) throw error
  }
}
