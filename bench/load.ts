import { randomUUID } from 'node:crypto'
import type { EventEmitter } from 'node:events'
import autocannon, { type Client, type Result } from 'autocannon'
import type { LoadRequest } from './route'

// Together more than there are accounts.
const requestsPerClient = 200

export interface LoadOptions {
  url: string
  connections: number
  seconds: number
  newRequest(): LoadRequest
}

export interface Measurement {
  requestsPerSecond: number
  p50Ms: number
  p99Ms: number
}

/** One run of autocannon, without pipelining. Throws when a single request fails. */
export async function measure(options: LoadOptions): Promise<Measurement> {
  const { result, seconds } = await fire(options)
  const failed = result.errors + result.non2xx
  if (failed > 0 || result['2xx'] === 0) throw new Error(describeFailures(result))
  return {
    requestsPerSecond: result['2xx'] / seconds,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
  }
}

function fire(options: LoadOptions): Promise<{ result: Result; seconds: number }> {
  const { url, connections, seconds, newRequest } = options
  return new Promise((resolve, reject) => {
    let startedAt = performance.now()
    const finish = (error: unknown, result: Result) => {
      if (error) reject(error as Error)
      else resolve({ result, seconds: (performance.now() - startedAt) / 1000 })
    }
    const run = autocannon(
      {
        url,
        connections,
        pipelining: 1,
        duration: seconds,
        // It looks whether it is over when it takes a sample.
        sampleInt: 50,
        bailout: 1,
        timeout: 60,
        setupClient: (client) => loadClient(client, newRequest),
      },
      finish,
    )
    // Its own duration counts the making of the requests, too.
    run.on('start', () => (startedAt = performance.now()))
    run.on('response', (_client, status) => {
      if (status < 200 || status > 299) run.stop()
    })
  })
}

/**
 * Requests are made before the load begins and sent in turn: to build each anew takes a third of the
 * generator's time, on the cores that the server needs, too. Only the key is written anew each time.
 */
function loadClient(client: Client, newRequest: () => LoadRequest): void {
  const requests = Array.from({ length: requestsPerClient }, newRequest)
  client.setRequests(requests)
  const refreshers = requests.map(newKeyRefresher)
  let count = 0
  // Comes before the request is taken from the list and written.
  const emitter: EventEmitter = client
  emitter.on('request', () => refreshers[count++ % requestsPerClient]!())
}

function newKeyRefresher(request: LoadRequest & { requestBuffer?: Buffer }): () => void {
  const key = request.headers?.['Idempotency-Key']
  if (key === undefined) return () => {}
  const bytes = request.requestBuffer
  const start = bytes?.indexOf(key) ?? -1
  if (!bytes || start < 0) throw new Error('autocannon does not keep its requests as it used to')
  return () => void bytes.write(randomUUID(), start, 'latin1')
}

function describeFailures({ statusCodeStats = {}, errors, timeouts }: Result): string {
  const statuses = Object.entries(statusCodeStats).map(
    ([status, { count }]) => `${count} answers ${status}`,
  )
  return [...statuses, `${errors} broken connections, ${timeouts} of them time-outs`].join(', ')
}
