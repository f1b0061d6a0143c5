import type { FaultSpec } from '../../internal/fault/fault'

/** A shop of one merchant. Its prices are in the currency of the account that takes them in. */
export interface Store {
  id: string
  /** The merchant. */
  userId: string
  accountId: string
  currency: string
  name: string
}

/** The store that is there without anybody having opened one. */
export type DefaultStore = Pick<Store, 'id' | 'name' | 'currency'>

export const storeFaults = {
  notFound: { kind: 'not_found', code: 'store.not_found', title: 'No such store' },
} as const satisfies Record<string, FaultSpec>

/** Who the default store's merchant is, and which account takes in what it sells: `shop-main`. */
export function defaultOwnerOf({ id }: DefaultStore): string {
  return `shop-${id}`
}

export interface StoreStore {
  /** Undefined when there is no such store. */
  find(id: string): Promise<Store | undefined>
  /** The oldest store of that merchant; undefined when there is none. */
  findOfUser(userId: string): Promise<Store | undefined>
  /** Makes it with its merchant and its account, whatever of them is not there yet. */
  ensure(store: DefaultStore): Promise<void>
}
