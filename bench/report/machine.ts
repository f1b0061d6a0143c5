import { cpus, release, totalmem, type } from 'node:os'
import { version as autocannonVersion } from 'autocannon/package.json'
import type { BenchOptions } from '../arguments'
import { fullSize, history, smallSize, type DataSize } from '../data/data'
import type { BenchResult } from './result'

/** Where and how it was measured. */
export function describeRun(
  { iterations, seconds, warmUpSeconds, connections, bigEntries }: BenchOptions,
  commandLine: string,
): Pick<
  BenchResult,
  'date' | 'commandLine' | 'machine' | 'node' | 'autocannon' | 'settings' | 'data'
> {
  const cores = cpus()
  return {
    date: new Date().toISOString(),
    commandLine,
    machine: {
      cpu: cores[0]?.model.trim() ?? 'unknown',
      cores: cores.length,
      memoryGb: Math.round(totalmem() / 2 ** 30),
      system: `${type()} ${release()}`,
    },
    node: process.version,
    autocannon: autocannonVersion,
    settings: { iterations, seconds, warmUpSeconds, connections, bigEntries },
    data: { full: countsOf(fullSize), pgMem: countsOf(smallSize) },
  }
}

function countsOf({ users, accounts }: DataSize) {
  return { users, accounts, transactions: accounts * history.length }
}
