import type { Contender } from '../route'
import type {
  BenchCase,
  BenchResult,
  Figure,
  Goal,
  LatencyCase,
  LatencyRound,
  StreamCase,
  VerificationCase,
} from './result'
import { medianOf, spreadOf } from './spread'

type Measured = Pick<BenchResult, 'cases' | 'latencies' | 'stream' | 'verification'>

/** The figures of a run: those with a goal first, each group in the order of their making. */
export function figuresOf(measured: Measured): Figure[] {
  const figures = [
    ...postingFigures(measured.cases),
    ...readingFigures(measured.cases),
    ...shopFigures(measured.cases),
    ...latencyFigures(measured.latencies),
    ...memoryFigures(measured),
    ...verificationFigures(measured.verification),
  ]
  const hasGoal = (figure: Figure) => figure.goal !== undefined
  return [...figures.filter(hasGoal), ...figures.filter((figure) => !hasGoal(figure))]
}

/** Whether it is reached; undefined when there is none, or nothing to compare with it. */
export function isMet({ value, goal }: Figure): boolean | undefined {
  if (value === undefined || goal === undefined) return undefined
  return goal.sign === '≥' ? value >= goal.value : value <= goal.value
}

const atLeast = (value: number): Goal => ({ sign: '≥', value })
const atMost = (value: number): Goal => ({ sign: '≤', value })

type Key = `${string}/${Contender}`

function postingFigures(cases: readonly BenchCase[]): Figure[] {
  const ratio = newRatio(cases)
  const toMocked = (route: string, what: string, goal?: Goal) =>
    ratio(`CreateTransaction${what}: real ÷ mocked`, [`${route}/real`, `${route}/memory`], goal)
  const toPlain = (route: string, what: string, goal?: Goal) =>
    ratio(`CreateTransaction, ${what}: grouped ÷ plain`, [`${route}/real`, `${route}/plain`], goal)
  const bulk = (route: string, what: string, goals: { ratio?: Goal; rate?: Goal }) => [
    ...ratio(
      `Bulk of 1,000, ${what}: REST ÷ bare SQL`,
      [`${route}/real`, `${route}/script`],
      goals.ratio,
    ),
    ...rate(`Bulk of 1,000, ${what}`, cases.find(isCase(`${route}/real`)), goals.rate),
  ]
  const goals = { ratio: atLeast(0.6), rate: atLeast(20_000) }
  return [
    ...toMocked('post-many', '', atLeast(0.85)),
    ...ratio(
      'CreateTransaction: one hot account ÷ 10,000 accounts',
      ['post-hot/real', 'post-many/real'],
      atLeast(0.95),
    ),
    ...toPlain('post-many', '10,000 accounts', atLeast(3.5)),
    ...toPlain('post-hot', 'one hot account', atLeast(12)),
    ...ratio(
      'CreateTransaction, one hot account: four processes ÷ one',
      ['post-hot/four', 'post-hot/real'],
      atLeast(0.8),
    ),
    ...bulk('bulk-many', 'many accounts', goals),
    ...bulk('bulk-hot', 'one hot account', goals),
    ...bulk('bulk-many-no-key', 'no keys', {}),
    ...toMocked('post-hot', ', one hot account'),
    ...toMocked('post-many-no-key', ', no key'),
    ...toPlain('post-many-no-key', '10,000 accounts, no key'),
  ]
}

function readingFigures(cases: readonly BenchCase[]): Figure[] {
  const ratio = newRatio(cases)
  const toMocked = (name: string, route: string, goal?: Goal) =>
    ratio(`${name}: real ÷ mocked`, [`${route}/real`, `${route}/memory`], goal)
  return [
    ...toMocked('GetUser', 'get-user', atLeast(0.7)),
    ...toMocked('GetTransaction', 'get-transaction', atLeast(0.7)),
    ...toMocked('GetAccount', 'get-account'),
    ...toMocked('ListTransactions', 'list-transactions'),
    ...toMocked('GetMaxTransaction', 'get-max-transaction'),
  ]
}

function shopFigures(cases: readonly BenchCase[]): Figure[] {
  const ratio = newRatio(cases)
  const figuresOf = (name: string, route: string, goals: { rate: number; p99Ms?: number }) => {
    const real = cases.find(isCase(`${route}/real`))
    return [
      ...rate(name, real, atLeast(goals.rate)),
      ...(goals.p99Ms ? p99(name, real, atMost(goals.p99Ms)) : []),
      ...ratio(`${name}: real ÷ mocked`, [`${route}/real`, `${route}/memory`]),
    ]
  }
  return [
    ...figuresOf('Catalogue page of 20', 'catalogue-page', { rate: 800, p99Ms: 250 }),
    ...figuresOf('Add to cart', 'cart-add', { rate: 500, p99Ms: 250 }),
    ...figuresOf('Checkout of three lines', 'checkout', { rate: 300 }),
  ]
}

function p99(name: string, measured: BenchCase | undefined, goal: Goal): Figure[] {
  if (!measured) return []
  const rounds = measured.rounds.map(({ p99Ms }) => p99Ms)
  return [{ name: `${name}: p99`, unit: 'ms', goal, ...valueOf(measured, rounds) }]
}

/** None when one of the two was not asked for. */
function newRatio(cases: readonly BenchCase[]) {
  return (name: string, [of, to]: [Key, Key], goal?: Goal): Figure[] => {
    const [above, below] = [cases.find(isCase(of)), cases.find(isCase(to))]
    if (!above || !below) return []
    const head = { name, unit: 'ratio' as const, ...(goal && { goal }) }
    const notPossible = above.notPossible ?? below.notPossible
    if (notPossible !== undefined) return [{ ...head, notPossible }]
    if (!above.perSecond || !below.perSecond) return []
    const single = above.rounds.map((round, i) => round.perSecond / below.rounds[i]!.perSecond)
    const { min, max } = spreadOf(single)
    return [{ ...head, value: above.perSecond.median / below.perSecond.median, min, max }]
  }
}

const isCase =
  (key: Key) =>
  ({ route, contender }: BenchCase) =>
    `${route}/${contender}` === key

function rate(name: string, measured: BenchCase | undefined, goal?: Goal): Figure[] {
  if (!measured || !goal) return []
  const head = { name, unit: 'transactions/s' as const, goal }
  return [
    {
      ...head,
      ...valueOf(
        measured,
        measured.rounds.map(({ perSecond }) => perSecond),
      ),
    },
  ]
}

const latencyNames: Record<string, string> = {
  'big-max': 'GetMaxTransaction over a year',
  'big-page': 'A page of transactions',
  'big-statement': "Statement's first byte",
  'big-at': 'Balance at a time',
}

function latencyFigures(cases: readonly LatencyCase[]): Figure[] {
  return cases.flatMap((one) => {
    const { large, small } = one.entries
    const name = latencyNames[one.route] ?? one.route
    const median = (size: keyof LatencyRound) =>
      medianOf(one.rounds.map((round) => round[size].p50Ms))
    const ratio: Figure = {
      name: `${name}: ${short(large)} entries ÷ ${short(small)}`,
      unit: 'ratio',
      goal: atMost(1.5),
      ...valueOf(
        one,
        one.rounds.map((round) => round.large.p50Ms / round.small.p50Ms),
      ),
    }
    if (one.rounds.length > 0) ratio.value = median('large') / median('small')
    if (one.route !== 'big-max') return [ratio]
    const p99: Figure = {
      name: `${name}, ${short(large)} entries: p99`,
      unit: 'ms',
      goal: atMost(10),
      ...valueOf(
        one,
        one.rounds.map((round) => round.large.p99Ms),
      ),
    }
    return [ratio, p99]
  })
}

function memoryFigures({ cases, stream }: Measured): Figure[] {
  const underLoad = cases.filter(({ contender, rssMb }) => contender === 'real' && rssMb)
  const rounds = underLoad[0]?.rounds.map((_, i) =>
    Math.max(...underLoad.map((one) => one.rounds[i]!.rssMb!)),
  )
  const figures: Figure[] = []
  if (rounds) {
    const name = 'API memory under load, largest of all routes'
    figures.push({ name, unit: 'MB', goal: atMost(200), ...valueOf({}, rounds) })
  }
  if (stream) figures.push(streamFigure(stream))
  return figures
}

function streamFigure(stream: StreamCase): Figure {
  return {
    name: `API memory above idle, statement of ${short(stream.lines)} lines`,
    unit: 'MB',
    goal: atMost(50),
    ...valueOf(
      stream,
      stream.rounds.map(({ peakMb, idleMb }) => peakMb - idleMb),
    ),
  }
}

function verificationFigures(verification: VerificationCase | null): Figure[] {
  if (!verification) return []
  const rates = verification.rounds.map(({ transactions, seconds }) => transactions / seconds)
  const name = 'Verification in full (1 million in 5 s)'
  const unit = 'transactions/s'
  return [{ name, unit, goal: atLeast(200_000), ...valueOf(verification, rates) }]
}

function valueOf(
  { notPossible }: { notPossible?: string },
  rounds: readonly number[],
): Pick<Figure, 'value' | 'min' | 'max' | 'notPossible'> {
  if (notPossible !== undefined) return { notPossible }
  if (rounds.length === 0) return {}
  const { median, min, max } = spreadOf(rounds)
  return { value: median, min, max }
}

/** 10 million, 100,000. */
function short(count: number): string {
  return count >= 1_000_000 ? `${count / 1_000_000} million` : count.toLocaleString('en')
}
