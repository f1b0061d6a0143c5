import type { StoreName } from '../server/server'
import { chart } from './chart'
import { markdown } from './markdown'
import type { BenchResult } from './result'
import { ratiosOf, spreadOf, summarise } from './summary'

function measured(route: string, store: StoreName, rates: number[]) {
  const rounds = rates.map((requestsPerSecond) => ({ requestsPerSecond, p50Ms: 10, p99Ms: 40 }))
  return summarise({ route, title: `POST /${route}, many`, store, rounds })
}

const cases = [
  measured('post-many', 'real', [3000, 2000, 4000]),
  measured('post-many', 'memory', [4000, 4000, 5000]),
  measured('post-many', 'plain', [1000, 900, 1100]),
  { ...measured('post-many', 'pg-mem', []), notPossible: 'no such | thing' },
]

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
  settings: { iterations: 3, seconds: 5, warmUpSeconds: 2, connections: 64 },
  data: {
    full: { users: 5000, accounts: 10_000, transactions: 200_000 },
    pgMem: { users: 50, accounts: 100, transactions: 2000 },
  },
  cases,
  ratios: ratiosOf(cases),
}

test('takes the middle one of the rounds, or the mean of the two in the middle', () => {
  expect(spreadOf([30, 10, 20])).toEqual({ median: 20, min: 10, max: 30 })
  expect(spreadOf([10, 40, 20, 30])).toEqual({ median: 25, min: 10, max: 40 })
})

test('divides the medians, and shows the ratios of the single rounds beside them', () => {
  expect(result.ratios).toEqual([
    { name: 'CreateTransaction: real ÷ mocked', value: 0.75, min: 0.5, max: 0.8, goal: 0.7 },
    {
      name: 'CreateTransaction, 10,000 accounts: grouped ÷ plain',
      ...{ value: 3, min: 2000 / 900, max: 4000 / 1100, goal: 2.5 },
    },
  ])
})

test('says in the table what is not possible, in one cell', () => {
  const text = markdown(result)
  expect(text).toContain('| pg-mem | not possible: no such \\| thing |')
  expect(text).toContain('| `POST /post-many`, many | mocked (memory) | 4,000 | 4,000 | 5,000 |')
  expect(text).toContain('fsync on')
})

test('draws a bar for each store but pg-mem, as long as its median says', () => {
  const svg = chart(result)
  const widths = [...svg.matchAll(/width="([\d.]+)" height="14"/g)].map(([, width]) =>
    Number(width),
  )
  expect(widths).toEqual([300, 400, 100])
  expect(svg).toContain('3,000 req/s')
  expect(svg).toContain('CPU &lt;1>')
})
