import { parseArgs } from 'node:util'
import { run } from './run'

const usage = `usage: generate [--check] <database-url>

Writes what is made from the .sql and .proto files, the migrated schema and the routes. Works on a database of
its own, which it creates on that server and drops. --check writes nothing, lists the files that
differ and exits 1 when there are any.`

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { check: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const [databaseUrl, ...others] = positionals
  if (!databaseUrl || others.length > 0) throw new Error(usage)
  const differing = await run({
    databaseUrl,
    root: process.cwd(),
    check: values.check,
    path: process.env.PATH,
  })
  for (const path of differing) console.log(values.check ? `differs: ${path}` : `wrote ${path}`)
  return values.check && differing.length > 0 ? 1 : 0
}

main().then(
  (code) => (process.exitCode = code),
  (error: Error) => {
    console.error(error.message)
    process.exitCode = 2
  },
)
