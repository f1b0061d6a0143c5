import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** One value of a gauge that is read when somebody asks for it. */
export interface Reading {
  labels?: Record<string, string>
  value: number
}

export interface Named {
  /** As in `tillbook_queue_requests`: with its unit, in snake_case. */
  name: string
  help: string
}

export type Labels = Record<string, string>

export interface Labelled extends Named {
  /** The names of its labels; each has few values. */
  labels?: readonly string[]
}

/** What is told to Prometheus. Whatever is counted is made here, and read by nobody else. */
export interface Metrics {
  /**
   * Something that is there already, as the length of a queue: read when it is asked for. One name may
   * be given several times, as by each of several pools: all of their readings are told.
   */
  gauge(what: Named & { read(): number | Reading[] }): void
  /** Something that happens: the function counts it, once or `times`. The same for the same name. */
  counter(what: Labelled): (times?: number, labels?: Labels) => void
  /** Something that differs each time, as the size of a group: the function takes each value. */
  histogram(what: Labelled & { buckets: number[] }): (value: number, labels?: Labels) => void
  /** One request that was answered; `route` is the template, undefined when there is none. */
  observeRequest(request: RequestTime): void
  /** One call of an rpc that was answered; `rpc` is undefined when there is none of that name. */
  observeCall(call: CallTime): void
  /** Everything in Prometheus's text format. */
  text(): Promise<string>
  contentType: string
}

export interface RequestTime {
  method: string
  route: string | undefined
  status: number
  seconds: number
}

export interface CallTime {
  rpc: string | undefined
  /** As gRPC names it, in lower case: `not_found`. */
  code: string
  seconds: number
}

const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export function newMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const gauges = new Map<string, (() => number | Reading[])[]>()
  const requests = new Histogram({
    name: 'tillbook_http_request_seconds',
    help: 'Time until a request was answered, to the end of a streamed answer.',
    labelNames: ['route', 'method', 'status'],
    buckets: secondsBuckets,
    registers,
  })
  const calls = new Histogram({
    name: 'tillbook_rpc_call_seconds',
    help: 'Time until a call over gRPC, gRPC-Web or Connect was answered, to the end of a stream.',
    labelNames: ['rpc', 'code'],
    buckets: secondsBuckets,
    registers,
  })

  return {
    gauge({ name, help, read }) {
      const reads = gauges.get(name)
      if (reads) return void reads.push(read)
      const all = [read]
      gauges.set(name, all)
      const readings = () => all.flatMap(toReadings)
      const labelNames = readings().flatMap(({ labels = {} }) => Object.keys(labels))
      new Gauge({
        ...{ name, help, registers, labelNames: [...new Set(labelNames)] },
        collect() {
          this.reset()
          for (const { labels = {}, value } of readings()) this.set(labels, value)
        },
      })
    },

    counter({ name, help, labels: labelNames = [] }) {
      const known = registry.getSingleMetric(name) as Counter | undefined
      const counter = known ?? new Counter({ name, help, labelNames, registers })
      return (times = 1, labels = {}) => counter.inc(labels, times)
    },

    histogram({ name, help, buckets, labels: labelNames = [] }) {
      const known = registry.getSingleMetric(name) as Histogram | undefined
      const histogram = known ?? new Histogram({ name, help, buckets, labelNames, registers })
      return (value, labels = {}) => histogram.observe(labels, value)
    },

    observeRequest({ method, route = 'none', status, seconds }) {
      requests.observe({ route, method, status }, seconds)
    },

    observeCall({ rpc = 'none', code, seconds }) {
      calls.observe({ rpc, code }, seconds)
    },

    text: async () => `${await processMetrics().metrics()}\n${await registry.metrics()}`,
    contentType: registry.contentType,
  }
}

function toReadings(read: () => number | Reading[]): Reading[] {
  const found = read()
  return typeof found === 'number' ? [{ value: found }] : found
}

let ofProcess: Registry | undefined

/** Those of Node itself: there is one process, and what watches it is never taken down again. */
function processMetrics(): Registry {
  if (ofProcess) return ofProcess
  ofProcess = new Registry()
  collectDefaultMetrics({ register: ofProcess })
  return ofProcess
}
