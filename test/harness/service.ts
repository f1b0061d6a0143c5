import { connect as connectTcp } from 'node:net'
import { describeNeeding, isCi } from './describe'

/** What some suites need besides PostgreSQL, and where the tests look for it. */
const services = {
  RabbitMQ: { variable: 'AMQP_URL', standard: 'amqp://guest:guest@127.0.0.1:5672' },
  Redis: { variable: 'REDIS_URL', standard: 'redis://127.0.0.1:6379' },
} as const

export type Service = keyof typeof services

/** Set by globalSetup, because jest wants to know what there is to run before anything can be awaited. */
const variable = 'TILLBOOK_TEST_SERVICES'

const probeTimeoutMs = 2000

export function serviceUrl(service: Service): string {
  const { variable, standard } = services[service]
  return process.env[variable] || standard
}

/** Looks once for a whole run which services can be reached; says loudly when one cannot. */
export async function probeServices(): Promise<void> {
  const names = Object.keys(services) as Service[]
  const found = await Promise.all(names.map(async (name) => [name, await whyAway(name)] as const))
  process.env[variable] = JSON.stringify(Object.fromEntries(found))
  for (const [name, why] of found) {
    if (why === null) continue
    const fate = isCi() ? 'FAIL' : 'are SKIPPED'
    process.stderr.write(`\n*** The tests on ${name} ${fate}: ${why}\n\n`)
  }
}

/** `describe` for what needs a service: skipped where it cannot be reached, failed when CI=true. */
export function describeWith(service: Service, name: string, suite: () => void): void {
  const found = JSON.parse(process.env[variable] ?? '{}') as Record<Service, string | null>
  const why = found[service] ?? null
  const need = { why: why && `it needs ${service}: ${why}`, needs: `${service}: ${why}` }
  describeNeeding({ ...need, isThereInCi: true }, name, suite)
}

/** null when something answers there. */
export function whyAway(service: Service): Promise<string | null> {
  const { hostname, port } = new URL(serviceUrl(service))
  return new Promise((resolve) => {
    const socket = connectTcp({ host: hostname, port: Number(port), timeout: probeTimeoutMs })
    const end = (why: string | null) => {
      socket.destroy()
      resolve(why && `${hostname}:${port} ${why}`)
    }
    socket.once('connect', () => end(null))
    socket.once('timeout', () => end('does not answer'))
    socket.once('error', (error: NodeJS.ErrnoException) => end(`cannot be reached (${error.code})`))
  })
}
