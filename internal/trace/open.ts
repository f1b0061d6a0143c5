import { newOutage } from '../lease/outage'
import type { Log } from '../log/log'
import type { Metrics } from '../metrics/metrics'
import type { Tracer } from './tracer'

export interface TraceSettings {
  /** Without it nothing is recorded. */
  otlp_url?: string | undefined
  sample_ratio: number
  batch_interval_ms: number
}

export interface TraceDeps {
  service: string
  version: string
  log: Log
  metrics: Metrics
}

/** Undefined unless a collector is configured; then not even the code that records is loaded. */
export async function openTracer(
  { otlp_url: url, sample_ratio: sampleRatio, batch_interval_ms: batchMs }: TraceSettings,
  { service, version, log, metrics }: TraceDeps,
): Promise<Tracer | undefined> {
  if (url === undefined) return undefined
  const { newOtlpTracer } = await import('./otlp')
  const count = metrics.counter({
    name: 'tillbook_trace_spans_total',
    help: 'Spans by what became of them: taken by the collector, or lost.',
    labels: ['outcome'],
  })
  const outage = newOutage({ log, message: 'spans cannot be sent', baseMs: 0, capMs: 0 })
  return newOtlpTracer({
    ...{ url, service, version, sampleRatio, batchMs },
    onExport(spans, error) {
      count(spans, { outcome: error ? 'lost' : 'taken' })
      if (error) outage.failed(error)
      else outage.worked()
    },
  })
}
