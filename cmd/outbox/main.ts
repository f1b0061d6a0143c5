import { loadConfig } from '../../config/config'
import { migrationNames, version } from '../../internal/build/build'
import { runProgram } from '../../internal/cli/program'
import { newLog } from '../../internal/log/log'
import { readOutboxArguments } from './arguments'

const usage = `
Usage: tillbook-outbox CONFIG list|replay|discard [--state STATE] [--id ID]... [--from TIME] [--to TIME]

Shows the events that the broker refuses, and those that wait or were published; has them published
again, or throws them away.

  CONFIG         a file as config/outbox/local.json
  list           one line for each
  replay         has parked or published events published again, with the same message_id: consumers
                 that have handled one drop the repeat
  discard        deletes parked events for good, and prints each as JSON

  --state STATE  parked, which is the default, waiting, or published
  --id ID        only this event; may be given several times
  --from TIME    only those created then or later, as 2026-01-31T09:30:00Z
  --to TIME      only those created then or earlier
  --all          all of the state: replay and discard want to be told so
  --limit N      the oldest so many, 1 to 10000, by default 1000
  --json         whole events as JSON, one a line
  --help, --version

DATABASE_URL overrides the database in CONFIG, which needs its schema: see tillbook-migrate.
`

async function main(args: string[]): Promise<void> {
  const wanted = readOutboxArguments(args)
  const config = loadConfig('outbox', wanted.path, process.env)
  const { run } = await import('./run')
  await run(config, wanted, {
    log: newLog(config.log),
    migrations: migrationNames(),
    print: (line) => process.stdout.write(`${line}\n`),
    tell: (line) => process.stderr.write(`${line}\n`),
  })
}

void runProgram({ name: 'tillbook-outbox', usage, version: version(), main }, process).then(
  process.exit,
)
