import { readdirSync, readFileSync } from 'node:fs'

/** CPU time since some moment in the past, in microseconds; without those that cannot be read here. */
export interface CpuTimes {
  api?: number
  database?: number
  /** This process, which makes the load. */
  generator: number
}

export interface UsageOptions {
  apiPids: readonly number[]
  /** The first process of the database server, when it is on this machine. */
  postmasterPid: number | undefined
}

// What the kernel counts in, on every Linux that Node runs on: a hundredth of a second.
const tickMicros = 10_000

/** The CPU time that each part has used so far. */
export function readCpuTimes({ apiPids, postmasterPid }: UsageOptions): CpuTimes {
  const { user, system } = process.cpuUsage()
  const api = sum(apiPids.map((pid) => readStat(pid)?.ownMicros))
  const database = postmasterPid === undefined ? undefined : readServerMicros(postmasterPid)
  return {
    ...(api !== undefined && { api }),
    ...(database !== undefined && { database }),
    generator: user + system,
  }
}

export function cpuBetween(before: CpuTimes, after: CpuTimes): CpuTimes {
  const minus = (name: 'api' | 'database') =>
    before[name] === undefined || after[name] === undefined
      ? {}
      : { [name]: after[name] - before[name] }
  const generator = after.generator - before.generator
  return { ...minus('api'), ...minus('database'), generator }
}

/** Resident memory of these processes together, in MB of 2^20 bytes; undefined where /proc does not tell. */
export function readRssMb(pids: readonly number[]): number | undefined {
  return sum(
    pids.map((pid) => {
      const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readProc(`${pid}/status`) ?? '')?.[1]
      return kilobytes === undefined ? undefined : Number(kilobytes) / 1024
    }),
  )
}

/** The parent of a session's process; undefined when that runs elsewhere. */
export function findPostmaster(backendPid: number): number | undefined {
  const backend = readStat(backendPid)
  const postmaster = backend && readStat(backend.parent)
  return backend?.name === postmaster?.name ? backend?.parent : undefined
}

interface Stat {
  name: string
  parent: number
  ownMicros: number
  /** Of children that have ended. */
  pastChildrenMicros: number
}

/** The whole server: sessions that end meanwhile are counted by their parent. */
function readServerMicros(postmasterPid: number): number | undefined {
  const postmaster = readStat(postmasterPid)
  if (!postmaster) return undefined
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const running = pids.map((pid) => readStat(Number(pid)))
  const own = running.filter((stat) => stat?.parent === postmasterPid)
  return postmaster.ownMicros + postmaster.pastChildrenMicros + sum(own.map((s) => s?.ownMicros))!
}

/** `pid (name) state parent …`; the name may hold anything. */
function readStat(pid: number): Stat | undefined {
  const text = readProc(`${pid}/stat`)
  if (text === undefined) return undefined
  const end = text.lastIndexOf(')')
  const fields = text.slice(end + 2).split(' ')
  const ticks = (index: number) => Number(fields[index]) * tickMicros
  return {
    name: text.slice(text.indexOf('(') + 1, end),
    parent: Number(fields[1]),
    ownMicros: ticks(11) + ticks(12),
    pastChildrenMicros: ticks(13) + ticks(14),
  }
}

/** Undefined when the process is gone, and on systems without /proc. */
function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, 'utf8')
  } catch {
    return undefined
  }
}

function sum(values: readonly (number | undefined)[]): number | undefined {
  return values.includes(undefined) ? undefined : values.reduce<number>((a, b) => a + b!, 0)
}
