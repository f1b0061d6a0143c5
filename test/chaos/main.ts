import { setMaxListeners } from 'node:events'
import { readArguments, usageFault } from '../../internal/cli/arguments'
import { describeError } from '../../internal/fault/describe'
import { exitCode } from '../../internal/cli/program'
import { newSeed } from '../harness/random'
import { buildMutant, mutants } from './mutant'
import { run } from './run'

const usage = `
Usage: tillbook-chaos [options]

Clients with Idempotency-Keys against three API processes and two workers on one PostgreSQL of its own,
while processes are killed and frozen, connections cut in the middle of COMMIT, locks and connections
taken, clocks shifted, and the services and the RabbitMQ outside fail or go away. Consumers of the events
read along. Afterwards every promise of the ledger and of the shop is checked. To be run in the
checkout, after \`make build\`.

  --seed N      the same faults and requests as the run of that seed (another one each time)
  --seconds N   under fire (25)
  --clients N   side by side (96)
  --mutant NAME a defect that is built in, to see it found: ${Object.keys(mutants).join(', ')}
  --help

Exits with 0 when every promise held, 1 when one was broken, 2 when the call is wrong.
`

function readOptions(args: string[]) {
  const { values } = readArguments(args, {
    options: {
      seed: { type: 'string' },
      seconds: { type: 'string' },
      clients: { type: 'string' },
      mutant: { type: 'string' },
    },
    positionals: [],
  })
  const { mutant } = values
  if (mutant !== undefined && !(mutant in mutants)) throw usageFault(`there is no mutant ${mutant}`)
  return {
    seed: readNumber('--seed', values.seed, newSeed()),
    seconds: readNumber('--seconds', values.seconds, 25),
    clients: readNumber('--clients', values.clients, 96),
    mutant,
  }
}

function readNumber(name: string, text: string | undefined, standard: number): number {
  if (text === undefined) return standard
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text)
  throw usageFault(`${name} takes a whole number from 1 to 9999999, not "${text}"`)
}

async function main(args: string[], signal: AbortSignal): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(`${usage.trim()}\n`)
    return exitCode.done
  }
  const { mutant, ...options } = readOptions(args)
  const programs = {
    ...{ api: 'bin/tillbook-api', worker: 'bin/tillbook-worker' },
    ...(mutant !== undefined && (await buildMutant(mutant))),
  }
  const print = (line: string) => void process.stdout.write(`${line}\n`)
  return (await run({ ...options, programs, print, signal })) ? exitCode.done : exitCode.failed
}

// A second signal leaves at once; the first one takes down what was started.
const interruption = new AbortController()
setMaxListeners(0, interruption.signal)
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (interruption.signal.aborted) process.exit(exitCode.interrupted)
    interruption.abort()
  })
}

main(process.argv.slice(2), interruption.signal).then(process.exit, (error: unknown) => {
  console.error(`tillbook-chaos: ${describeError(error, process.env.DEBUG !== undefined)}`)
  const isUsage = error instanceof Error && error.name === 'Fault'
  process.exit(isUsage ? exitCode.usage : exitCode.failed)
})
