import { isMet } from './figure'
import { contenderNames, count, describeCpu, goalText, quantity } from './format'
import type { BenchCase, BenchResult, Figure, Latency, LatencyCase } from './result'

export function markdown(result: BenchResult): string {
  const hasGoal = ({ goal }: Figure) => goal !== undefined
  const goals = result.figures.filter(hasGoal)
  const others = result.figures.filter((figure) => !hasGoal(figure))
  const range = 'rounds, min to max'
  return `# Benchmark

${describeConditions(result).join('\n')}

![Which goals are met, and requests per second](latest.svg)

## Goals

${describeGoals(goals)}

${table(['', '', 'measured', 'goal', range], goals.map(goalCells), 2)}

## Other ratios

${table(['', 'ratio', range], others.map(figureCells), 1)}

All are those of the medians.

## Throughput

${table(['Route', 'Contender', 'Median', 'Min', 'Max', 'p50', 'p99', 'CPU µs each', 'Memory'], result.cases.map(caseCells), 2)}

Requests a second, of bulks transactions a second. *CPU µs each* is the processor's time for one of them: API /
PostgreSQL / generator of the load; together they cannot be more than the cores have. *Memory* is the resident
memory of the API under that load.

The mocked store is the API without a database. The plain store is the API without the group commit: each
request is a SERIALIZABLE transaction of its own, retried when it has to be (\`bench/plain/\`). pg-mem is no
PostgreSQL: one process, no isolation, no disk; it serves the plain store, on ${count(result.data.pgMem.accounts)} accounts. Bare SQL writes
the rows, balances and keys of a bulk with one statement and decides nothing (\`bench/plain/bulk.sql\`).
${latencySection(result)}${memorySection(result)}`
}

/** The figures for a terminal. */
export function figureLines(figures: readonly Figure[]): string[] {
  const goals = figures.filter(({ goal }) => goal !== undefined)
  const lines = figures.map((figure) => {
    const [mark, name, value, goal, range] = goalCells(figure)
    const measured = range === '' ? value! : `${value!.padStart(9)}  (${range})`
    return `  ${mark!.padEnd(1)} ${name!.padEnd(62)} ${measured}${goal && `  goal ${goal}`}`
  })
  return goals.length > 0 ? [...lines, '', describeGoals(goals)] : lines
}

function describeGoals(goals: readonly Figure[]): string {
  const met = goals.filter((figure) => isMet(figure) === true).length
  const open = goals.filter((figure) => isMet(figure) === undefined).length
  const rest = open > 0 ? `, ${open} could not be measured` : ''
  return `${met} of ${goals.length} goals are met${rest}.`
}

function describeConditions(result: BenchResult): string[] {
  const { machine, postgres, settings, data } = result
  return [
    `- ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.system}; load, API and database share them`,
    `- Node ${result.node}, PostgreSQL ${postgres.version} (fsync ${postgres.fsync}, synchronous_commit ${postgres.synchronous_commit}, full_page_writes ${postgres.full_page_writes}, wal_sync_method ${postgres.wal_sync_method}, shared_buffers ${postgres.shared_buffers})`,
    `- autocannon ${result.autocannon}, ${settings.connections} connections, no pipelining; rounds: ${settings.iterations}; in each, the contenders of a route take turns of a second, ${settings.seconds} each, after ${settings.warmUpSeconds} s of warm-up`,
    `- ${count(data.full.users)} users, ${count(data.full.accounts)} accounts, ${count(data.full.transactions)} transactions to begin with; each POST carries a fresh Idempotency-Key unless it says otherwise`,
    `- \`${result.commandLine}\` on ${result.date.slice(0, 16).replace('T', ' ')} UTC`,
  ]
}

function goalCells(figure: Figure): string[] {
  const met = isMet(figure)
  const mark = figure.goal ? (met === undefined ? '–' : met ? '✓' : '✗') : ''
  const goal = figure.goal ? goalText(figure.goal, figure.unit) : ''
  const [name, value, range] = figureCells(figure)
  return [mark, name!, value!, goal, range!]
}

function figureCells({ name, unit, value, min, max, notPossible }: Figure): string[] {
  if (value === undefined) return [name, `not possible: ${notPossible ?? 'not measured'}`, '']
  return [name, quantity(value, unit), `${quantity(min!, unit)} to ${quantity(max!, unit)}`]
}

function caseCells(one: BenchCase): string[] {
  const { title, contender, perSecond, p50Ms, p99Ms, cpuMicros, rssMb, notPossible } = one
  const [route, ...rest] = title.split(',')
  const head = [[`\`${route}\``, ...rest].join(','), contenderNames[contender].long]
  if (!perSecond) return [...head, `not possible: ${notPossible}`]
  const { median, min, max } = perSecond
  const rates = [median, min, max].map(count)
  const memory = rssMb ? `${rssMb.median.toFixed(0)} MB` : ''
  return [...head, ...rates, `${p50Ms} ms`, `${p99Ms} ms`, describeCpu(cpuMicros!), memory]
}

function latencySection({ latencies }: BenchResult): string {
  const entries = latencies[0]?.entries
  if (!entries) return ''
  const sizes = [entries.large, entries.small].map(count)
  const head = [
    'Route',
    `p50, ${sizes[0]} entries`,
    `p50, ${sizes[1]} entries`,
    'p99',
    'p99',
    'Samples',
  ]
  return `
## An account with ${sizes[0]} entries

${table(head, latencies.map(latencyCells), 1)}

One request at a time, the large account and the small one in turn; medians of the rounds, milliseconds.
`
}

function latencyCells({ title, rounds, notPossible }: LatencyCase): string[] {
  const [route, ...rest] = title.split(',')
  const head = [`\`${route}\``, ...rest].join(',')
  if (rounds.length === 0) return [head, `not possible: ${notPossible}`]
  const middle = (figure: (latency: Latency) => number) =>
    (['large', 'small'] as const).map((size) => {
      const values = rounds.map((round) => figure(round[size])).sort((a, b) => a - b)
      return values[values.length >> 1]!.toFixed(2)
    })
  const samples = rounds.reduce((sum, { large }) => sum + large.samples, 0)
  return [head, ...middle(({ p50Ms }) => p50Ms), ...middle(({ p99Ms }) => p99Ms), count(samples)]
}

function memorySection({ stream }: BenchResult): string {
  if (!stream || stream.rounds.length === 0) return ''
  const rows = stream.rounds.map(({ idleMb, peakMb, megabytes, seconds }) => [
    ...[idleMb, peakMb, megabytes].map((value) => value.toFixed(0)),
    seconds.toFixed(1),
    count(stream.lines / seconds),
  ])
  return `
## A statement of ${count(stream.lines)} lines

${table(['API at rest, MB', 'Peak, MB', 'Sent, MB', 'Seconds', 'Lines/s'], rows, 0)}
`
}

/** The first columns are words, the others numbers. */
function table(head: string[], rows: string[][], words: number): string {
  const lines = [head, head.map((_, i) => (i < words ? '---' : '--:')), ...rows]
  return lines
    .map((cells) => head.map((_, i) => (cells[i] ?? '').replaceAll('|', '\\|')))
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}
