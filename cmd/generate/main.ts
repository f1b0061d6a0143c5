import { version } from '../../internal/build/build'
import { readArguments } from '../../internal/cli/arguments'
import { runProgram } from '../../internal/cli/program'
import { run } from './run'

const usage = `
Usage: tillbook-generate [--check] DATABASE_URL

Writes what is made from the .sql and .proto files, the migrated schema and the routes. Works on a database of
its own, which it creates on that server and drops.

  --check  writes nothing, lists the files that differ, and exits with 1 when there are any
  --help, --version

To be run in the checkout; \`make generate\` and \`make verify\` do.
`

async function main(args: string[]): Promise<void> {
  const { values, positionals } = readArguments(args, {
    options: { check: { type: 'boolean', default: false } },
    positionals: ['URL of a database'],
  })
  const differing = await run({
    databaseUrl: positionals[0],
    root: process.cwd(),
    check: values.check,
    path: process.env.PATH,
  })
  for (const path of differing) {
    process.stdout.write(`${values.check ? 'differs:' : 'wrote'} ${path}\n`)
  }
  if (!values.check || differing.length === 0) return
  throw new Error(
    `files that are not what is generated: ${differing.length}; run \`make generate\``,
  )
}

void runProgram({ name: 'tillbook-generate', usage, version: version(), main }, process).then(
  process.exit,
)
