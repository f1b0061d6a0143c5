import type { Slice } from '../load'
import type { Contender } from '../route'
import { chart } from './chart'
import { figuresOf, isMet } from './figure'
import { figureLines, markdown } from './markdown'
import type { BenchResult, LatencyCase } from './result'
import { spreadOf } from './spread'
import { measurementOf, summarise } from './summary'

function measured(route: string, contender: Contender, rates: number[]) {
  const rounds = rates.map((perSecond) => ({
    ...{ perSecond, p50Ms: 10, p99Ms: 40, rssMb: perSecond / 20 },
    cpuMicros: { api: 150, database: 60, generator: 55.4 },
  }))
  const title = `POST /${route}, many`
  return summarise({ route, title, contender, unit: 'req/s', rounds })
}

const cases = [
  measured('post-many', 'real', [3000, 2000, 4000]),
  measured('post-many', 'memory', [4000, 4000, 5000]),
  measured('post-many', 'plain', [1000, 900, 1100]),
  { ...measured('post-many', 'pg-mem', []), notPossible: 'no such | thing' },
  { ...measured('bulk-hot', 'real', []), notPossible: 'answered 405' },
  measured('bulk-hot', 'script', [40_000]),
]

const latency = (p50Ms: number) => ({ samples: 250, p50Ms, p99Ms: 4 * p50Ms })
const latencies: LatencyCase[] = [
  {
    ...{ route: 'big-max', title: 'GET /max, a year' },
    entries: { large: 10_000_000, small: 100_000 },
    rounds: [
      { large: latency(2.8), small: latency(2) },
      { large: latency(3), small: latency(2) },
      { large: latency(2.6), small: latency(2) },
    ],
  },
]
const stream = {
  lines: 1_000_000,
  rounds: [{ idleMb: 90, peakMb: 160, megabytes: 300, seconds: 8 }],
}
const verification = { rounds: [], notPossible: 'there is no bin/tillbook-verify' }
const all = { cases, latencies, stream, verification }

const result: BenchResult = {
  date: '2026-01-31T09:30:00.000Z',
  commandLine: 'tillbook-bench',
  machine: { cpu: 'CPU <1>', cores: 2, memoryGb: 8, system: 'Linux' },
  node: 'v20.19.0',
  autocannon: '9.0.0',
  postgres: {
    ...{ version: '17.1', fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' },
    ...{ wal_sync_method: 'fdatasync', shared_buffers: '128MB' },
  },
  settings: {
    iterations: 3,
    seconds: 5,
    warmUpSeconds: 2,
    connections: 64,
    bigEntries: 10_000_000,
  },
  data: {
    full: { users: 5000, accounts: 10_000, transactions: 200_000 },
    pgMem: { users: 50, accounts: 100, transactions: 2000 },
  },
  figures: figuresOf(all),
  ...all,
}

test('takes the middle one of the rounds, or the mean of the two in the middle', () => {
  expect(spreadOf([30, 10, 20])).toEqual({ median: 20, min: 10, max: 30 })
  expect(spreadOf([10, 40, 20, 30])).toEqual({ median: 25, min: 10, max: 40 })
})

test('adds the slices of a round up, and counts each transaction of a bulk', () => {
  const slice = (count: number, p50Ms: number): Slice => ({
    ...{ count, seconds: 1, p50Ms, p99Ms: 2 * p50Ms },
    cpu: { api: 500_000, generator: 100_000 },
  })
  const slices = [slice(10, 20), slice(0, 0), slice(20, 30)]
  expect(measurementOf(slices, { perRequest: 1000, rssMb: undefined })).toEqual({
    ...{ perSecond: 10_000, p50Ms: 25, p99Ms: 50 },
    cpuMicros: { api: 50, generator: 10 },
  })
})

test('divides the medians, and shows the ratios of the single rounds beside them', () => {
  const [toMocked, toPlain] = figuresOf({ ...all, cases: cases.slice(0, 3) })
  expect(toMocked).toEqual({
    ...{ name: 'CreateTransaction: real ÷ mocked', unit: 'ratio' },
    ...{ value: 0.75, min: 0.5, max: 0.8, goal: { sign: '≥', value: 0.85 } },
  })
  expect(toPlain).toMatchObject({ value: 3, min: 2000 / 900, max: 4000 / 1100 })
  const maximum = result.figures.find(({ name }) => name.includes('10 million entries ÷'))
  expect(maximum).toMatchObject({ value: 1.4, min: 1.3, max: 1.5 })
})

test('knows which goals are met, which are missed, and which nobody could measure', () => {
  const met = new Map(result.figures.map((figure) => [figure.name, isMet(figure)]))
  expect(Object.fromEntries(met)).toEqual({
    'CreateTransaction: real ÷ mocked': false,
    'CreateTransaction, 10,000 accounts: grouped ÷ plain': false,
    'Bulk of 1,000, one hot account: REST ÷ bare SQL': undefined,
    'Bulk of 1,000, one hot account': undefined,
    'GetMaxTransaction over a year: 10 million entries ÷ 100,000': true,
    'GetMaxTransaction over a year, 10 million entries: p99': false,
    'API memory under load, largest of all routes': true,
    'API memory above idle, statement of 1 million lines': false,
    'Verification in full (1 million in 5 s)': undefined,
  })
  expect(figureLines(result.figures).at(-1)).toBe('2 of 9 goals are met, 3 could not be measured.')
})

test('says in the tables what is not possible, in one cell', () => {
  const text = markdown(result)
  expect(text).toContain('| pg-mem | not possible: no such \\| thing |')
  expect(text).toContain(
    '| – | Bulk of 1,000, one hot account | not possible: answered 405 | ≥ 20,000/s |',
  )
  expect(text).toContain(
    '| `POST /post-many`, many | mocked (memory) | 4,000 | 4,000 | 5,000 | 10 ms | 40 ms | 150 / 60 / 55 |',
  )
  expect(text).toContain(
    '| ✓ | GetMaxTransaction over a year: 10 million entries ÷ 100,000 | 1.40 | ≤ 1.5 |',
  )
  expect(text).toContain('| `GET /max`, a year | 2.80 | 2.00 | 11.20 | 8.00 | 750 |')
  expect(text).toContain('fsync on')
})

test('draws each goal, and a bar for each contender but pg-mem, as long as its median says', () => {
  const svg = chart(result)
  const widths = [...svg.matchAll(/width="([\d.]+)" height="13"/g)].map(([, width]) =>
    Number(width),
  )
  expect(widths).toHaveLength(4)
  expect(widths[0]! / widths[1]!).toBeCloseTo(0.75)
  expect(widths[2]! / widths[1]!).toBeCloseTo(0.25)
  expect(svg).toContain('2 of 9 goals met')
  expect(svg).toContain('CPU &lt;1>')
})

test('has a dark colour for each that it draws with, and for no other', () => {
  const svg = chart(result)
  const [style = '', drawing = ''] = svg.split('</style>')
  const drawn = [...drawing.matchAll(/ (fill|stroke)="(#\w+)"/g)].map(
    ([, kind, colour]) => `[${kind}='${colour}']`,
  )
  const adapted = style.match(/\[(fill|stroke)='#\w+'\](?= \{)/g) ?? []
  expect(adapted.toSorted()).toEqual([...new Set(drawn)].toSorted())
})
