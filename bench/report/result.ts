import type { ReadServerRow } from '../data/data.sql.ts'
import type { Measurement } from '../load'
import type { StoreName } from '../server/server'

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
  }
  data: Record<'full' | 'pgMem', { users: number; accounts: number; transactions: number }>
  cases: BenchCase[]
  ratios: Ratio[]
}

/** One route with one store. */
export interface BenchCase {
  route: string
  title: string
  store: StoreName
  /** One for each round; empty when it is not possible. */
  rounds: Measurement[]
  notPossible?: string
  requestsPerSecond?: Spread
  p50Ms?: number
  p99Ms?: number
}

export interface Spread {
  median: number
  min: number
  max: number
}

/** Of the medians; min and max are those of the single rounds. */
export interface Ratio {
  name: string
  value: number
  min: number
  max: number
  goal?: number
}
