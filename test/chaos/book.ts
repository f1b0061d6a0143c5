import { newRandom, pick, type Random } from '../harness/random'
import type { Told, ToldHold } from './kind'
import { newShopfront, type Shopfront } from './shop'

/** What the clients know of the book. */
export interface Book {
  /** A few that everybody wants. */
  hot: readonly BookAccount[]
  cold: readonly BookAccount[]
  /** What clients were told of lately and may ask more of, the newest last. */
  transactions: Told[]
  holds: ToldHold[]
  shop: Shopfront
}

export interface BookAccount {
  id: string
  currency: Currency
  /** As in the request that opens it. */
  minBalance: string
}

export type Currency = 'EUR' | 'USD' | 'JPY'

const hotCount = 4
const coldCount = 150
const users = 20
// Few, so that several clients reach for the same one.
const latelyMax = 60

/** The book of one seed: hot accounts in one currency, cold ones in three, some with a credit line. */
export function newBook(seed: number): Book & { userOf(account: BookAccount): string } {
  const random = newRandom(seed)
  const account = (id: string, currency: Currency): BookAccount => {
    const credit = random.between(0, 3) === 0 ? -random.between(1, 20) : 0
    return { id, currency, minBalance: String(credit) }
  }
  const hot = Array.from({ length: hotCount }, (_, n) => account(`hot-${n}`, 'EUR'))
  const currencies = ['EUR', 'EUR', 'EUR', 'USD', 'JPY'] as const
  const cold = Array.from({ length: coldCount }, (_, n) =>
    account(`cold-${n}`, pick(random, currencies)),
  )
  const userOf = ({ id }: BookAccount) => `user-${Number(id.split('-')[1]) % users}`
  const shop = newShopfront([...hot, ...cold], userOf)
  return { hot, cold, transactions: [], holds: [], shop, userOf }
}

/** Keeps it for later requests, and forgets the oldest. */
export function remember<T>(lately: T[], ...told: T[]): void {
  lately.push(...told)
  lately.splice(0, lately.length - latelyMax)
}

/** Small ones, so that balances stay near their limits and refusals happen. */
export function amount(random: Random, { currency }: Pick<BookAccount, 'currency'>): string {
  const whole = random.between(1, 9)
  return currency === 'JPY' ? String(whole) : `${whole}.${random.between(10, 99)}`
}

export function anyAccount(random: Random, book: Book): BookAccount {
  return pick(random, random.between(0, 1) === 0 ? book.hot : book.cold)
}

/** Another one in the same currency. */
export function other(random: Random, book: Book, than: BookAccount): BookAccount {
  const all = [...book.hot, ...book.cold]
  return pick(
    random,
    all.filter(({ id, currency }) => id !== than.id && currency === than.currency),
  )
}
