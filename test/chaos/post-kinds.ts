import { pick } from '../harness/random'
import { amount, anyAccount, other } from './book'
import type { Asked, RequestKind, Told } from './kind'

const one = (answer: unknown): Told[] => [answer as Told]

function post(body: Record<string, unknown> & { description: string }): Asked {
  return { path: '/transactions', body, trace: body.description }
}

const deposit: RequestKind = {
  name: 'deposit',
  weight: 25,
  ask(random, { book, label: description }) {
    const to = anyAccount(random, book)
    return post({ account_id: to.id, amount: amount(random, to), description })
  },
  tells: one,
}

const expense: RequestKind = {
  name: 'expense',
  weight: 15,
  ask(random, { book, label: description }) {
    const from = anyAccount(random, book)
    return post({ account_id: from.id, amount: `-${amount(random, from)}`, description })
  },
  tells: one,
}

const transfer: RequestKind = {
  name: 'transfer',
  weight: 25,
  ask(random, { book, label: description }) {
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
}

const backdated: RequestKind = {
  name: 'backdated',
  weight: 6,
  ask(random, { book, label: description }) {
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
}

const impossible: RequestKind = {
  name: 'impossible',
  weight: 3,
  ask(random, { book, label: description }) {
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
}

/** Of whatever was posted lately, by whomever, reversals and captures included. */
const reversal: RequestKind = {
  name: 'reversal',
  weight: 6,
  ask(random, { book: { transactions } }) {
    if (transactions.length === 0) return undefined
    const { id } = pick(random, transactions)
    return { path: `/transactions/${id}/reversal`, trace: `reversal of ${id}` }
  },
  tells: one,
}

/** What `POST /transactions` takes. */
export const postKinds = [deposit, expense, transfer, backdated, impossible] as const
export const possiblePostKinds = [deposit, expense, transfer, backdated] as const
export const reversalKinds = [reversal] as const
