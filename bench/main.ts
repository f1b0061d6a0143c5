import { readFile, writeFile } from 'node:fs/promises'
import { loadConfig } from '../config/config'
import { version } from '../internal/build/build'
import { readArguments } from '../internal/cli/arguments'
import { runProgram } from '../internal/cli/program'
import { newLog } from '../internal/log/log'
import { readOptions } from './arguments'
import type { CpuProfile } from './report/flame'
import type { Asked, Served, StoreName } from './server/server'

const usage = `
Usage: tillbook-bench [options]
       tillbook-bench flame [--title TEXT] PROFILE.cpuprofile PICTURE.svg

Measures every route with the real store, the mocked one and pg-mem; the posting of transactions also
with a plain store that takes one database transaction for each request, and with four processes of the
API; bulks beside bare SQL; answers about an account with very many entries beside one with few; memory;
and the verification of all that was posted. Works on a database of its own, beside the one that is
configured, and drops it in the end; a large book is kept in tillbook_bench_big. To be run in the checkout.

  --iterations N   rounds, in each of which everything is measured once (5)
  --seconds N      of each measurement, in slices of a second that take turns (3)
  --warm-up N      seconds under the same load before each measurement (1)
  --connections N  requests under way at once (64)
  --big N          entries of the account that has many (10000000; 100000 when the figures above are
                   not the usual ones)
  --only ID        measures only what has an id that begins so, as in "post", "get-user" or "big"
  --profile        leaves a CPU profile of each server in bin/bench/, for the browser's developer tools;
                   "flame" draws one, as long as the program was not built anew
  --save           writes bench/results/latest.* although the figures above are not the usual ones;
                   without it the results of such a run stand in bin/bench/
  --help, --version

DATABASE_URL names another server than the embedded one. A request that fails fails the run.
`

async function main(args: string[]): Promise<void> {
  if (args[0] === 'flame') return drawFlame(args.slice(1))
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

async function drawFlame(args: string[]): Promise<void> {
  const { values, positionals } = readArguments(args, {
    options: { title: { type: 'string' } },
    positionals: ['profile', 'picture'],
  })
  const profile = JSON.parse(await readFile(positionals[0], 'utf8')) as CpuProfile
  const { flame } = await import('./report/flame')
  const title = values.title ?? 'Where the API spends its time'
  await writeFile(positionals[1], await flame(profile, { bundle: __filename, title }))
}

/** The process of one store, as its parent starts it: `serve STORE DATABASE_URL`. */
async function serveStore(store: StoreName, databaseUrl: string): Promise<void> {
  const env = { ...process.env, DATABASE_URL: databaseUrl, PORT: '0' }
  const config = loadConfig('api', 'config/api/local.json', env)
  const { serve } = await import('./server/serve')
  // Several are there at once, and nobody calls them over gRPC. The worker is apart, as it is on servers: what one
  // route leaves behind, for half a minute each, would be done in the turns of the others.
  const worker = { ...config.worker, in_process: false }
  const running = await serve(store, { ...config, rpc: undefined, worker }, (message: Served) =>
    process.send?.(message),
  )
  process.on('message', (message: Asked) => {
    if (message.type !== 'refill-carts') return
    void running.refillCarts?.().then(() => process.send?.({ type: 'refilled' } satisfies Served))
  })
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
