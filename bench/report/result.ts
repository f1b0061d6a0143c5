import type { ReadServerRow } from '../data/data.sql.ts'
import type { Contender } from '../route'

/** Everything that a run found out, as it stands in latest.json. */
export interface BenchResult {
  date: string
  commandLine: string
  machine: { cpu: string; cores: number; memoryGb: number; system: string }
  node: string
  autocannon: string
  postgres: ReadServerRow
  settings: {
    iterations: number
    seconds: number
    warmUpSeconds: number
    connections: number
    bigEntries: number
  }
  data: Record<'full' | 'pgMem', { users: number; accounts: number; transactions: number }>
  /** What a reader wants to know first: those with a goal, then the others. */
  figures: Figure[]
  cases: BenchCase[]
  latencies: LatencyCase[]
  stream: StreamCase | null
  verification: VerificationCase | null
}

/** One route with one contender. */
export interface BenchCase {
  route: string
  title: string
  contender: Contender
  unit: 'req/s' | 'transactions/s'
  /** One for each round; empty when it is not possible. */
  rounds: Measurement[]
  notPossible?: string
  perSecond?: Spread
  p50Ms?: number
  p99Ms?: number
  cpuMicros?: CpuMicros
  rssMb?: Spread
}

/** A round of a case: its slices together. */
export interface Measurement {
  /** In the unit of the case. */
  perSecond: number
  /** Of requests, whatever the unit. */
  p50Ms: number
  p99Ms: number
  cpuMicros: CpuMicros
  /** Resident memory of the API under this load, the largest of the slices. */
  rssMb?: number
}

/** Microseconds of processor for one of the unit; without those that cannot be read where it ran. */
export interface CpuMicros {
  api?: number
  database?: number
  generator: number
}

/** A route on an account with many entries beside one with few. */
export interface LatencyCase {
  route: string
  title: string
  entries: { large: number; small: number }
  rounds: LatencyRound[]
  notPossible?: string
}

export type LatencyRound = Record<'large' | 'small', Latency>

export interface Latency {
  samples: number
  p50Ms: number
  p99Ms: number
}

/** A long statement, read to its end. */
export interface StreamCase {
  lines: number
  rounds: { idleMb: number; peakMb: number; megabytes: number; seconds: number }[]
  notPossible?: string
}

export interface VerificationCase {
  rounds: { transactions: number; seconds: number }[]
  notPossible?: string
}

export interface Spread {
  median: number
  min: number
  max: number
}

/** One number: of the medians; min and max are those of the single rounds. */
export interface Figure {
  name: string
  /** `ratio` has none. */
  unit: 'ratio' | 'ms' | 'MB' | 'transactions/s'
  value?: number
  min?: number
  max?: number
  goal?: Goal
  notPossible?: string
}

export interface Goal {
  sign: '≥' | '≤'
  value: number
}
