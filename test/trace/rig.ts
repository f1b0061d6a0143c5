import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startCollector } from '../harness/collector'
import { connectionSettings, newDatabase } from '../harness/database'
import { spawnProgram, type SpawnedProgram } from '../harness/program'
import { serviceUrl } from '../harness/service'
import { startService } from '../order/service'

const readyTimeoutMs = 30_000

export interface RigSettings {
  /** In place of the collector's own. */
  trace?: Record<string, unknown>
  withoutWorker?: boolean
  /** Of the API's configuration. */
  api?: Record<string, object>
}

export type Rig = Awaited<ReturnType<typeof openRig>>

/** The API and a worker as the programs that they are, with the services they call and a collector. */
export async function openRig(settings: RigSettings = {}) {
  const [collector, database, service] = await Promise.all([
    startCollector(),
    newDatabase(),
    startService({ '/reserve': { reservation_id: 7 } }),
  ])
  const folder = mkdtempSync(join(tmpdir(), 'tillbook-'))
  const { url } = service
  const upstreams = { user: { url }, product: { url }, reservation: { url, finds_by_key: false } }
  const shared = {
    ...{ environment: 'local', database: connectionSettings(database.url), upstreams },
    ...{ http: { port: 0 }, log: { level: 'debug', format: 'json' } },
    trace: { batch_interval_ms: 50, ...(settings.trace ?? { otlp_url: collector.url }) },
  }
  const start = (name: string, config: object) => {
    const file = join(folder, `${name}.json`)
    writeFileSync(file, JSON.stringify({ ...shared, ...config }))
    return spawnProgram(name, [file])
  }
  const api = start('api', { auth: { demo_operator: true }, rpc: { port: 0 }, ...settings.api })
  const worker = settings.withoutWorker
    ? undefined
    : start('worker', {
        broker: { url: serviceUrl('RabbitMQ'), poll_interval_ms: 20 },
        worker: { lease_ms: 1000, renew_interval_ms: 250, poll_interval_ms: 20, grace_ms: 0 },
      })
  const port = await portOf(api, /serves on \S+:(\d+)\n/)
  const rpcPort = await portOf(api, /serves gRPC on \S+:(\d+)\n/)
  const workerPort = worker && (await portOf(worker, /how it is on \S+:(\d+)\n/))
  const metricsAt = async (at: number) => (await fetch(`http://127.0.0.1:${at}/metrics`)).text()

  return {
    ...{ collector, service },
    /** What the API has logged. */
    lines: () => toLines(api.output()),
    async send(path: string, sent: { json?: unknown; headers?: Record<string, string> } = {}) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method: sent.json === undefined ? 'GET' : 'POST',
        headers: { 'content-type': 'application/json', ...sent.headers },
        ...(sent.json !== undefined && { body: JSON.stringify(sent.json) }),
      })
      return { status: response.status, text: await response.text() }
    },
    /** Over Connect, which is JSON. */
    call: (path: string, headers: Record<string, string>, json: unknown = {}) =>
      fetch(`http://127.0.0.1:${rpcPort}/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(json),
      }),
    metrics: () => metricsAt(port),
    workerMetrics: () => metricsAt(workerPort!),
    async close() {
      await Promise.all([worker?.close(), api.close()])
      await Promise.all([service.close(), collector.close(), database.close()])
      rmSync(folder, { recursive: true })
    },
  }
}

async function portOf(program: SpawnedProgram, line: RegExp): Promise<number> {
  return Number((await program.ready(line, readyTimeoutMs))[1])
}

function toLines(output: string): Record<string, unknown>[] {
  const json = output.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'))
  return json.map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** A caller's span. */
export function aCaller(flags: '00' | '01' = '01') {
  const traceId = randomBytes(16).toString('hex')
  const spanId = randomBytes(8).toString('hex')
  return { traceId, spanId, headers: { traceparent: `00-${traceId}-${spanId}-${flags}` } }
}
