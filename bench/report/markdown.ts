import type { StoreName } from '../server/server'
import type { BenchCase, BenchResult, Ratio } from './result'

export const storeTitles: Record<StoreName, string> = {
  real: 'real (PostgreSQL)',
  memory: 'mocked (memory)',
  plain: 'plain (one transaction a request)',
  'pg-mem': 'pg-mem',
}

export function markdown(result: BenchResult): string {
  return `# Benchmark

${describeConditions(result).join('\n')}

![Requests per second](latest.svg)

## Ratios

${table(['', 'ratio', 'rounds, min to max', 'goal'], result.ratios.map(ratioCells))}

Ratios are those of the medians.

## Requests per second

${table(['Route', 'Store', 'Median', 'Min', 'Max', 'p50', 'p99'], result.cases.map(caseCells))}

The mocked store is the API without a database. The plain store is the API without the group commit: each
request is a SERIALIZABLE transaction of its own, retried when it has to be (\`bench/plain/\`). pg-mem is no
PostgreSQL: one process, no isolation, no disk; it serves the plain store, on ${count(result.data.pgMem.accounts)} accounts.
`
}

function describeConditions(result: BenchResult): string[] {
  const { machine, postgres, settings, data } = result
  return [
    `- ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.system}; load, API and database share them`,
    `- Node ${result.node}, PostgreSQL ${postgres.version} (fsync ${postgres.fsync}, synchronous_commit ${postgres.synchronous_commit}, full_page_writes ${postgres.full_page_writes}, wal_sync_method ${postgres.wal_sync_method}, shared_buffers ${postgres.shared_buffers})`,
    `- autocannon ${result.autocannon}, ${settings.connections} connections, no pipelining; rounds: ${settings.iterations}, interleaved, of ${settings.seconds} s, each measurement after ${settings.warmUpSeconds} s of warm-up`,
    `- ${count(data.full.users)} users, ${count(data.full.accounts)} accounts, ${count(data.full.transactions)} transactions to begin with; each POST carries a fresh Idempotency-Key unless it says otherwise`,
    `- \`${result.commandLine}\` on ${result.date.slice(0, 16).replace('T', ' ')} UTC`,
  ]
}

/** The same for a terminal. */
export function ratioTable(ratios: readonly Ratio[]): string[] {
  return ratios.map((ratio) => {
    const [name, value, range, goal] = ratioCells(ratio)
    return `  ${name!.padEnd(60)} ${value!.padStart(6)}  (${range})${goal && `  goal ${goal}`}`
  })
}

function ratioCells({ name, value, min, max, goal }: Ratio): string[] {
  return [name, fixed(value), `${fixed(min)} to ${fixed(max)}`, goal ? `≥ ${goal}` : '']
}

function caseCells({ title, store, requestsPerSecond, p50Ms, p99Ms, notPossible }: BenchCase) {
  const head = [`\`${title.split(',')[0]}\`${title.slice(title.split(',')[0]!.length)}`]
  if (!requestsPerSecond) return [...head, storeTitles[store], `not possible: ${notPossible}`]
  const { median, min, max } = requestsPerSecond
  return [...head, storeTitles[store], ...[median, min, max].map(count), ms(p50Ms), ms(p99Ms)]
}

function table(head: string[], rows: string[][]): string {
  const lines = [head, head.map((_, i) => (i < 2 ? '---' : '--:')), ...rows]
  return lines
    .map((cells) => head.map((_, i) => (cells[i] ?? '').replaceAll('|', '\\|')))
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en')
}

function fixed(value: number): string {
  return value.toFixed(2)
}

function ms(value: number | undefined): string {
  return `${value} ms`
}
