import type { Contender } from '../route'
import type { CpuMicros, Figure, Goal } from './result'

/** What a contender is called in the chart, and in the tables with what it stands for. */
export const contenderNames: Record<Contender, { short: string; long: string }> = {
  real: { short: 'real', long: 'real (PostgreSQL)' },
  four: { short: 'four', long: 'real, four processes' },
  memory: { short: 'mocked', long: 'mocked (memory)' },
  plain: { short: 'plain', long: 'plain (one transaction a request)' },
  script: { short: 'bare SQL', long: 'bare SQL from a script' },
  'pg-mem': { short: 'pg-mem', long: 'pg-mem' },
}

export function count(value: number): string {
  return Math.round(value).toLocaleString('en')
}

type Unit = Figure['unit']

/** `0.85`, `7.3 ms`, `180 MB`, `24,000/s`. */
export function quantity(value: number, unit: Unit): string {
  switch (unit) {
    case 'ratio':
      return value.toFixed(2)
    case 'ms':
      return `${value.toFixed(1)} ms`
    case 'MB':
      return `${value.toFixed(0)} MB`
    case 'transactions/s':
      return `${count(value)}/s`
  }
}

/** As it is written down: `≥ 0.85`, `≤ 10 ms`. */
export function goalText({ sign, value }: Goal, unit: Unit): string {
  const number = unit === 'ratio' || unit === 'ms' ? String(value) : quantity(value, unit)
  return `${sign} ${number}${unit === 'ms' ? ' ms' : ''}`
}

/** API / PostgreSQL / generator, in microseconds. */
export function describeCpu({ api, database, generator }: CpuMicros): string {
  const micros = (value: number | undefined) => (value === undefined ? '–' : value.toFixed(0))
  return [api, database, generator].map(micros).join(' / ')
}
