import { loadConfig } from '../../config/config'
import { version } from '../../internal/build/build'
import { readArguments } from '../../internal/cli/arguments'
import { runProgram, type Running } from '../../internal/cli/program'
import { newLog } from '../../internal/log/log'
import { findHints } from './hints'

const usage = `
Usage: tillbook-api [--hints] CONFIG

Serves the ledger over HTTP until it is told to stop: SIGTERM or Ctrl-C finishes what was taken in,
a second one leaves at once.

  CONFIG     a file as config/api/local.json
  --hints    prints three requests to try
  --help, --version

DATABASE_URL and PORT override CONFIG. The database needs its schema: see tillbook-migrate.
`

async function main(args: string[]): Promise<Running> {
  const { values, positionals } = readArguments(args, {
    options: { hints: { type: 'boolean' } },
    positionals: ['configuration file'],
  })
  const config = loadConfig('api', positionals[0], process.env)
  const log = newLog(config.log)
  const { run } = await import('./run')
  const api = await run(config, { log, version: version() })
  const url = `http://${authority(config.http.host)}:${api.port}`
  process.stdout.write(`Tillbook serves on ${url}\n`)
  if (values.hints) {
    void findHints(url).then((hints) => process.stdout.write(`\nTry:\n${hints.join('\n')}\n\n`))
  }
  return api
}

/** A host as it stands in a URL that can be called from here. */
function authority(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

void runProgram({ name: 'tillbook-api', usage, version: version(), main }, process).then(
  process.exit,
)
