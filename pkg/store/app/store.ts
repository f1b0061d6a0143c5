import type { Principal } from '../../../internal/auth/principal'
import { Fault } from '../../../internal/fault/fault'
import { storeFaults, type DefaultStore, type Store, type StoreStore } from '../store'

export interface StoreApp {
  /** The default store, which is made when it is first asked for. */
  getDefault(): Promise<Store>
  /**
   * The store that the caller changes: the named one, else a merchant's own, and the default one for an
   * operator. Faults: store.not_found, for somebody else's store too.
   */
  getOwn(principal: Principal, id: string | null): Promise<Store>
  /** Whether the caller may change what is in that store. */
  isOwn(principal: Principal, id: string): Promise<boolean>
}

export function newStoreApp(deps: { stores: StoreStore; defaultStore: DefaultStore }): StoreApp {
  const { stores, defaultStore } = deps
  /** What never changes of it is asked for once; a failure is not kept. */
  let known: Promise<Store> | undefined

  async function makeDefault(): Promise<Store> {
    const there = await stores.find(defaultStore.id)
    if (there) return there
    await stores.ensure(defaultStore)
    return present(defaultStore.id, await stores.find(defaultStore.id))
  }

  function getDefault(): Promise<Store> {
    known ??= makeDefault().catch((error: unknown) => {
      known = undefined
      throw error
    })
    return known
  }

  function find(id: string): Promise<Store | undefined> {
    return id === defaultStore.id ? getDefault() : stores.find(id)
  }

  return {
    getDefault,
    async getOwn(principal, id) {
      const { userId, role } = principal
      if (id === null && role === 'operator') return getDefault()
      const store = id === null ? await stores.findOfUser(userId) : await find(id)
      return present(id, store && isOf(principal, store) ? store : undefined)
    },
    async isOwn(principal, id) {
      if (principal.role === 'operator') return true
      const store = await find(id)
      return store !== undefined && isOf(principal, store)
    },
  }
}

function isOf({ userId, role }: Principal, store: Store): boolean {
  return role === 'operator' || (role === 'merchant' && store.userId === userId)
}

function present(id: string | null, store: Store | undefined): Store {
  if (store) return store
  const detail = id === null ? 'You have no store.' : `There is no store "${id}".`
  throw new Fault(storeFaults.notFound, { detail })
}
