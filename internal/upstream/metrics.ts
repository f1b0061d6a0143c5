import type { Metrics } from '../metrics/metrics'
import { newUpstream, type Upstream, type UpstreamOptions } from './upstream'

export interface Measuring {
  metrics: Metrics
  /** Who waits: one service may be called for requests and by a worker, each within limits of its own. */
  caller: 'request' | 'worker'
}

/** Some calls take a minute. */
const secondsBuckets = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]
const breakerStates = ['closed', 'half_open', 'open'] as const

/** An upstream whose calls, breaker and bulkhead are told to Prometheus. */
export function newMeasuredUpstream(
  options: Omit<UpstreamOptions, 'onOutcome'>,
  { metrics, caller }: Measuring,
): Upstream {
  const whose = { upstream: options.name, caller }
  const called = metrics.histogram({
    name: 'tillbook_upstream_call_seconds',
    help: 'Time of a call to a service with all its tries, by what came of it.',
    buckets: secondsBuckets,
    labels: ['upstream', 'caller', 'outcome'],
  })
  const retried = metrics.counter({
    name: 'tillbook_upstream_retries_total',
    help: 'Tries beyond the first of each call.',
    labels: ['upstream', 'caller'],
  })
  const upstream = newUpstream({
    ...options,
    onOutcome(event) {
      if (event.kind === 'call') called(event.seconds, { ...whose, outcome: event.outcome })
      else if (event.kind === 'retry') retried(1, whose)
    },
  })
  tellOfState(metrics, upstream, whose)
  return upstream
}

function tellOfState(
  metrics: Metrics,
  { state }: Upstream,
  whose: { upstream: string; caller: string },
): void {
  metrics.gauge({
    name: 'tillbook_upstream_calls',
    help: 'Calls to a service that are under way, and that wait for a place.',
    read() {
      const { inFlight, queued } = state()
      return [
        { labels: { ...whose, state: 'in_flight' }, value: inFlight },
        { labels: { ...whose, state: 'queued' }, value: queued },
      ]
    },
  })
  metrics.gauge({
    name: 'tillbook_upstream_breaker',
    help: 'The state of the circuit to a service is the one that is 1.',
    read() {
      const { breaker } = state()
      return breakerStates.map((one) => ({
        labels: { ...whose, state: one },
        value: one === breaker ? 1 : 0,
      }))
    },
  })
}
