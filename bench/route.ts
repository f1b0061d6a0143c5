import { accountId, history, transactionId, userId, type DataSize } from './data/data'
import { shopSize } from './data/shop'
import {
  addToCart,
  below,
  checkOut,
  get,
  getCataloguePage,
  newItem,
  post,
  postBulk,
  type LoadItem,
  type LoadRequest,
} from './request'
import type { StoreName } from './server/server'

/** What a route is measured with: a store, `four` processes of the API, or a `script` without HTTP. */
export type Contender = Exclude<StoreName, 'unsealed'> | 'four' | 'script'

/** A route as it is measured. */
export interface BenchRoute {
  /** Stable; `--only` looks for its beginning. */
  id: string
  title: string
  contenders: readonly Contender[]
  /** Each call makes another request, for a book of that size. */
  newRequest(size: DataSize): LoadRequest
  /** Instead of the usual number. */
  connections?: number
  /** A request that carries many transactions is counted by them. */
  bulk?: Bulk
  /** Each request orders a cart: so many are filled before each slice, and each is ordered once. */
  carts?: number
}

export interface Bulk {
  transactions: number
  withKey: boolean
  newItem(size: DataSize): LoadItem
}

const reading: readonly Contender[] = ['real', 'memory', 'pg-mem']
const posting: readonly Contender[] = ['real', 'memory', 'plain', 'pg-mem']

const bulkTransactions = 1000
// Each of them keeps a thousand transactions under way; more only wait for the same two cores.
const bulkConnections = 4

// As many as a busy shop's proxy holds open.
const shopConnections = 50
const pageItems = 20

const anyAccount = ({ accounts }: DataSize) => newItem(below(accounts))
const hotAccount = () => newItem(0)

export const ledgerRoutes: readonly BenchRoute[] = [
  {
    id: 'get-user',
    title: 'GET /users/:id',
    contenders: reading,
    newRequest: ({ users }) => get(`/users/${userId(below(users))}`),
  },
  {
    id: 'get-account',
    title: 'GET /accounts/:id',
    contenders: reading,
    newRequest: ({ accounts }) => get(`/accounts/${accountId(below(accounts))}`),
  },
  {
    id: 'list-transactions',
    title: 'GET /accounts/:id/transactions',
    contenders: reading,
    newRequest: ({ accounts }) => get(`/accounts/${accountId(below(accounts))}/transactions`),
  },
  {
    id: 'get-transaction',
    title: 'GET /transactions/:id',
    contenders: reading,
    newRequest: ({ accounts }) =>
      get(`/transactions/${transactionId(below(accounts * history.length))}`),
  },
  {
    id: 'get-max-transaction',
    title: 'GET /users/:id/transactions/max',
    contenders: reading,
    newRequest: ({ users }) => get(`/users/${userId(below(users))}/transactions/max`),
  },
  {
    id: 'post-many',
    title: 'POST /transactions, many accounts',
    contenders: posting,
    newRequest: (size) => post(anyAccount(size), { withKey: true }),
  },
  {
    id: 'post-hot',
    title: 'POST /transactions, one hot account',
    contenders: [...posting, 'four'],
    newRequest: () => post(hotAccount(), { withKey: true }),
  },
  {
    id: 'post-many-no-key',
    title: 'POST /transactions, many accounts, no key',
    contenders: ['real', 'memory', 'plain'],
    newRequest: (size) => post(anyAccount(size), { withKey: false }),
  },
  bulkRoute('bulk-many', 'many accounts', { withKey: true, newItem: anyAccount }),
  bulkRoute('bulk-hot', 'one hot account', { withKey: true, newItem: hotAccount }),
  bulkRoute('bulk-many-no-key', 'many accounts, no keys', { withKey: false, newItem: anyAccount }),
]

export const shopRoutes: readonly BenchRoute[] = [
  {
    id: 'catalogue-page',
    title: 'GET /catalogue, a page of 20 out of 10,000',
    contenders: ['real', 'memory'],
    newRequest: () => getCataloguePage(pageItems),
    connections: shopConnections,
  },
  {
    id: 'cart-add',
    title: 'POST /items, carts of 500 customers',
    contenders: ['real', 'memory'],
    newRequest: addToCart,
    connections: shopConnections,
  },
  {
    id: 'checkout',
    title: 'POST /checkout, three lines',
    contenders: ['real', 'memory'],
    newRequest: newCheckouts(),
    connections: shopConnections,
    carts: shopSize.buyers,
  },
]

export const routes: readonly BenchRoute[] = [...ledgerRoutes, ...shopRoutes]

/** One buyer after the other. */
function newCheckouts(): () => LoadRequest {
  let count = 0
  return () => checkOut(count++ % shopSize.buyers)
}

function bulkRoute(id: string, accounts: string, kind: Omit<Bulk, 'transactions'>): BenchRoute {
  const bulk = { ...kind, transactions: bulkTransactions }
  return {
    id,
    title: `POST /transactions/bulk, 1,000 at a time, ${accounts}`,
    contenders: ['real', 'script'],
    newRequest: (size) => postBulk(newItems(bulk, size), bulk),
    connections: bulkConnections,
    bulk,
  }
}

export function newItems({ transactions, newItem }: Bulk, size: DataSize): LoadItem[] {
  return Array.from({ length: transactions }, () => newItem(size))
}
