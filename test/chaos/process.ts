import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pollUntil } from '../harness/poll'

/** An API process. */
export interface ApiProcess extends Process {
  /** Makes its time of day jump, until it is started again. */
  shiftClock(ms: number): void
}

/** An API or a worker. */
export interface Process {
  /** Where it serves; undefined while it does not. */
  url(): string | undefined
  pid(): number
  /** Sends a signal; SIGKILL waits for its end. */
  kill(signal: NodeJS.Signals): Promise<void>
  start(): Promise<void>
  /** How often it ended although nobody ended it. */
  crashes(): number
  /** SIGTERM, and its exit code: null when it had to be killed. */
  close(): Promise<number | null>
}

export interface ProcessOptions {
  databaseUrl: string
  /** For its log and its clock. */
  folder: string
  name: string
  /** The file to run, bin/tillbook-api say. */
  program: string
  config: string
  /** Whether its clock can be shifted. */
  hasClock: boolean
}

const startMsMax = 20_000
const closeMsMax = 11_000

export function newApiProcess(options: ProcessOptions): ApiProcess {
  const { folder, name } = options
  const clock = join(folder, `${name}.clock`)
  const log = createWriteStream(join(folder, `${name}.log`), { flags: 'a' })
  const state = { child: undefined as ChildProcess | undefined, url: '', isUp: false, crashes: 0 }
  let isExpectedToEnd = false
  writeFileSync(clock, '0')

  async function start(): Promise<void> {
    isExpectedToEnd = false
    writeFileSync(clock, '0')
    const {
      DATABASE_URL: _,
      PORT: _port,
      RPC_PORT: _rpc,
      AMQP_URL: _amqp,
      ...inherited
    } = process.env
    const env = { ...inherited, DATABASE_URL: options.databaseUrl, PORT: '0' }
    const preload = { NODE_OPTIONS: `--require "${resolve('test/chaos/clock.cjs')}"` }
    const child = spawn(resolve(options.program), [options.config], {
      env: options.hasClock ? { ...env, ...preload, CHAOS_CLOCK: clock } : env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    state.child = child
    child.stderr?.pipe(log, { end: false })
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const [, url] = / on (http:\S+)/.exec(text) ?? []
      if (url) Object.assign(state, { url, isUp: true })
    })
    child.once('exit', () => {
      if (state.child === child) state.isUp = false
      if (!isExpectedToEnd) state.crashes += 1
    })
    const what = `process (see ${folder}/${name}.log)`
    const isStarted = () => {
      // Killed again while it started, by the closing of everything.
      if (hasEnded(child) && !isExpectedToEnd) throw new Error(`no ${what}: it ended`)
      return state.isUp || hasEnded(child)
    }
    await pollUntil(isStarted, { what, timeoutMs: startMsMax })
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    isExpectedToEnd = true
    state.isUp = false
    const { child } = state
    if (!child || hasEnded(child)) return
    const exit = once(child, 'exit')
    child.kill(signal)
    await exit
  }

  return {
    url: () => (state.isUp ? state.url : undefined),
    pid: () => state.child?.pid ?? 0,
    start,
    async kill(signal) {
      if (signal === 'SIGKILL') return end(signal)
      state.child?.kill(signal)
    },
    shiftClock(ms) {
      writeFileSync(clock, String(ms))
      if (state.isUp) state.child?.kill('SIGUSR2')
    },
    crashes: () => state.crashes,
    async close() {
      const timer = setTimeout(() => state.child?.kill('SIGKILL'), closeMsMax)
      state.child?.kill('SIGCONT')
      await end('SIGTERM').finally(() => clearTimeout(timer))
      log.end()
      return state.child?.exitCode ?? null
    },
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}
