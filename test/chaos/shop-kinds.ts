import { pick, type Random } from '../harness/random'
import type { Asked, Asking, Reply, RequestKind, ToldLine, ToldOrder } from './kind'
import { stockMax } from './shop'

const noTransaction = () => []
const oneLine = (answer: unknown): ToldLine[] => [answer as ToldLine]
const oneOrder = (answer: unknown): ToldOrder[] => [answer as ToldOrder]

/** Only what can be asked for again, because all that was sold has to be known in the end. */
function withKey<T>({ key }: Asking, ask: () => T): T | undefined {
  return key === null ? undefined : ask()
}

const rare = (random: Random, percent: number) => random.between(1, 100) <= percent

/** What the catalogue does not know: the first is what the reservation service refuses. */
const freeNames = ['sold-out', 'something else']

const add: RequestKind = {
  name: 'add to cart',
  weight: 22,
  ask: (random, asking) =>
    withKey(asking, () => {
      const { customers, items } = asking.book.shop
      const name = rare(random, 2) ? pick(random, freeNames) : pick(random, items).name
      const body = { name, quantity: rare(random, 20) ? 2 : 1 }
      return { path: '/items', as: pick(random, customers).id, body }
    }),
  tells: noTransaction,
  tellsLines: oneLine,
  // The reservation goes on, and others add to the line or take it out.
  agrees: (first, later) => areAlike(first, later, ['id', 'cart_id', 'item_id', 'quantity']),
}

/** Of a line that somebody put in lately. */
function ofLine(random: Random, { book }: Asking, ask: Pick<Asked, 'method'> & { verb?: string }) {
  if (book.shop.lines.length === 0) return undefined
  const { id, owner } = pick(random, book.shop.lines)
  const { method, verb = '' } = ask
  return { ...(method && { method }), path: `/items/${id}${verb}`, as: owner, isKeyless: true }
}

const remove: RequestKind = {
  name: 'take out of cart',
  weight: 16,
  ask: (random, asking) => ofLine(random, asking, { method: 'DELETE' }),
  tells: noTransaction,
  tellsLines: oneLine,
}

const retry: RequestKind = {
  name: 'reserve again',
  weight: 2,
  ask: (random, asking) => ofLine(random, asking, { verb: '/reservation/retry' }),
  tells: noTransaction,
}

const checkout: RequestKind = {
  name: 'checkout',
  weight: 18,
  ask: (random, asking) =>
    withKey(asking, () => {
      const { id, accounts } = pick(random, asking.book.shop.customers)
      return { path: '/checkout', as: id, body: { account_id: pick(random, accounts) } }
    }),
  tells: noTransaction,
  tellsOrders: oneOrder,
}

const users = ['7c11e1ce2741', 'e6f24d7d1c7e', 'nobody'] as const
// What always fails is rare: it opens the circuit to all others for seconds.
const products = [
  ...['classic-box', 'classic-box', 'classic-box', 'classic-box', 'classic-box', 'classic-box'],
  ...['family-box', 'family-box', 'family-box', 'veggie-box', 'nothing'],
]

const order: RequestKind = {
  name: 'order',
  weight: 10,
  ask: (random, asking) =>
    withKey(asking, () => {
      const user_id = rare(random, 5) ? users[2] : pick(random, users.slice(0, 2))
      const product_code = pick(random, products)
      // As the operator: the users of that service are no customers here.
      return { path: '/orders', body: { user_id, product_code } }
    }),
  tells: noTransaction,
  tellsOrders: oneOrder,
  // What is pending becomes something; then it stays as it is.
  agrees(first, later) {
    const isPending = (JSON.parse(first.text) as Partial<ToldOrder>).status === 'pending'
    return isPending && areAlike(first, later, ['id', 'user_id', 'product_code', 'created_at'])
  },
}

const restock: RequestKind = {
  name: 'restock',
  weight: 4,
  ask(random, { book }) {
    const { id } = pick(random, book.shop.items)
    const body = { on_hand: random.between(0, stockMax) }
    return { method: 'PUT', path: `/catalogue/${id}/stock`, body, isKeyless: true }
  },
  tells: noTransaction,
}

function areAlike(first: Reply, later: Reply, fields: readonly string[]): boolean {
  if (first.status >= 300 || later.status >= 300) return false
  const [a, b] = [first, later].map(({ text }) => JSON.parse(text) as Record<string, unknown>)
  return fields.every((field) => a![field] === b![field])
}

export const shopKinds = [add, remove, retry, checkout, order, restock] as const
