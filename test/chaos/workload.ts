import { newRandom, pick, type Random } from '../harness/random'

/** What the clients know of the book. */
export interface Book {
  /** A few that everybody wants. */
  hot: readonly BookAccount[]
  cold: readonly BookAccount[]
}

export interface BookAccount {
  id: string
  currency: 'EUR' | 'USD' | 'JPY'
  /** As in the request that opens it. */
  minBalance: string
}

/** A request as a client decides to make it; `path` and `body` are what is sent, each time again. */
export interface Asked {
  path: string
  body: Record<string, unknown>
}

/** A transaction as an answer tells of it. */
export interface Told {
  id: string
  account_id: string
  counterparty_id: string
  currency: string
  amount: string
  balance_after: string
  description: string | null
}

/** A kind of request: to add one, add an entry to `requestKinds`. */
export interface RequestKind {
  name: string
  /** How often it is drawn, among all kinds. */
  weight: number
  /** `label` is unique to the request, and has to end up as the description of what it makes. */
  ask(random: Random, book: Book, label: string): Asked
  /** The transactions that a 2xx tells of. */
  tells(answer: unknown): Told[]
}

const hotCount = 4
const coldCount = 150
const users = 20

/** The book of one seed: hot accounts in one currency, cold ones in three, some with a credit line. */
export function newBook(seed: number): Book & { userOf(account: BookAccount): string } {
  const random = newRandom(seed)
  const account = (id: string, currency: BookAccount['currency']): BookAccount => {
    const credit = random.between(0, 3) === 0 ? -random.between(1, 20) : 0
    return { id, currency, minBalance: String(credit) }
  }
  const hot = Array.from({ length: hotCount }, (_, n) => account(`hot-${n}`, 'EUR'))
  const currencies = ['EUR', 'EUR', 'EUR', 'USD', 'JPY'] as const
  const cold = Array.from({ length: coldCount }, (_, n) =>
    account(`cold-${n}`, pick(random, currencies)),
  )
  return { hot, cold, userOf: ({ id }) => `user-${Number(id.split('-')[1]) % users}` }
}

const one = (answer: unknown): Told[] => [answer as Told]

/** Small ones, so that balances stay near their limits and refusals happen. */
function amount(random: Random, { currency }: BookAccount): string {
  const whole = random.between(1, 9)
  return currency === 'JPY' ? String(whole) : `${whole}.${random.between(10, 99)}`
}

function anyAccount(random: Random, book: Book): BookAccount {
  return pick(random, random.between(0, 1) === 0 ? book.hot : book.cold)
}

function other(random: Random, book: Book, than: BookAccount): BookAccount {
  const all = [...book.hot, ...book.cold]
  return pick(
    random,
    all.filter(({ id, currency }) => id !== than.id && currency === than.currency),
  )
}

function post(body: Record<string, unknown>): Asked {
  return { path: '/transactions', body }
}

export const requestKinds: readonly RequestKind[] = [
  {
    name: 'deposit',
    weight: 25,
    ask(random, book, description) {
      const to = anyAccount(random, book)
      return post({ account_id: to.id, amount: amount(random, to), description })
    },
    tells: one,
  },
  {
    name: 'expense',
    weight: 25,
    ask(random, book, description) {
      const from = anyAccount(random, book)
      return post({ account_id: from.id, amount: `-${amount(random, from)}`, description })
    },
    tells: one,
  },
  {
    name: 'transfer',
    weight: 35,
    ask(random, book, description) {
      const one = anyAccount(random, book)
      const sign = pick(random, ['', '-'])
      return post({
        account_id: one.id,
        counterparty_id: other(random, book, one).id,
        amount: `${sign}${amount(random, one)}`,
        description,
      })
    },
    tells: one,
  },
  {
    name: 'backdated',
    weight: 8,
    ask(random, book, description) {
      const to = anyAccount(random, book)
      const day = String(random.between(1, 28)).padStart(2, '0')
      return post({
        account_id: to.id,
        amount: `${pick(random, ['', '-'])}${amount(random, to)}`,
        effective_at: `2025-${String(random.between(1, 12)).padStart(2, '0')}-${day}T12:00:00Z`,
        metadata: { order: random.between(1, 1e6), tags: ['late'] },
        description,
      })
    },
    tells: one,
  },
  {
    name: 'impossible',
    weight: 4,
    ask(random, book, description) {
      const from = pick(random, book.cold)
      const wrong = pick(random, [
        { account_id: 'nobody', amount: '1' },
        { account_id: from.id, amount: '0.001' },
        { account_id: from.id, amount: '1', counterparty_id: 'nobody' },
        { account_id: from.id, amount: '-1000000' },
      ])
      return post({ ...wrong, description })
    },
    tells: one,
  },
]

/** A kind by its weight. */
export function drawKind(random: Random, kinds = requestKinds): RequestKind {
  let rest = random.between(
    1,
    kinds.reduce((sum, { weight }) => sum + weight, 0),
  )
  return kinds.find(({ weight }) => (rest -= weight) <= 0)!
}
