import type { BookAccount } from './book'
import { password, send } from './http'

/** What the clients know of the shop. */
export interface Shopfront {
  /** Each pays from accounts of theirs that everybody else uses as well. */
  customers: readonly Customer[]
  items: Item[]
  /** Lines that were put into carts lately. */
  lines: { id: string; owner: string }[]
}

export interface Customer {
  id: string
  accounts: readonly string[]
}

export interface Item {
  id: string
  name: string
}

const customerCount = 12
const itemCount = 8
/** So few that buyers compete for them. */
export const stockMax = 20

/** Customers who pay in the currency of the shop; its items are there when it is opened. */
export function newShopfront(
  accounts: readonly BookAccount[],
  userOf: (account: BookAccount) => string,
): Shopfront {
  const customers = Array.from({ length: customerCount }, (_, n): Customer => {
    const id = `user-${n}`
    const own = accounts.filter((one) => one.currency === 'EUR' && userOf(one) === id)
    // Two, those with a credit line first: most others are empty for a while.
    const rich = own.sort((a, b) => Number(a.minBalance) - Number(b.minBalance)).slice(0, 2)
    return { id, accounts: rich.map((account) => account.id) }
  })
  return { customers, items: [], lines: [] }
}

/** Lets the customers sign in, and puts a few things of each kind on the market. */
export async function openShop({ customers, items }: Shopfront, url: string): Promise<void> {
  for (const { id } of customers) {
    const credential = { password, role: 'customer' }
    await expectStatus(204, url, 'PUT', `/users/${id}/credential`, credential)
  }
  for (let n = 1; n <= itemCount; n++) {
    const name = `thing ${n}`
    const price = `0.${10 + n * 7}`
    const text = await expectStatus(201, url, undefined, '/catalogue', { name, price })
    const { id } = JSON.parse(text) as Item
    await expectStatus(200, url, 'PUT', `/catalogue/${id}/stock`, { on_hand: stockMax })
    items.push({ id, name })
  }
}

async function expectStatus(
  expected: number,
  url: string,
  method: 'PUT' | undefined,
  path: string,
  body: Record<string, unknown>,
): Promise<string> {
  const { status, text } = await send(url, { ...(method && { method }), path, body, key: null })
  if (status !== expected) throw new Error(`${path}: ${status} ${text}`)
  return text
}
