import type { Principal } from '../../../internal/auth/principal'
import { Fault } from '../../../internal/fault/fault'
import type { Ids } from '../../../internal/id/id'
import type { Decimal } from '../../../internal/money/decimal'
import type { StoreApp } from '../../store/app/store'
import {
  itemFaults,
  pagesOf,
  readOrder,
  readPage,
  readPrice,
  type Item,
  type ItemOrder,
  type ItemPosition,
  type ItemStore,
  type NumberedPage,
  type Stock,
} from '../item'

/**
 * What a store sells. Whoever changes it is its merchant or an operator; for anybody else's merchant
 * what is not theirs is not there.
 */
export interface ItemApp {
  /** In the named store, else in the merchant's own, an operator's in the default one. Faults: store.not_found, request.invalid. */
  create(principal: Principal, item: ItemInput): Promise<Item>
  /** Faults: item.not_found, request.invalid. */
  update(principal: Principal, id: string, change: ItemChangeInput): Promise<Item>
  /** Takes it off the market. Faults: item.not_found. */
  delete(principal: Principal, id: string): Promise<void>
  /** Faults: item.not_found. */
  get(id: string): Promise<Item>
  /** Up to `limit` behind a position, of the default store when none is named. */
  list(query: ItemListQuery): Promise<Item[]>
  /** A numbered page of the default store. Faults: request.invalid. */
  getPage(page: NumberedPage): Promise<ItemPage>
  /** How many there are from now on. Faults: item.not_found, request.invalid. */
  setStock(principal: Principal, id: string, onHand: bigint): Promise<Stock>
}

export interface ItemInput {
  storeId: string | null
  name: string
  description: string
  /** Null or 0: no price yet. */
  price: Decimal | null
}

export interface ItemChangeInput {
  name?: string | undefined
  description?: string | undefined
  price?: Decimal | null | undefined
}

export interface ItemListQuery extends ItemOrder {
  storeId: string | null
  after: ItemPosition | undefined
  limit: number
}

/** A numbered page; `current` and `total` count pages. */
export interface ItemPage {
  items: Item[]
  /** As it was asked for, or what was taken where nothing was named. */
  sorting: string
  order: 'asc' | 'desc'
  current: bigint
  total: bigint
}

export interface ItemAppDeps {
  items: ItemStore
  stores: StoreApp
  ids: Ids
}

export function newItemApp({ items, stores, ids }: ItemAppDeps): ItemApp {
  async function get(id: string): Promise<Item> {
    return present(id, await items.find(id))
  }

  /** The item, when the caller may change it. What its store is never changes. */
  async function getOwn(principal: Principal, id: string): Promise<Item> {
    const item = await get(id)
    return present(id, (await stores.isOwn(principal, item.storeId)) ? item : undefined)
  }

  return {
    get,

    async create(principal, { storeId, price, ...item }) {
      const store = await stores.getOwn(principal, storeId)
      const units = readPrice(price, store.currency)
      return items.insert({ ...item, id: ids.next(), storeId: store.id, price: units })
    },

    async update(principal, id, { price, ...change }) {
      const { currency } = await getOwn(principal, id)
      const units = price === undefined ? undefined : readPrice(price, currency)
      return present(id, await items.update(id, { ...change, price: units }))
    },

    async delete(principal, id) {
      await getOwn(principal, id)
      if (!(await items.remove(id))) present(id, undefined)
    },

    async list({ storeId, ...query }) {
      const id = storeId ?? (await stores.getDefault()).id
      return items.list({ ...query, storeId: id, offset: 0 })
    },

    async getPage(page) {
      const order = readOrder(page.sorting, page.order)
      const { current, offset, limit } = readPage(page)
      const { id: storeId } = await stores.getDefault()
      const [found, count] = await Promise.all([
        items.list({ ...order, storeId, after: undefined, offset, limit }),
        items.count(storeId),
      ])
      const sorting = page.sorting === '' ? 'created' : page.sorting
      const total = pagesOf(count, page.size)
      return { items: found, sorting, order: order.order, current, total }
    },

    async setStock(principal, id, onHand) {
      await getOwn(principal, id)
      const stock = await items.setStock(id, onHand)
      if (stock) return stock
      throw notFound(id)
    },
  }
}

function present(id: string, item: Item | undefined): Item {
  if (item) return item
  throw notFound(id)
}

function notFound(id: string): Fault {
  return new Fault(itemFaults.notFound, { detail: `There is no item "${id}".` })
}
