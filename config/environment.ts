import type { Program } from './config'

/** The file's content with the environment's values in their places, and where each came from. */
export interface Overridden {
  input: unknown
  names: Record<string, string>
}

type Section = Record<string, unknown>

/** The programs that relay events, and record what they do. */
const relaying: readonly Program[] = ['api', 'worker']

/**
 * DATABASE_URL takes the place of `database.url` and `database.embedded`, PORT that of `http.port`,
 * RPC_PORT that of `rpc.port`, AMQP_URL that of `broker.url` and OTEL_EXPORTER_OTLP_ENDPOINT that of
 * `trace.otlp_url`. PORT=0, any free port, goes for both. REDIS_URL takes the place of
 * `rate_limit.redis_url` where rates are limited: alone it limits none.
 */
export function withEnvironment(
  program: Program,
  file: unknown,
  env: NodeJS.ProcessEnv,
): Overridden {
  const names: Record<string, string> = {}
  if (!isSection(file)) return { input: file, names }
  const input = { ...file }
  const url = env.DATABASE_URL?.trim()
  if (url && program !== 'simulator') {
    const { embedded: _, ...database } = isSection(file.database) ? file.database : {}
    input.database = { ...database, url }
    names['database.url'] = 'DATABASE_URL'
  }
  const port = env.PORT?.trim()
  if (port && (program === 'api' || program === 'worker')) {
    input.http = { ...(isSection(file.http) && file.http), port: toNumber(port) }
    names['http.port'] = 'PORT'
  }
  const rpcPort = env.RPC_PORT?.trim() || (port === '0' && file.rpc ? port : undefined)
  if (rpcPort && program === 'api') {
    input.rpc = { ...(isSection(file.rpc) && file.rpc), port: toNumber(rpcPort) }
    names['rpc.port'] = 'RPC_PORT'
  }
  const broker = env.AMQP_URL?.trim()
  if (broker && relaying.includes(program)) {
    input.broker = { ...(isSection(file.broker) && file.broker), url: broker }
    names['broker.url'] = 'AMQP_URL'
  }
  const redis = env.REDIS_URL?.trim()
  if (redis && program === 'api' && isSection(file.rate_limit)) {
    input.rate_limit = { ...file.rate_limit, redis_url: redis }
    names['rate_limit.redis_url'] = 'REDIS_URL'
  }
  const collector = env.OTEL_EXPORTER_OTLP_ENDPOINT?.trim()
  if (collector && relaying.includes(program)) {
    input.trace = { ...(isSection(file.trace) && file.trace), otlp_url: collector }
    names['trace.otlp_url'] = 'OTEL_EXPORTER_OTLP_ENDPOINT'
  }
  return { input, names }
}

function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What is no plain number stays text, which the schema then refuses. */
function toNumber(text: string): number | string {
  return /^\d{1,9}$/.test(text) ? Number(text) : text
}
