import { loadConfig } from '../../config/config'
import { migrationNames, version } from '../../internal/build/build'
import { runProgram } from '../../internal/cli/program'
import { newLog } from '../../internal/log/log'
import { readCredentialArguments } from './arguments'
import { readPassword } from './password'

const usage = `
Usage: tillbook-credential --user ID [--role ROLE] [--first-name NAME --last-name NAME] CONFIG

Sets the password of a user, read from the first line of the standard input. This is how the first
operator of a new database comes to be; from then on PUT /users/:id/credential does the same.

  CONFIG             a file as config/credential/local.json
  --user ID          who signs in
  --role ROLE        customer, merchant or operator; as it is when left out, customer at first
  --first-name NAME, --last-name NAME
                     create the user when nobody has the id
  --help, --version

DATABASE_URL overrides the database in CONFIG, which needs its schema: see tillbook-migrate.
`

async function main(args: string[]): Promise<void> {
  const wanted = readCredentialArguments(args)
  const config = loadConfig('credential', wanted.path, process.env)
  const password = await readPassword(process)
  const { run } = await import('./run')
  await run(config, wanted, {
    log: newLog(config.log),
    migrations: migrationNames(),
    password,
    print: (line) => process.stdout.write(`${line}\n`),
  })
}

void runProgram({ name: 'tillbook-credential', usage, version: version(), main }, process).then(
  process.exit,
)
