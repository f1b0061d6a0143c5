import { AsyncLocalStorage } from 'node:async_hooks'
import {
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Link,
  type Span as OtelSpan,
  type SpanContext,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-node'
import type { Traceparent } from './traceparent'
import type { Span, SpanStart, Tracer } from './tracer'

export interface OtlpOptions {
  /** Of the collector; spans go to /v1/traces below it. */
  url: string
  /** `service.name`: as `tillbook-api`. */
  service: string
  version: string
  /** The share of traces that are recorded, from 0 to 1; the same ones in every process. */
  sampleRatio: number
  /** Spans wait so long for others to be sent with; less when there are many. */
  batchMs: number
  /** Told of each batch: how many spans, and why they are lost. */
  onExport?(spans: number, error: Error | undefined): void
}

const linksMax = 32
const limits = {
  attributeCountLimit: 16,
  attributeValueLengthLimit: 200,
  linkCountLimit: linksMax,
  eventCountLimit: 0,
}
// What does not fit is dropped: nobody waits for a collector.
const batching = {
  maxQueueSize: 4096,
  maxExportBatchSize: 512,
  exportTimeoutMillis: 2000,
}
const closeTimeoutMs = 2500

const kinds = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  consumer: SpanKind.CONSUMER,
  producer: SpanKind.PRODUCER,
  internal: SpanKind.INTERNAL,
}

/** Records spans and sends them over OTLP/HTTP, as JSON. */
export function newOtlpTracer(options: OtlpOptions): Tracer {
  const provider = newProvider(options)
  const otel = provider.getTracer('tillbook', options.version)
  const storage = new AsyncLocalStorage<Traceparent>()
  return {
    begin({ name, kind, parents, attributes }: SpanStart): Span {
      const [parent, ...linked] = kinship(parents)
      const links: Link[] = linked.map((context) => ({ context }))
      const context = parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT
      const own = { kind: kinds[kind], links, ...(attributes && { attributes }) }
      return toSpan(otel.startSpan(name, own, context))
    },
    within: (span, work) => storage.run(span.traceparent, work),
    current: () => storage.getStore(),
    async close() {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, closeTimeoutMs)))
      await Promise.race([provider.shutdown().catch(() => {}), late])
      clearTimeout(timer)
    },
  }
}

function newProvider({ url, service, version, sampleRatio, batchMs, onExport }: OtlpOptions) {
  const exporter = new OTLPTraceExporter({
    url: `${url.replace(/\/+$/, '')}/v1/traces`,
    timeoutMillis: batching.exportTimeoutMillis,
  })
  const ratio = new TraceIdRatioBasedSampler(sampleRatio)
  return new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'service.version': version }),
    // A caller that records everything does not make us do so: by the id of the trace, every process
    // decides alike. What a caller does not record stays unrecorded.
    sampler: new ParentBasedSampler({ root: ratio, remoteParentSampled: ratio }),
    spanLimits: limits,
    spanProcessors: [
      new BatchSpanProcessor(telling(exporter, onExport), {
        ...{ ...batching, scheduledDelayMillis: batchMs },
      }),
    ],
  })
}

/** The parent first; that of an unrecorded trace only when there is no other. */
function kinship(parents: SpanStart['parents']): SpanContext[] {
  const known = [...new Set(parents)].filter((one) => typeof one === 'string')
  const contexts = known.map(toContext).filter(isSpanContextValid)
  const recorded = contexts.filter(({ traceFlags }) => traceFlags & 1)
  return recorded.length > 0 ? recorded.slice(0, linksMax + 1) : contexts.slice(0, 1)
}

function toContext(traceparent: Traceparent): SpanContext {
  const [, traceId = '', spanId = '', flags = '00'] = traceparent.split('-')
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true }
}

function toSpan(span: OtelSpan): Span {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return {
    traceparent: `00-${traceId}-${spanId}-0${traceFlags & 1}`,
    end({ name, attributes, failure } = {}) {
      if (name !== undefined) span.updateName(name)
      if (attributes) span.setAttributes(attributes)
      if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure })
      span.end()
    },
  }
}

function telling(exporter: SpanExporter, onExport: OtlpOptions['onExport']): SpanExporter {
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        onExport?.(spans.length, result.code === 0 ? undefined : (result.error ?? failed))
        done(result)
      }),
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  }
}

const failed = new Error('the collector took no spans')
