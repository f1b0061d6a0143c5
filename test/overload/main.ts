import { readArguments, usageFault } from '../../internal/cli/arguments'
import { describeError } from '../../internal/fault/describe'
import { exitCode } from '../../internal/cli/program'
import { run } from './run'

const usage = `
Usage: tillbook-overload [options]

Measures the best throughput of one API process, then offers it several times as much, and looks whether
it keeps serving, refuses the rest at once, stays small and recovers. To be run in the checkout, after
\`make build\`.

  --seconds N      at best; twice as long under overload (5)
  --rounds N       of best, overload and recovery; the median counts (3)
  --factor N       how many times the best (3)
  --connections N  under overload (1500)
  --help

Exits with 0 when it held, 1 when it did not, 2 when the call is wrong.
`

async function main(args: string[], signal: AbortSignal): Promise<number> {
  const print = (line: string) => void process.stdout.write(`${line}\n`)
  if (args.includes('--help')) {
    print(usage.trim())
    return exitCode.done
  }
  const { values } = readArguments(args, {
    options: {
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      factor: { type: 'string' },
      connections: { type: 'string' },
    },
    positionals: [],
  })
  const options = {
    seconds: readNumber('--seconds', values.seconds, 5),
    rounds: readNumber('--rounds', values.rounds, 3),
    factor: readNumber('--factor', values.factor, 3),
    connections: readNumber('--connections', values.connections, 1500),
    program: 'bin/tillbook-api',
  }
  return (await run({ ...options, print, signal })) ? exitCode.done : exitCode.failed
}

function readNumber(name: string, text: string | undefined, standard: number): number {
  if (text === undefined) return standard
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text)
  throw usageFault(`${name} takes a whole number from 1 to 9999, not "${text}"`)
}

const interruption = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (interruption.signal.aborted) process.exit(exitCode.interrupted)
    interruption.abort()
  })
}

main(process.argv.slice(2), interruption.signal).then(process.exit, (error: unknown) => {
  console.error(`tillbook-overload: ${describeError(error, process.env.DEBUG !== undefined)}`)
  const isUsage = error instanceof Error && error.name === 'Fault'
  process.exit(isUsage ? exitCode.usage : exitCode.failed)
})
