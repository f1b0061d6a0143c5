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

/** Where a program writes. Writing fails afterwards, by an event. */
interface Output {
  write(text: string): unknown
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown
}

/** The parts of `process` that a program needs. */
export interface Host {
  argv: string[]
  env: { DEBUG?: string }
  stdout: Output
  stderr: Output
  on(signal: 'SIGTERM' | 'SIGINT', listener: (signal: NodeJS.Signals) => void): unknown
}

/** The exit code of every program; 128 and the signal's number when it was stopped halfway. */
export const exitCode = { done: 0, failed: 1, usage: 2, interrupted: 130, unread: 141 } as const

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
  const unwritten = whenUnwritten(host)
  try {
    return await serve(program, args, { ...listen(host), unwritten })
  } catch (error) {
    return report(program, error, host)
  }
}

/** Why what is printed goes nowhere. What serves goes on without its output, and without a reader of its log. */
function whenUnwritten({ stdout, stderr }: Host): Promise<NodeJS.ErrnoException> {
  stderr.on('error', () => {})
  return new Promise((resolve) => stdout.on('error', resolve))
}

interface Signals {
  first: Promise<NodeJS.Signals>
  second: Promise<NodeJS.Signals>
}

interface Ends extends Signals {
  unwritten: Promise<NodeJS.ErrnoException>
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

async function serve(program: Program, args: string[], ends: Ends): Promise<number> {
  const running = await Promise.race([program.main(args), ends.first, ends.unwritten])
  // Not serving yet, or work that ends by itself: nothing was promised to anyone, so leave at once.
  if (typeof running === 'string') return 128 + constants.signals[running]
  if (!running) return exitCode.done
  if (running instanceof Error) return endUnwritten(running)
  await ends.first
  return close(running, ends.second)
}

/** Whoever reads may have seen enough, as `head` has: that is nothing to tell anybody. */
function endUnwritten(cause: NodeJS.ErrnoException): number {
  if (cause.code === 'EPIPE') return exitCode.unread
  throw new Error('what it prints cannot be written', { cause })
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
