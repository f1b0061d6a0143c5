import fc from 'fast-check'
import { currencies } from './amount'

// What a program is made of: small numbers that stand for users, accounts, keys and things made
// before, so that it can be drawn, shrunk and run again.

/** Milliseconds from now, an hour ago, or no end at all. */
export type Expiry = number | 'past' | 'far' | null

export interface Item {
  account: number
  counterparty: number | null
  amount: string
  /** Which of a few dates; null: now. */
  date: number | null
  key: number | null
  note: number
}

export type Op =
  | { kind: 'post'; item: Item; isDryRun: boolean }
  | { kind: 'bulk'; items: Item[]; isAtomic: boolean; isDryRun: boolean }
  | { kind: 'reverse'; which: number; key: number | null }
  | { kind: 'hold'; item: Item; expiry: Expiry }
  | { kind: 'capture'; which: number; amount: string | null; key: number | null }
  | { kind: 'release'; which: number; key: number | null }
  | { kind: 'extend'; which: number; expiry: Expiry; key: number | null }
  /** Something that was sent with a key before, again. */
  | { kind: 'again'; which: number }
  | { kind: 'user'; user: number }
  | { kind: 'account'; account: number; user: number; currency: string; limit: number }
  | { kind: 'close'; account: number }
  | { kind: 'limit'; account: number; limit: number }
  | { kind: 'read user'; user: number }
  | { kind: 'read account'; account: number }
  | { kind: 'read transaction'; which: number }
  | { kind: 'read hold'; which: number }
  | { kind: 'page'; account: number; from: number | null; to: number | null; limit: number }
  | { kind: 'largest'; user: number; from: number | null; to: number | null; currency: number }

export interface Step {
  op: Op
  /** The same request so many times at once, on one instance after the other. */
  copies: number
  pauseMs: number
  instance: number
}

export interface Program {
  isCoarse: boolean
  /** Of the four accounts that are there from the beginning. */
  limits: number[]
  deposits: number[]
  lastCurrency: string
  /** What each client does, one thing after the other, beside all other clients. */
  clients: Step[][]
}

/** Null once, against so many times something. */
function orNull<Value>(weight: number, arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> {
  return fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight, arbitrary })
}

/** Users 0 and 1 are there from the beginning, and accounts 0 to 3; a few are not. */
const user = fc.constantFrom(0, 0, 0, 1, 1, 1, 2, 3)
const account = fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5)
const which = fc.nat({ max: 40 })
const limit = fc.constantFrom(0, 0, -20, -50)
const date = orNull(1, fc.nat({ max: 4 }))
const key = orNull(1, fc.nat({ max: 30 }))
const expiry: fc.Arbitrary<Expiry> = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 2, max: 40 }) },
  { weight: 3, arbitrary: fc.constantFrom('far' as const, null) },
  { weight: 1, arbitrary: fc.constant('past' as const) },
)

const odd = [
  '0.5',
  '12.50',
  '1.25',
  '0.001',
  '9007199254740991',
  '90071992547409.91',
  '1000000000000000',
]
const positive = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 1, max: 60 }).map(String) },
  { weight: 2, arbitrary: fc.constantFrom(...odd) },
)
const signed = fc
  .tuple(positive, fc.constantFrom('', '-', '-'))
  .map(([amount, sign]) => sign + amount)

const itemOf = (amount: fc.Arbitrary<string>): fc.Arbitrary<Item> =>
  fc.record({
    account,
    counterparty: orNull(1, account),
    amount,
    date,
    key,
    note: fc.nat({ max: 2 }),
  })
const item = itemOf(signed)
const isDryRun = fc.constantFrom(false, false, false, false, true)

type Weighted = { weight: number; arbitrary: fc.Arbitrary<Op> }

function op<One extends Op>(
  weight: number,
  kind: One['kind'],
  fields: { [Name in Exclude<keyof One, 'kind'>]: fc.Arbitrary<One[Name]> },
): Weighted {
  const arbitrary = fc.record({ kind: fc.constant(kind), ...fields } as never) as fc.Arbitrary<Op>
  return { weight, arbitrary }
}

type Of<Kind extends Op['kind']> = Extract<Op, { kind: Kind }>

const anyOp: fc.Arbitrary<Op> = fc.oneof(
  op<Of<'post'>>(16, 'post', { item, isDryRun }),
  op<Of<'bulk'>>(8, 'bulk', {
    items: fc.array(item, { minLength: 1, maxLength: 5 }),
    isAtomic: fc.boolean(),
    isDryRun,
  }),
  op<Of<'reverse'>>(7, 'reverse', { which, key }),
  op<Of<'hold'>>(12, 'hold', { item: itemOf(positive), expiry }),
  op<Of<'capture'>>(10, 'capture', { which, amount: orNull(2, positive), key }),
  op<Of<'release'>>(5, 'release', { which, key }),
  op<Of<'extend'>>(6, 'extend', { which, expiry, key }),
  op<Of<'again'>>(6, 'again', { which }),
  op<Of<'user'>>(1, 'user', { user }),
  op<Of<'account'>>(3, 'account', {
    account,
    user,
    currency: fc.constantFrom(...currencies),
    limit,
  }),
  op<Of<'close'>>(3, 'close', { account: fc.constantFrom(0, 1, 2, 3, 3, 4, 4) }),
  op<Of<'limit'>>(6, 'limit', { account, limit }),
  op<Of<'read user'>>(4, 'read user', { user }),
  op<Of<'read account'>>(4, 'read account', { account }),
  op<Of<'read transaction'>>(3, 'read transaction', { which }),
  op<Of<'read hold'>>(3, 'read hold', { which }),
  op<Of<'page'>>(5, 'page', {
    ...{ account, from: date, to: date },
    limit: fc.integer({ min: 1, max: 4 }),
  }),
  op<Of<'largest'>>(4, 'largest', {
    ...{ user, from: date, to: date },
    currency: fc.nat({ max: currencies.length }),
  }),
)

function step(instances: number): fc.Arbitrary<Step> {
  const alone = instances === 1
  return fc.record({
    op: anyOp,
    copies: alone ? fc.constant(1) : fc.constantFrom(1, 1, 1, 1, 2, 3),
    pauseMs: alone ? fc.constantFrom(0, 0, 1, 3) : fc.constantFrom(0, 0, 0, 0, 1, 2, 4),
    instance: fc.nat({ max: instances - 1 }),
  })
}

/** Programs of so many clients, each with as many steps at the most. */
export function program(size: {
  clients: number
  steps: number
  instances: number
}): fc.Arbitrary<Program> {
  const { clients, steps, instances } = size
  // Side by side a short program meets itself too seldom; one after the other it is easy to read.
  const minLength = clients === 1 ? 0 : Math.ceil(steps / 2)
  const length = { minLength, maxLength: steps, size: 'max' as const }
  return fc.record({
    isCoarse: fc.boolean(),
    limits: fc.array(limit, { minLength: 4, maxLength: 4 }),
    deposits: fc.array(fc.oneof(fc.constant(0), fc.nat({ max: 120 }), fc.nat({ max: 120 })), {
      ...{ minLength: 4, maxLength: 4 },
    }),
    lastCurrency: fc.constantFrom(...currencies),
    clients: fc.array(fc.array(step(instances), length), {
      ...{ minLength: clients, maxLength: clients },
    }),
  })
}
