import { loadConfig } from '../../config/config'
import { migrationNames, version } from '../../internal/build/build'
import { runProgram } from '../../internal/cli/program'
import { newLog } from '../../internal/log/log'
import { readPopulateArguments } from './arguments'

const usage = `
Usage: tillbook-populate [--users N] [--transactions N] [--seed N] [--if-empty] CONFIG

Fills an empty book with users, accounts and two years of transactions. The same numbers give the
same rows each time; a book that has them already stays as it is, one with others is refused.

  CONFIG            a file as config/populate/local.json
  --users N         1 to 1000000, by default 100
  --transactions N  0 to 50000000, by default 10000
  --seed N          0 to 2147483647, by default 1: another one gives other rows
  --if-empty        does nothing when the book has any user
  --help, --version

DATABASE_URL overrides the database in CONFIG, which needs its schema: see tillbook-migrate.
`

async function main(args: string[]): Promise<void> {
  const wanted = readPopulateArguments(args)
  const config = loadConfig('populate', wanted.path, process.env)
  const { run } = await import('./run')
  await run(config, wanted, {
    log: newLog(config.log),
    migrations: migrationNames(),
    print: (line) => process.stdout.write(`${line}\n`),
    stream: process.stderr,
  })
}

void runProgram({ name: 'tillbook-populate', usage, version: version(), main }, process).then(
  process.exit,
)
