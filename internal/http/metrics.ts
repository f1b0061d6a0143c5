import { z } from 'zod'
import { operators } from '../auth/principal'
import type { Metrics } from '../metrics/metrics'
import { route, type Route } from './route'

export interface MetricsRoutes {
  metrics: Metrics
  /** Operators unless others are named. */
  readers?: Route['roles']
}

export function metricsRoutes({ metrics, readers = operators }: MetricsRoutes): Route[] {
  return [
    route({
      method: 'get',
      path: '/metrics',
      uncounted: true,
      unlimited: true,
      tag: 'Health',
      summary: 'How is it going?',
      roles: readers,
      description: 'For Prometheus: requests, connections, streams, and the process itself.',
      answers: {
        200: { description: 'In the text format.', content: { 'text/plain': z.string() } },
      },
      faults: [],
      async handle() {
        const headers = { 'Content-Type': metrics.contentType }
        return { status: 200, body: Buffer.from(await metrics.text()), headers }
      },
    }),
  ]
}
