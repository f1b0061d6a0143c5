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

/** What is told to Prometheus. Whatever is counted is made here, and read by nobody else. */
export interface Metrics {
  /** Something that is there already, as the length of a queue: read when it is asked for. */
  gauge(what: Named & { read(): number | Reading[] }): void
  /** Something that happens: the function counts it, once or `times`. */
  counter(what: Named): (times?: number) => void
  /** Something that differs each time, as the size of a group: the function takes each value. */
  histogram(what: Named & { buckets: number[] }): (value: number) => void
  /** One request that was answered; `route` is the template, undefined when there is none. */
  observeRequest(request: RequestTime): void
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

const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export function newMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const requests = new Histogram({
    name: 'tillbook_http_request_seconds',
    help: 'Time until a request was answered, to the end of a streamed answer.',
    labelNames: ['route', 'method', 'status'],
    buckets: secondsBuckets,
    registers,
  })

  return {
    gauge({ name, help, read }) {
      const readings = () => {
        const found = read()
        return typeof found === 'number' ? [{ value: found }] : found
      }
      const labelNames = readings().flatMap(({ labels = {} }) => Object.keys(labels))
      new Gauge({
        ...{ name, help, registers, labelNames: [...new Set(labelNames)] },
        collect() {
          this.reset()
          for (const { labels = {}, value } of readings()) this.set(labels, value)
        },
      })
    },

    counter({ name, help }) {
      const counter = new Counter({ name, help, registers })
      return (times = 1) => counter.inc(times)
    },

    histogram({ name, help, buckets }) {
      const histogram = new Histogram({ name, help, buckets, registers })
      return (value) => histogram.observe(value)
    },

    observeRequest({ method, route = 'none', status, seconds }) {
      requests.observe({ route, method, status }, seconds)
    },

    text: async () => `${await processMetrics().metrics()}\n${await registry.metrics()}`,
    contentType: registry.contentType,
  }
}

let ofProcess: Registry | undefined

/** Those of Node itself: there is one process, and what watches it is never taken down again. */
function processMetrics(): Registry {
  if (ofProcess) return ofProcess
  ofProcess = new Registry()
  collectDefaultMetrics({ register: ofProcess })
  return ofProcess
}
