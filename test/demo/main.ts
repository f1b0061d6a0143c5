import { readArguments, usageFault } from '../../internal/cli/arguments'
import { exitCode } from '../../internal/cli/program'
import { describeError } from '../../internal/fault/describe'
import { run } from './run'

const usage = `
Usage: tillbook-demo [--scale N]

Starts an API with a worker and a simulated outside world on a database of their own, orders what the six
use cases of docs/orders.md order, and prints what came of it: answer, time, final status, and the message
that a consumer got from RabbitMQ. Takes a minute, as the slowest service does. To be run in the checkout,
after \`make build\`.

  --scale N  of the services' delays, above 0 and up to 1 (1); below 0.03 nothing is slow any more
  --help

AMQP_URL names the broker (amqp://guest:guest@127.0.0.1:5672), DATABASE_URL another server than the
embedded one. Exits with 0 when all six are as promised, 1 when not, 2 when the call is wrong.
`

const localBroker = 'amqp://guest:guest@127.0.0.1:5672'

async function main(args: string[], signal: AbortSignal): Promise<number> {
  const print = (line: string) => void process.stdout.write(`${line}\n`)
  if (args.includes('--help')) {
    print(usage.trim())
    return exitCode.done
  }
  const { values } = readArguments(args, {
    options: { scale: { type: 'string' } },
    positionals: [],
  })
  const { env } = process
  const scale = readScale(values.scale ?? '1')
  const amqpUrl = env.AMQP_URL?.trim() || localBroker
  const isFine = await run({ scale, amqpUrl, env, print, signal })
  return isFine ? exitCode.done : exitCode.failed
}

function readScale(text: string): number {
  const scale = Number(text)
  if (/^\d*\.?\d+$/.test(text) && scale > 0 && scale <= 1) return scale
  throw usageFault(`--scale takes a number above 0 and up to 1, not "${text}"`)
}

const interruption = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (interruption.signal.aborted) process.exit(exitCode.interrupted)
    interruption.abort()
  })
}

main(process.argv.slice(2), interruption.signal).then(process.exit, (error: unknown) => {
  console.error(`tillbook-demo: ${describeError(error, process.env.DEBUG !== undefined)}`)
  const isUsage = error instanceof Error && error.name === 'Fault'
  process.exit(isUsage ? exitCode.usage : exitCode.failed)
})
