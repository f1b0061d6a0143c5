import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { newClosers } from '../../internal/cli/closers'
import { send } from '../chaos/http'
import { newApiProcess } from '../chaos/process'
import { startOwnServer } from '../chaos/server'
import { newLoad, type Load, type Measured } from './load'
import { describeRound, report, summarise, type Phase, type Round } from './report'

export interface OverloadOptions {
  /** Of each phase. */
  seconds: number
  rounds: number
  /** How much more is offered than was served at best. */
  factor: number
  connections: number
  program: string
  print(line: string): void
  signal: AbortSignal
}

const accounts = Array.from({ length: 500 }, (_, n) => `account-${n}`)
const bestConnections = 64
const recoverySeconds = 5
const folder = 'bin/overload'

/** Best throughput, several times as much, and what comes after it; false when a promise is broken. */
export async function run(options: OverloadOptions): Promise<boolean> {
  const closers = newClosers()
  options.signal.addEventListener('abort', () => void closers.close())
  try {
    mkdirSync(folder, { recursive: true })
    const server = await startOwnServer()
    closers.add(server.close)
    const settings = { folder, name: 'api', config: 'config/api/local.json', hasClock: false }
    const api = newApiProcess({ databaseUrl: server.url, program: options.program, ...settings })
    closers.add(api.close)
    await api.start()
    const url = api.url()!
    await openAccounts(url)
    const load = await newLoad({ url, accounts, connections: options.connections })
    closers.add(load.close)
    const rounds: Round[] = []
    await load.closedLoop({ connections: bestConnections, seconds: Math.min(options.seconds, 3) })
    for (let n = 1; n <= options.rounds; n++) {
      const round = await measureRound(load, () => readMemory(api.pid()), options)
      for (const line of describeRound(round)) options.print(line)
      rounds.push(round)
    }
    const { lines, result, broken } = report(rounds, options)
    for (const line of lines) options.print(line)
    writeFileSync(`${folder}/latest.json`, `${JSON.stringify(result, null, 2)}\n`)
    return broken.length === 0
  } finally {
    await closers.close()
  }
}

async function openAccounts(url: string): Promise<void> {
  for (const [n, id] of accounts.entries()) {
    const user = `user-${n % 50}`
    if (n < 50) await create(url, '/users', { id: user, first_name: 'Ada', last_name: 'L' })
    await create(url, `/users/${user}/accounts`, { id, name: 'Till', currency: 'EUR' })
  }
}

async function create(url: string, path: string, body: Record<string, unknown>): Promise<void> {
  const { status, text } = await send(url, { path, body, key: null })
  if (status !== 201) throw new Error(`POST ${path}: ${status} ${text}`)
}

async function measureRound(
  load: Load,
  memory: () => Promise<number>,
  { seconds, factor }: OverloadOptions,
): Promise<Round> {
  const phase = async (name: string, work: () => Promise<Measured>): Promise<Phase> => {
    const watch = watchMemory(memory)
    const measured = await work()
    return summarise(name, measured, await watch.stop())
  }
  const best = await phase('best', () => load.closedLoop({ connections: bestConnections, seconds }))
  const rate = best.servedPerSecond * factor
  const overload = await phase('overload', () => load.openLoop({ rate, seconds: seconds * 2 }))
  const recovery: Phase[] = []
  for (let second = 1; second <= recoverySeconds; second++) {
    const again = { connections: bestConnections, seconds: 1 }
    recovery.push(await phase(`recovery, second ${second}`, () => load.closedLoop(again)))
  }
  return { best, overload, recovery }
}

/** In bytes; `ps` is there on all systems that this runs on. */
async function readMemory(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)])
  return Number(stdout) * 1024
}

const watchMs = 400

function watchMemory(memory: () => Promise<number>): { stop(): Promise<number> } {
  let most = 0
  const look = async () => {
    most = Math.max(most, await memory().catch(() => 0))
  }
  const timer = setInterval(() => void look(), watchMs)
  return {
    async stop() {
      clearInterval(timer)
      await look()
      return most
    },
  }
}
