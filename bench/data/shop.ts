import type { Instant } from '../../internal/clock/instant'
import type { Executor } from '../../internal/postgres/query'
import { defaultOwnerOf } from '../../pkg/store/store'
import { ensureStore } from '../../pkg/store/sql/store.sql.ts'
import { accountId, fullSize, idPrefix, startsAt, userId } from './data'
import { analyzeShop, fillCarts, insertCredentials, insertItems } from './shop.sql.ts'

/**
 * What commerce is measured on. Every user is a customer; the last ones only fill their carts, the
 * others order a new cart of three lines each time.
 */
export const shopSize = { items: 10_000, buyers: 4_500, collectors: 500 }

export const store = { id: 'main', name: 'Shop', currency: 'EUR' }

export const password = 'bench-customer'

/**
 * Of that password, in a form that takes no time to check: a sign-in is checked once a minute and user, and
 * would be measured where it happens to fall.
 */
export const passwordHash =
  '$argon2id$v=19$m=8,t=1,p=1$/EPra6CfnqTJmVDBr75Pog$np/9+HIZKE0AVqqzJxDZu+T0NGrXAlSvqKeRAfiD0L0'

export const itemName = (n: number) => `Item ${n}`
export const itemDescription = 'As good as any other.'
export const itemId = (n: number) => `${itemPrefix}${n.toString(16).padStart(12, '0')}`
export const itemPrefix = idPrefix.replace(/8000-$/, '9000-')
/** 1.00 to 49.99 EUR. */
export const priceOf = (n: number) => BigInt(100 + ((n * 37) % 4_900))
/** More than all runs can sell. */
export const onHand = 1_000_000_000n

/** When the n-th item was put on the market: one a second. */
export function itemTime(n: number): Instant {
  const date = new Date(Date.parse(startsAt) + n * 1000)
  return date.toISOString().replace('Z', '000Z') as Instant
}

export const buyer = (n: number) => ({ userId: userId(n), accountId: accountId(2 * n) })
export const collector = (n: number) => userId(shopSize.buyers + n)

/** The n-th buyer's cart has these: three that stand far from each other. */
export const linesPerCart = 3

/** A store with its goods, and who buys them. The users and their accounts are there. */
export async function fillShop(db: Executor): Promise<void> {
  await ensureStore(db, { ...store, owner_id: defaultOwnerOf(store) })
  await insertCredentials(db, { users: BigInt(fullSize.users), password_hash: passwordHash })
  await insertItems(db, {
    ...{ items: BigInt(shopSize.items), id_prefix: itemPrefix, store_id: store.id },
    ...{ description: itemDescription, starts_at: startsAt, on_hand: onHand },
  })
  await analyzeShop(db)
}

/** A cart of three lines for each buyer who has none. */
export async function refillCarts(db: Executor): Promise<void> {
  await fillCarts(db, {
    ...{ buyers: BigInt(shopSize.buyers), store_id: store.id },
    ...{ items: BigInt(shopSize.items), id_prefix: itemPrefix, lines: BigInt(linesPerCart) },
  })
}
