import type { Measurement } from '../load'
import type { StoreName } from '../server/server'
import type { BenchCase, Ratio, Spread } from './result'

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const median =
    sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
  return { median, min: sorted[0]!, max: sorted.at(-1)! }
}

/** The case with its medians; as it is when nothing was measured. */
export function summarise(measured: BenchCase): BenchCase {
  const { rounds } = measured
  if (rounds.length === 0) return measured
  const spread = (figure: (round: Measurement) => number) => spreadOf(rounds.map(figure))
  return {
    ...measured,
    requestsPerSecond: spread((round) => round.requestsPerSecond),
    p50Ms: spread((round) => round.p50Ms).median,
    p99Ms: spread((round) => round.p99Ms).median,
  }
}

type Key = `${string}/${StoreName}`

interface RatioSpec {
  name: string
  of: Key
  to: Key
  goal?: number
}

const ratioSpecs: readonly RatioSpec[] = [
  realToMocked('CreateTransaction', 'post-many', 0.7),
  realToMocked('CreateTransaction, one hot account', 'post-hot'),
  realToMocked('CreateTransaction, no key', 'post-many-no-key'),
  groupedToPlain('10,000 accounts', 'post-many', 2.5),
  groupedToPlain('one hot account', 'post-hot', 8),
  groupedToPlain('10,000 accounts, no key', 'post-many-no-key'),
  {
    name: 'CreateTransaction: one hot account ÷ 10,000 accounts',
    ...{ of: 'post-hot/real', to: 'post-many/real', goal: 0.8 },
  },
  realToMocked('GetUser', 'get-user', 0.5),
  realToMocked('GetAccount', 'get-account'),
  realToMocked('ListTransactions', 'list-transactions'),
  realToMocked('GetTransaction', 'get-transaction'),
  realToMocked('GetMaxTransaction', 'get-max-transaction'),
]

function realToMocked(what: string, route: string, goal?: number): RatioSpec {
  return { name: `${what}: real ÷ mocked`, of: `${route}/real`, to: `${route}/memory`, goal }
}

function groupedToPlain(what: string, route: string, goal?: number): RatioSpec {
  const name = `CreateTransaction, ${what}: grouped ÷ plain`
  return { name, of: `${route}/real`, to: `${route}/plain`, goal }
}

/** Those of which both sides were measured. */
export function ratiosOf(cases: readonly BenchCase[]): Ratio[] {
  const byKey = new Map(cases.map((one) => [`${one.route}/${one.store}`, one]))
  return ratioSpecs.flatMap(({ name, of, to, goal }) => {
    const above = byKey.get(of)
    const below = byKey.get(to)
    if (!above?.requestsPerSecond || !below?.requestsPerSecond) return []
    const single = above.rounds.map(
      (round, i) => round.requestsPerSecond / below.rounds[i]!.requestsPerSecond,
    )
    const value = above.requestsPerSecond.median / below.requestsPerSecond.median
    const { min, max } = spreadOf(single)
    return [{ name, value, min, max, ...(goal !== undefined && { goal }) }]
  })
}
