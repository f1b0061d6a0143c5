import { loadConfig } from '../../config/config'
import { version } from '../../internal/build/build'
import { readArguments } from '../../internal/cli/arguments'
import { runProgram, type Running } from '../../internal/cli/program'
import { newLog } from '../../internal/log/log'

const usage = `
Usage: tillbook-worker CONFIG

Does the background work until it is told to stop: reserves what is in carts and gives back what is not,
completes pending orders, and publishes events. Any number of workers share it. SIGTERM or Ctrl-C finishes
or hands back what is under way, a second one leaves at once.

  CONFIG     a file as config/worker/local.json
  --help, --version

DATABASE_URL, PORT and AMQP_URL override CONFIG. The port tells its health and its metrics. The database needs its
schema: see tillbook-migrate.
`

async function main(args: string[]): Promise<Running> {
  const { positionals } = readArguments(args, { options: {}, positionals: ['configuration file'] })
  const config = loadConfig('worker', positionals[0], process.env)
  const log = newLog(config.log)
  const { run } = await import('./run')
  const worker = await run(config, { log, version: version() })
  process.stdout.write(`The worker tells how it is on http://${config.http.host}:${worker.port}\n`)
  return worker
}

void runProgram({ name: 'tillbook-worker', usage, version: version(), main }, process).then(
  process.exit,
)
