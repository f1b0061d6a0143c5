import { randomUUID } from 'node:crypto'
import { accountId } from './data/data'

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

function membersOf({ accountId, amount }: LoadItem): string {
  return `"account_id":"${accountId}","amount":"${(amount / 100).toFixed(2)}","description":"Groceries"`
}

export function below(count: number): number {
  return Math.floor(Math.random() * count)
}
