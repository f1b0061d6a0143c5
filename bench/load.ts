import { randomUUID } from 'node:crypto'
import type { EventEmitter } from 'node:events'
import autocannon, { type Client, type Result } from 'autocannon'
import type { LoadRequest } from './request'
import { cpuBetween, readCpuTimes, type CpuTimes, type UsageOptions } from './usage'

export interface LoadOptions {
  /** Of the processes among which the connections are shared out. */
  urls: string[]
  connections: number
  seconds: number
  newRequest(): LoadRequest
  /** How many there are, when each is to be sent once: the slice ends with the last of them. */
  requestsMax?: number | undefined
  usage: UsageOptions
}

/** What one slice of time came to. */
export interface Slice {
  /** Requests that were answered. */
  count: number
  seconds: number
  p50Ms: number
  p99Ms: number
  cpu: CpuTimes
}

// Together more than there are accounts; of large requests fewer.
const listLengthMax = 160
const keysMax = 4_000

/** One run of autocannon, without pipelining. Throws when a single request fails. A slow one may answer none in time. */
export async function fire(options: LoadOptions): Promise<Slice> {
  const { result, seconds, cpu } = await run(options)
  const failed = result.errors + result.non2xx
  if (failed > 0) throw new Error(describeFailures(result))
  const { p50, p99 } = result.latency
  return { count: result['2xx'], seconds, p50Ms: p50, p99Ms: p99, cpu }
}

function run(options: LoadOptions): Promise<{ result: Result; seconds: number; cpu: CpuTimes }> {
  const { urls, connections, seconds, usage } = options
  return new Promise((resolve, reject) => {
    let start = { at: performance.now(), cpu: readCpuTimes(usage) }
    const finish = (error: unknown, result: Result) => {
      const seconds = (performance.now() - start.at) / 1000
      const cpu = cpuBetween(start.cpu, readCpuTimes(usage))
      if (error) reject(error as Error)
      else resolve({ result, seconds, cpu })
    }
    const running = autocannon(
      {
        // Its types know one only; the connections are shared out among them.
        url: urls as unknown as string,
        connections,
        pipelining: 1,
        duration: seconds,
        // It looks whether it is over when it takes a sample.
        sampleInt: 50,
        bailout: 1,
        timeout: 60,
        setupClient: (client) => loadClient(client, options),
      },
      finish,
    )
    // Its own duration counts the making of the requests, too.
    running.on('start', () => (start = { at: performance.now(), cpu: readCpuTimes(usage) }))
    running.on('response', (_client, status) => {
      if (status < 200 || status > 299) running.stop()
    })
  })
}

/**
 * Requests are made before the load begins and sent in turn: to build each anew takes a third of the
 * generator's time, on the cores that the server needs, too. Only the keys are written anew each time.
 */
function loadClient(client: Client, { newRequest, requestsMax, connections }: LoadOptions): void {
  const first = newRequest()
  const length = requestsMax ? Math.floor(requestsMax / connections) : listLengthOf(first)
  const requests = [first, ...Array.from({ length: length - 1 }, newRequest)]
  client.setRequests(requests)
  if (requestsMax) Object.assign(client, { responseMax: length })
  const refreshers = requests.map(newKeyRefresher)
  let count = 0
  // Comes before the request is taken from the list and written.
  const emitter: EventEmitter = client
  emitter.on('request', () => refreshers[count++ % length]!())
}

function listLengthOf({ keys = [''] }: LoadRequest): number {
  return Math.max(2, Math.min(listLengthMax, Math.floor(keysMax / keys.length)))
}

function newKeyRefresher({
  keys = [],
  requestBuffer: bytes,
}: LoadRequest & { requestBuffer?: Buffer }): () => void {
  let end = 0
  const places = keys.map((key) => {
    const start = bytes?.indexOf(key, end) ?? -1
    if (start < 0) throw new Error('autocannon does not keep its requests as it used to')
    end = start + key.length
    return start
  })
  return () => {
    for (const place of places) bytes!.write(randomUUID(), place, 'latin1')
  }
}

function describeFailures({ statusCodeStats = {}, errors, timeouts }: Result): string {
  const statuses = Object.entries(statusCodeStats).map(
    ([status, { count }]) => `${count} answers ${status}`,
  )
  return [...statuses, `${errors} broken connections, ${timeouts} of them time-outs`].join(', ')
}
