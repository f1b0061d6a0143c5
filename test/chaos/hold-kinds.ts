import { pick, type Random } from '../harness/random'
import { amount, anyAccount, other } from './book'
import type { Asked, Asking, RequestKind, Told, ToldHold } from './kind'

const noTransaction = (): Told[] => []
const oneHold = (answer: unknown): ToldHold[] => [answer as ToldHold]

/** From now on, by the clock of this machine: some ends have passed when they arrive. */
function expiry(random: Random, [min, max]: readonly [number, number]): string {
  return new Date(Date.now() + random.between(min, max)).toISOString()
}

const open: RequestKind = {
  name: 'hold',
  weight: 12,
  ask(random, { book, label: description }) {
    const from = anyAccount(random, book)
    const ends = random.between(0, 1) === 0
    const isPaid = random.between(0, 1) === 0
    const body = {
      account_id: from.id,
      amount: amount(random, from),
      ...(isPaid && { counterparty_id: other(random, book, from).id }),
      ...(ends && { expires_at: expiry(random, [300, 8000]) }),
      description,
    }
    return { path: '/holds', body, trace: `hold ${description}` }
  },
  tells: noTransaction,
  tellsHolds: oneHold,
}

/** Something to be done with one of the holds that were opened lately, by whomever. */
function change(
  verb: string,
  { book: { holds } }: Asking,
  random: Random,
): { asked: Asked; hold: ToldHold } | undefined {
  if (holds.length === 0) return undefined
  const hold = pick(random, holds)
  return { hold, asked: { path: `/holds/${hold.id}/${verb}` } }
}

const capture: RequestKind = {
  name: 'capture',
  weight: 12,
  ask(random, asking) {
    const { asked, hold } = change('capture', asking, random) ?? {}
    if (!asked || !hold) return undefined
    const isWhole = random.between(0, 2) === 0
    const body = isWhole ? {} : { amount: partOf(random, hold) }
    return { ...asked, body, trace: `capture of ${hold.id}` }
  },
  tells: (answer) => [(answer as { transaction: Told }).transaction],
  tellsHolds: (answer) => [(answer as { hold: ToldHold }).hold],
}

/** Now and then more than all of it. */
function partOf(random: Random, { amount: whole, currency }: ToldHold): string {
  const scale = currency === 'JPY' ? 0 : 2
  const units = Math.round(Number(whole) * 10 ** scale)
  const part = random.between(1, Math.ceil(units * 0.7))
  const isTooMuch = random.between(0, 19) === 0
  return ((isTooMuch ? units + part : part) / 10 ** scale).toFixed(scale)
}

const release: RequestKind = {
  name: 'release',
  weight: 4,
  ask: (random, asking) => change('release', asking, random)?.asked,
  tells: noTransaction,
  tellsHolds: oneHold,
}

const extend: RequestKind = {
  name: 'extend',
  weight: 5,
  ask(random, asking) {
    const { asked } = change('extend', asking, random) ?? {}
    const ends = random.between(0, 3) > 0
    return asked && { ...asked, body: { expires_at: ends ? expiry(random, [-500, 9000]) : null } }
  },
  tells: noTransaction,
  tellsHolds: oneHold,
}

export const holdKinds = [open, capture, release, extend] as const
