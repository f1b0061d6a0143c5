import { loadConfig } from '../../config/config'
import { version } from '../../internal/build/build'
import { readArguments } from '../../internal/cli/arguments'
import { runProgram, type Running } from '../../internal/cli/program'
import { newLog } from '../../internal/log/log'

const usage = `
Usage: tillbook-simulator CONFIG

Plays the services that Tillbook calls, slow and failing as they are: GET /users/{id},
GET /products/{code}, POST /reserve. For development and tests only.

  CONFIG     a file as config/simulator/local.json
  --help, --version

PUT /admin/faults makes them fail further, GET /admin/state tells what they did.
`

async function main(args: string[]): Promise<Running> {
  const { positionals } = readArguments(args, {
    options: {},
    positionals: ['configuration file'],
  })
  const config = loadConfig('simulator', positionals[0], process.env)
  const log = newLog(config.log)
  const { run } = await import('./run')
  const simulator = await run(config, { log })
  process.stdout.write(`The simulator serves on ${simulator.url}\n`)
  return simulator
}

void runProgram({ name: 'tillbook-simulator', usage, version: version(), main }, process).then(
  process.exit,
)
