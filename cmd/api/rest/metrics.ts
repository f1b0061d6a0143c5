import { z } from 'zod'
import { route, type Route } from '../../../internal/http/route'
import type { Metrics } from '../../../internal/metrics/metrics'

export function metricsRoutes({ metrics }: { metrics: Metrics }): Route[] {
  return [
    route({
      method: 'get',
      path: '/metrics',
      uncounted: true,
      tag: 'Health',
      summary: 'How is it going?',
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
