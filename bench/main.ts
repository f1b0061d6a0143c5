import { loadConfig } from '../config/config'
import { version } from '../internal/build/build'
import { runProgram } from '../internal/cli/program'
import { newLog } from '../internal/log/log'
import { readOptions } from './arguments'
import type { Served, StoreName } from './server/server'

const usage = `
Usage: tillbook-bench [options]

Measures every route with the real store, the mocked one and pg-mem, and the posting of transactions
also with a plain store that takes one database transaction for each request. Works on a database of
its own, beside the one that is configured, and drops it in the end. To be run in the checkout.

  --iterations N   rounds, in each of which everything is measured once (5)
  --seconds N      of each measurement (5)
  --warm-up N      seconds under the same load before each measurement (2, or --seconds if less)
  --connections N  requests under way at once (64)
  --only ROUTE     measures only the routes whose id begins so, as in "post" or "get-user"
  --profile        leaves a CPU profile of each server in bin/bench/, for the browser's developer tools
  --save           writes bench/results/latest.* although the figures above are not the usual ones;
                   without it the results of such a run stand in bin/bench/
  --help, --version

DATABASE_URL names another server than the embedded one. A request that fails fails the run.
`

async function main(args: string[]): Promise<void> {
  const options = readOptions(args)
  const { database } = loadConfig('database', 'config/database/local.json', process.env)
  const { run } = await import('./run')
  await run(options, {
    database,
    program: __filename,
    commandLine: ['tillbook-bench', ...args].join(' '),
    log: newLog({ level: 'warn', format: 'pretty' }),
    print: (line) => process.stdout.write(`${line}\n`),
  })
}

/** The process of one store, as its parent starts it: `serve STORE DATABASE_URL`. */
async function serveStore(store: StoreName, databaseUrl: string): Promise<void> {
  const env = { ...process.env, DATABASE_URL: databaseUrl, PORT: '0' }
  const config = loadConfig('api', 'config/api/local.json', env)
  const { serve } = await import('./server/serve')
  const running = await serve(store, config, (message: Served) => process.send?.(message))
  process.once('disconnect', () => void running.close().finally(() => process.exit()))
}

const [, , command, store, databaseUrl] = process.argv
if (command === 'serve' && process.send) {
  void serveStore(store as StoreName, databaseUrl!).catch((error: unknown) => {
    console.error(error)
    process.exit(1)
  })
} else {
  void runProgram({ name: 'tillbook-bench', usage, version: version(), main }, process).then(
    process.exit,
  )
}
