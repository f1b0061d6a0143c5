import { loadConfig } from '../../config/config'
import { version } from '../../internal/build/build'
import { readArguments } from '../../internal/cli/arguments'
import { runProgram, type Running } from '../../internal/cli/program'
import { newLog } from '../../internal/log/log'
import { findHints } from './hints'

const usage = `
Usage: tillbook-api [--hints] CONFIG

Serves over HTTP, and over gRPC on a port of its own, until it is told to stop: SIGTERM or Ctrl-C finishes what was taken in,
a second one leaves at once.

  CONFIG     a file as config/api/local.json
  --hints    prints what else is served, and requests to try
  --help, --version

DATABASE_URL, PORT, RPC_PORT and AMQP_URL override CONFIG. The database needs its schema: see tillbook-migrate.
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
  if (config.rpc) {
    process.stdout.write(`Tillbook serves gRPC on ${authority(config.rpc.host)}:${api.rpcPort}\n`)
  }
  if (values.hints) {
    const about = { simulatorUrl: api.simulatorUrl, isEmbedded: !!config.database.embedded }
    void findHints(url, { currency: config.shop.currency, ...about }).then((hints) =>
      process.stdout.write(`\n${hints.join('\n')}\n\n`),
    )
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
