import type { Instant } from '../../internal/clock/instant'
import { sortKeys, type Json } from '../../internal/json/json'
import { readDecimal } from '../../internal/money/decimal'
import {
  single,
  type Instruction,
  type LedgerRequest,
  type Outcome,
} from '../../pkg/transaction/instruction'
import type { Idempotency, Transaction } from '../../pkg/transaction/transaction'
import { january, openMemoryStores, plain, request, type Stores } from '../conformance/stores'
import { newRandom, newSeed, type Random } from '../harness/random'
import { openSqlStores } from './sql-stores'

const seed = newSeed()
const accountIds = ['eur-1', 'eur-2', 'eur-3', 'jpy-1', 'jpy-2', 'kwd-1', 'nothing']
const groups = 120
const far = (day: number) => `9999-01-0${day}T00:00:00.000000Z` as Instant

/** A store with the ids that it gave to what the program made, in the order in which it was made. */
interface Side {
  stores: Stores
  transactionIds: string[]
  holdIds: string[]
}

let sides: Side[]
beforeAll(async () => {
  const stores = await Promise.all([openSqlStores(), openMemoryStores()])
  sides = stores.map((one) => ({ stores: one, transactionIds: [], holdIds: [] }))
  for (const { users, accounts } of stores) {
    for (const id of ['ada', 'grace']) await users.insert({ id, firstName: 'A', lastName: 'B' })
    for (const [i, id] of accountIds.slice(0, -1).entries()) {
      const currency = id.slice(0, 3).toUpperCase()
      const userId = i % 2 ? 'ada' : 'grace'
      await accounts.insert({ id, userId, name: id, currency, minBalance: BigInt(-100 * i) })
    }
  }
})
afterAll(() => Promise.all(sides.map(({ stores }) => stores.close())))

function pick<T>(random: Random, values: readonly T[]): T {
  return values[random.between(0, values.length - 1)]!
}

/** A step of the program: what a store is asked, once its own ids are known. */
type Step = (side: Side) => Promise<Instruction>

function aKey(random: Random): Idempotency | null {
  if (random.between(0, 2) > 0) return null
  const fingerprint = `0${random.between(1, 2)}`.repeat(32)
  return { key: `key-${random.between(1, 80)}`, fingerprint }
}

function aStep(random: Random): Step {
  const accountId = pick(random, accountIds)
  const counterpartyId = pick(random, [null, null, ...accountIds.filter((id) => id !== accountId)])
  const scale = pick(random, ['', '', '.5', '.25', '.125'])
  const amount = readDecimal(`${random.between(1, 9)}${scale}`)!
  const signed = { ...amount, units: amount.units * pick(random, [1n, -1n]) }
  const effectiveAt = january(random.between(1, 28), random.between(0, 1))
  const expiresAt = pick(random, [null, far(1), far(2), january(1)])
  const number = random.between(0, 1000)
  const idempotency = aKey(random)
  const sided = { ...request(accountId, '1'), counterpartyId, idempotency }
  const { effectiveAt: _, ...held } = sided
  const onHold = (make: (hold: NonNullable<Found>) => Instruction): Step => {
    return async (side) => {
      const hold = await findHold(side, number)
      return hold ? make(hold) : { kind: 'open_hold', ...held, amount, expiresAt: null }
    }
  }
  const posted: Step = async () => ({ kind: 'post', ...sided, amount: signed, effectiveAt })
  return pick<Step>(random, [
    ...[posted, posted, posted],
    ...Array<Step>(2).fill(async () => ({ kind: 'open_hold', ...held, amount, expiresAt })),
    ...Array<Step>(2).fill(
      onHold((hold) => ({
        ...{ kind: 'capture_hold', hold, idempotency, amount: number % 3 ? amount : null },
      })),
    ),
    onHold((hold) => ({ kind: 'release_hold', hold, idempotency })),
    onHold((hold) => ({ kind: 'extend_hold', hold, idempotency, expiresAt })),
    async (side) => {
      const original = await findTransaction(side, number)
      return original
        ? { kind: 'reverse', original, idempotency }
        : { kind: 'post', ...sided, amount: signed, effectiveAt }
    },
  ])
}

type Found = Awaited<ReturnType<typeof findHold>>

/** One of the last that were made, so that what is open still is met often enough. */
function oneOf(ids: string[], number: number): string | undefined {
  const recent = ids.slice(-12)
  return recent[number % recent.length]
}

async function findHold({ stores, holdIds }: Side, number: number) {
  const id = oneOf(holdIds, number)
  return id === undefined ? undefined : stores.holds.find(id)
}

async function findTransaction({ stores, transactionIds }: Side, number: number) {
  const id = oneOf(transactionIds, number)
  return id === undefined ? undefined : stores.transactions.find(id)
}

interface Asked extends Omit<LedgerRequest, 'instructions'> {
  steps: Step[]
}

function aRequest(random: Random): Asked {
  const isDryRun = random.between(0, 5) === 0
  if (random.between(0, 2) > 0) return { steps: [aStep(random)], isAtomic: false, isDryRun }
  const steps = Array.from({ length: random.between(1, 6) }, () => aStep(random))
  return { steps, isAtomic: random.between(0, 1) === 0, isDryRun }
}

/** Has a store carry out a group, and keeps the ids of what came of it. */
async function carryOut(side: Side, group: Asked[]) {
  const requests: LedgerRequest[] = []
  for (const { steps, ...rest } of group) {
    const instructions = []
    for (const step of steps) instructions.push(await step(side))
    requests.push(
      steps.length === 1 && !rest.isAtomic
        ? single(instructions[0]!, rest.isDryRun)
        : { instructions, ...rest },
    )
  }
  const answers = await side.stores.transactions.post(requests)
  for (const [i, { verdicts, refusedAt }] of answers.entries()) {
    if (group[i]!.isDryRun || refusedAt !== null) continue
    for (const verdict of verdicts) {
      if (verdict.status !== 'created') continue
      if (verdict.transaction) side.transactionIds.push(verdict.transaction.id)
      else if (!side.holdIds.includes(verdict.hold!.id)) side.holdIds.push(verdict.hold!.id)
    }
  }
  return answers
}

const uuids = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
const chosen = /T00:00:00\.00000[01]Z$/

/** Apart from ids, which go by the order in which they turn up, and from the time of the clock. */
function comparable(value: unknown, numberOf: Map<string, number>): Json {
  const text = JSON.stringify(value, (name, inner: unknown) => {
    if (typeof inner === 'bigint') return `${inner}n`
    if (name === 'transaction') return plain(inner as Transaction)
    const isClock = typeof inner === 'string' && /^\d{4}-.*Z$/.test(inner) && !chosen.test(inner)
    return isClock ? 'now' : inner
  })
  const named = text.replace(uuids, (id) => {
    if (!numberOf.has(id)) numberOf.set(id, numberOf.size)
    return `#${numberOf.get(id)}`
  })
  return sortKeys(JSON.parse(named) as Json)
}

/** What has to come up. */
const wanted = [
  ...['created', 'replayed', 'account.not_found', 'account.insufficient_funds'],
  ...['transaction.currency_mismatch', 'idempotency.key_reused', 'request.invalid'],
  ...['hold.not_open', 'hold.amount_exceeded', 'transaction.already_reversed', 'whole refused'],
  ...['reversal', 'open', 'captured', 'released'],
]

test(`PostgreSQL and memory come to the same verdicts and the same books (SEED=${seed})`, async () => {
  const random = newRandom(seed)
  const numbers = sides.map(() => new Map<string, number>())
  const seen = new Set<string>()
  // On with it while something has not come up yet: which seed it is decides how soon everything has.
  const isTame = () => wanted.some((one) => !seen.has(one))
  for (let i = 0; i < groups || (isTame() && i < 5 * groups); i++) {
    const group = Array.from({ length: random.between(1, 8) }, () => aRequest(random))
    const [sql, memory] = await Promise.all(sides.map((side) => carryOut(side, group)))
    expect(comparable(sql, numbers[0]!)).toEqual(comparable(memory, numbers[1]!))
    for (const { verdicts, refusedAt } of sql!) {
      if (refusedAt !== null) seen.add('whole refused')
      for (const verdict of verdicts) {
        const { hold, transaction } = verdict as Outcome
        const kind = [transaction?.reversesId && 'reversal', hold?.closedAs ?? (hold && 'open')]
        seen.add(verdict.status === 'refused' ? verdict.refusal.code : verdict.status)
        for (const one of kind) if (one) seen.add(one)
      }
    }
  }
  // Otherwise the groups were too tame to prove anything.
  expect([...seen]).toEqual(expect.arrayContaining(wanted))

  const [sql, memory] = await Promise.all(sides.map(readBooks))
  expect(comparable(sql, numbers[0]!)).toEqual(comparable(memory, numbers[1]!))
})

async function readBooks({ stores, holdIds }: Side) {
  const { users, accounts, transactions, holds } = stores
  const period = { from: january(5), to: january(20, 1) }
  const ofEach = <T>(ids: string[], read: (id: string) => Promise<T>) => Promise.all(ids.map(read))
  const page = { ...period, after: undefined, limit: 100 }
  const plainly = async (list: Promise<Transaction[]>) => (await list).map(plain)
  return {
    accounts: await ofEach(accountIds, accounts.find),
    holds: await ofEach(holdIds, holds.find),
    lists: await ofEach(accountIds, (id) => plainly(transactions.listByAccount(id, page))),
    largest: await ofEach(['ada', 'grace'], (id) =>
      plainly(transactions.listLargestExpenses(id, { ...period, currency: null })),
    ),
    overviews: await ofEach(['ada', 'grace'], users.findOverview),
    users: (await users.list({ afterId: undefined, limit: 9 })).map(({ id }) => id),
  }
}
