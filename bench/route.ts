import { randomUUID } from 'node:crypto'
import { accountId, history, transactionId, userId, type DataSize } from './data/data'
import type { StoreName } from './server/server'

export interface LoadRequest {
  method: 'GET' | 'POST'
  path: string
  headers?: Record<string, string>
  body?: string
}

/** A route as it is measured. */
export interface BenchRoute {
  /** Stable; `--only` looks for its beginning. */
  id: string
  title: string
  stores: readonly StoreName[]
  /** Each call makes another request, for a book of that size. */
  newRequest(size: DataSize): LoadRequest
}

const reading: readonly StoreName[] = ['real', 'memory', 'pg-mem']
const posting: readonly StoreName[] = ['real', 'memory', 'plain', 'pg-mem']

export const routes: readonly BenchRoute[] = [
  {
    id: 'get-user',
    title: 'GET /users/:id',
    stores: reading,
    newRequest: ({ users }) => get(`/users/${userId(below(users))}`),
  },
  {
    id: 'get-account',
    title: 'GET /accounts/:id',
    stores: reading,
    newRequest: ({ accounts }) => get(`/accounts/${accountId(below(accounts))}`),
  },
  {
    id: 'list-transactions',
    title: 'GET /accounts/:id/transactions',
    stores: reading,
    newRequest: ({ accounts }) => get(`/accounts/${accountId(below(accounts))}/transactions`),
  },
  {
    id: 'get-transaction',
    title: 'GET /transactions/:id',
    stores: reading,
    newRequest: ({ accounts }) =>
      get(`/transactions/${transactionId(below(accounts * history.length))}`),
  },
  {
    id: 'get-max-transaction',
    title: 'GET /users/:id/transactions/max',
    stores: reading,
    newRequest: ({ users }) => get(`/users/${userId(below(users))}/transactions/max`),
  },
  {
    id: 'post-many',
    title: 'POST /transactions, many accounts',
    stores: posting,
    newRequest: ({ accounts }) => post(accountId(below(accounts)), randomUUID()),
  },
  {
    id: 'post-hot',
    title: 'POST /transactions, one hot account',
    stores: posting,
    newRequest: () => post(accountId(0), randomUUID()),
  },
  {
    id: 'post-many-no-key',
    title: 'POST /transactions, many accounts, no key',
    stores: ['real', 'memory', 'plain'],
    newRequest: ({ accounts }) => post(accountId(below(accounts))),
  },
]

function get(path: string): LoadRequest {
  return { method: 'GET', path }
}

/** Up to 10.00 in or out, which no account here is short of. */
function post(id: string, key?: string): LoadRequest {
  const amount = (below(2) === 0 ? -1 : 1) * (1 + below(1000))
  return {
    method: 'POST',
    path: '/transactions',
    headers: {
      'Content-Type': 'application/json',
      ...(key !== undefined && { 'Idempotency-Key': key }),
    },
    body: `{"account_id":"${id}","amount":"${(amount / 100).toFixed(2)}","description":"Groceries"}`,
  }
}

function below(count: number): number {
  return Math.floor(Math.random() * count)
}
