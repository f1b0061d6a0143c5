import { loadConfig } from '../../config/config'
import { migrationNames, version } from '../../internal/build/build'
import { runProgram } from '../../internal/cli/program'
import { newLog } from '../../internal/log/log'
import { readVerifyArguments } from './arguments'

const usage = `
Usage: tillbook-verify [--full | --incremental] [--expect NUMBER:DIGEST] CONFIG

Rechecks the book, names everything that is wrong with it, and exits with 1 when anything is.

  CONFIG         a file as config/verify/local.json
  --full         everything, from the first transaction on, in one snapshot; the default
  --incremental  seals what is not sealed, goes on from where the last verification came to, and
                 checks all balances
  --expect NUMBER:DIGEST
                 what this program told at an earlier time and was kept elsewhere: that seal must
                 still be there, and have this digest. Nothing else shows a chain that was cut off
                 at its end or made anew as a whole
  --help, --version

DATABASE_URL overrides the database in CONFIG, which needs its schema: see tillbook-migrate.
`

async function main(args: string[]): Promise<void> {
  const wanted = readVerifyArguments(args)
  const config = loadConfig('verify', wanted.path, process.env)
  const { run } = await import('./run')
  await run(config, wanted, {
    log: newLog(config.log),
    migrations: migrationNames(),
    print: (line) => process.stdout.write(`${line}\n`),
    stream: process.stderr,
  })
}

void runProgram({ name: 'tillbook-verify', usage, version: version(), main }, process).then(
  process.exit,
)
