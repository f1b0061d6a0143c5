import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { loadConfig } from '../../config/config'
import { version } from '../../internal/build/build'
import { readArguments, usageFault } from '../../internal/cli/arguments'
import { runProgram } from '../../internal/cli/program'

const usage = `
Usage: tillbook-migrate [--migrations FOLDER] CONFIG

Brings the schema of the database up to date; does nothing when it is.

  CONFIG               a file as config/migrate/local.json
  --migrations FOLDER  where 001-….sql and the rest are; by default the folder "migrations"
                       beside the program's own, or in the current one
  --help, --version

DATABASE_URL overrides the database in CONFIG.
`

async function main(args: string[]): Promise<void> {
  const { values, positionals } = readArguments(args, {
    options: { migrations: { type: 'string' } },
    positionals: ['configuration file'],
  })
  const config = loadConfig('migrate', positionals[0], process.env)
  const directory = findMigrations(values.migrations)
  const { run } = await import('./run')
  await run(config, { directory, print: (line) => process.stdout.write(`${line}\n`) })
}

function findMigrations(given: string | undefined): string {
  const places = given ? [given] : [join(__dirname, '../migrations'), 'migrations']
  const found = places.map((place) => resolve(place)).find((place) => existsSync(place))
  if (!found) throw usageFault(`there is no folder ${places.join(' and no folder ')}`)
  return found
}

void runProgram({ name: 'tillbook-migrate', usage, version: version(), main }, process).then(
  process.exit,
)
