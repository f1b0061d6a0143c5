import { loadConfig } from '../../config/config'
import { version } from '../../internal/build/build'
import { readArguments, usageFault } from '../../internal/cli/arguments'
import { runProgram } from '../../internal/cli/program'
import { commands, isCommand } from './run'

const usage = `
Usage: tillbook-database COMMAND CONFIG

Looks after the embedded PostgreSQL, which the other programs start when they need it and which
goes on running when they end.

  start    starts it, when it does not run
  stop     stops it
  status   tells whether it runs
  url      prints its URL, with the password, for psql and its like

  CONFIG   a file as config/database/local.json
  --help, --version

With DATABASE_URL, or a CONFIG that names a URL, there is nothing to start or stop.
`

async function main(args: string[]): Promise<void> {
  const { positionals } = readArguments(args, {
    options: {},
    positionals: ['command', 'configuration file'],
  })
  const [command, path] = positionals
  if (!isCommand(command)) throw usageFault(`"${command}" is no command`)
  const config = loadConfig('database', path, process.env)
  await commands[command](config.database, (line) => process.stdout.write(`${line}\n`))
}

void runProgram({ name: 'tillbook-database', usage, version: version(), main }, process).then(
  process.exit,
)
