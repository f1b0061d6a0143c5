import { randomUUID } from 'node:crypto'
import { accountId } from './data/data'
import { buyer, collector, itemId, itemName, itemTime, password, shopSize } from './data/shop'
import { encodeCursor } from '../internal/page/cursor'

export interface LoadRequest {
  method: 'GET' | 'POST'
  path: string
  headers?: Record<string, string>
  body?: string
  /** UUIDs in it, in their order, that have to be others each time it is sent. */
  keys?: string[]
}

/** Up to 10.00 in or out, in minor units, which no account here is short of. */
export interface LoadItem {
  accountId: string
  amount: number
}

export function get(path: string): LoadRequest {
  return { method: 'GET', path }
}

export function newItem(account: number): LoadItem {
  return { accountId: accountId(account), amount: (below(2) === 0 ? -1 : 1) * (1 + below(1000)) }
}

export function post(item: LoadItem, { withKey }: { withKey: boolean }): LoadRequest {
  const key = randomUUID()
  return {
    method: 'POST',
    path: '/transactions',
    headers: {
      'Content-Type': 'application/json',
      ...(withKey && { 'Idempotency-Key': key }),
    },
    body: `{${membersOf(item)}}`,
    ...(withKey && { keys: [key] }),
  }
}

export function postBulk(
  items: readonly LoadItem[],
  { withKey }: { withKey: boolean },
): LoadRequest {
  const keys = withKey ? items.map(() => randomUUID()) : []
  const bodies = items.map((item, i) => {
    const key = withKey ? `,"idempotency_key":"${keys[i]}"` : ''
    return `{${membersOf(item)}${key}}`
  })
  return {
    method: 'POST',
    path: '/transactions/bulk?mode=independent',
    headers: { 'Content-Type': 'application/json' },
    body: `{"transactions":[${bodies.join(',')}]}`,
    keys,
  }
}

/** A customer with a cart of their own puts something of the catalogue into it. */
export function addToCart(): LoadRequest {
  const key = randomUUID()
  return {
    method: 'POST',
    path: '/items',
    headers: {
      ...signIn(collector(below(shopSize.collectors))),
      'Content-Type': 'application/json',
      'Idempotency-Key': key,
    },
    body: `{"name":"${itemName(below(shopSize.items))}","quantity":1}`,
    keys: [key],
  }
}

/** The page behind any item, as a customer who is signed in asks for it. */
export function getCataloguePage(limit: number): LoadRequest {
  const n = below(shopSize.items - limit - 1)
  const cursor = encodeCursor('catalogue null created_at asc', [itemTime(n), itemId(n)])
  return {
    method: 'GET',
    path: `/catalogue?limit=${limit}&cursor=${cursor}`,
    headers: signIn(collector(below(shopSize.collectors))),
  }
}

/** Of the n-th buyer, who has one cart. */
export function checkOut(n: number): LoadRequest {
  const key = randomUUID()
  const { userId, accountId } = buyer(n)
  return {
    method: 'POST',
    path: '/checkout',
    headers: {
      ...signIn(userId),
      'Content-Type': 'application/json',
      'Idempotency-Key': key,
    },
    body: `{"account_id":"${accountId}"}`,
    keys: [key],
  }
}

function signIn(userId: string): Record<string, string> {
  return { Authorization: `Basic ${btoa(`${userId}:${password}`)}` }
}

function membersOf({ accountId, amount }: LoadItem): string {
  return `"account_id":"${accountId}","amount":"${(amount / 100).toFixed(2)}","description":"Groceries"`
}

export function below(count: number): number {
  return Math.floor(Math.random() * count)
}
