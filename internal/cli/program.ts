import { constants } from 'node:os'
import { Fault } from '../fault/fault'
import { describeError } from '../fault/describe'

/** Something that runs until it is closed. */
export interface Running {
  close(): Promise<void>
}

export interface Program {
  /** As the user calls it: `tillbook-api`. */
  name: string
  /** What --help prints. */
  usage: string
  version: string
  /**
   * Does the work. What keeps running is given back, and is closed on SIGTERM or SIGINT; a program
   * that gives nothing back is done.
   */
  main(args: string[]): Promise<Running | void>
}

/** The parts of `process` that a program needs. */
export interface Host {
  argv: string[]
  env: { DEBUG?: string }
  stdout: { write(text: string): unknown }
  stderr: { write(text: string): unknown }
  on(signal: 'SIGTERM' | 'SIGINT', listener: (signal: NodeJS.Signals) => void): unknown
}

/** The exit code of every program; 128 and the signal's number when it was stopped halfway. */
export const exitCode = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const

const closeTimeoutMs = 10_000

/** Runs a program to its exit code, for cmd/<program>/main.ts to end the process with. */
export async function runProgram(program: Program, host: Host): Promise<number> {
  const args = host.argv.slice(2)
  if (args.includes('--help') || args.includes('-h')) {
    host.stdout.write(`${program.usage.trim()}\n`)
    return exitCode.done
  }
  if (args.includes('--version')) {
    host.stdout.write(`${program.name} ${program.version}\n`)
    return exitCode.done
  }
  try {
    return await serve(program, args, listen(host))
  } catch (error) {
    return report(program, error, host)
  }
}

interface Signals {
  first: Promise<NodeJS.Signals>
  second: Promise<NodeJS.Signals>
}

function listen(host: Host): Signals {
  const resolvers: ((signal: NodeJS.Signals) => void)[] = []
  const next = () => new Promise<NodeJS.Signals>((resolve) => resolvers.push(resolve))
  const signals = { first: next(), second: next() }
  const onSignal = (signal: NodeJS.Signals) => resolvers.shift()?.(signal)
  host.on('SIGTERM', onSignal)
  host.on('SIGINT', onSignal)
  return signals
}

async function serve(program: Program, args: string[], signals: Signals): Promise<number> {
  const running = await Promise.race([program.main(args), signals.first])
  // Not serving yet, or work that ends by itself: nothing was promised to anyone, so leave at once.
  if (typeof running === 'string') return 128 + constants.signals[running]
  if (!running) return exitCode.done
  await signals.first
  return close(running, signals.second)
}

async function close(running: Running, second: Promise<unknown>): Promise<number> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`did not close within ${closeTimeoutMs / 1000} seconds`)
    timer = setTimeout(() => reject(error), closeTimeoutMs)
  })
  const closed = running.close().then(() => exitCode.done)
  const interrupted = second.then(() => exitCode.interrupted)
  return Promise.race([closed, interrupted, late]).finally(() => clearTimeout(timer))
}

function report(program: Program, error: unknown, host: Host): number {
  const isUsage = error instanceof Fault && error.kind === 'invalid'
  host.stderr.write(`${program.name}: ${describeError(error, host.env.DEBUG !== undefined)}\n`)
  if (!isUsage) return exitCode.failed
  host.stderr.write(`\n\`${program.name} --help\` tells how it is used.\n`)
  return exitCode.usage
}
