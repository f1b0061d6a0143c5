import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig, type Config, type Program } from '../../config/config'
import { envOf, fileOf, podsOf, type Manifest } from './chart'

/** A value for each variable that a pod takes out of a secret, or that a value of the chart gives. */
export const given: Readonly<Record<string, string>> = {
  DATABASE_URL: 'postgres://app@db/tillbook',
  AMQP_URL: 'amqp://broker',
  REDIS_URL: 'redis://redis',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
}

/** What the program of a pod makes of its file and its variables; throws as the program would. */
export function configOf<P extends Program>(manifests: Manifest[], program: P): Config<P> {
  const pod = podsOf(manifests)[program]!
  const names = envOf(pod).map(({ name }) => name)
  const env = Object.fromEntries(names.map((name) => [name, given[name]]))
  return withFile(fileOf(manifests, pod), (path) => loadConfig(program, path, env))
}

function withFile<T>(text: string, use: (path: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'tillbook-chart-'))
  try {
    const path = join(folder, 'config.json')
    writeFileSync(path, text)
    return use(path)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
