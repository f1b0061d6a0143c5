import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A service that answers what a test says, for what the simulator does not do. */
export interface Service {
  url: string
  /** How often each path was asked for. */
  asked: Map<string, number>
  /** The `traceparent` of each call. */
  traceparents: (string | undefined)[]
  /** What is answered for a path: JSON, or a status with nothing to say. */
  answers: Record<string, unknown>
  close(): Promise<void>
}

/** The two paths of `users/u` and `products/p`, which are well to begin with. */
export const wellAnswers = {
  '/users/u': { id: 'u', firstName: 'Una', lastName: 'User' },
  '/products/p': { code: 'p', name: 'Product', price: 12.5 },
}

/** Instead of an answer: none, until somebody hangs up. */
export const never = Symbol('never')

export async function startService(answers: Record<string, unknown> = {}): Promise<Service> {
  const service: Omit<Service, 'url' | 'close'> = {
    asked: new Map(),
    traceparents: [],
    answers: { ...wellAnswers, ...answers },
  }
  const server = createServer((req, res) => {
    const path = req.url ?? ''
    service.asked.set(path, (service.asked.get(path) ?? 0) + 1)
    service.traceparents.push(req.headers.traceparent as string | undefined)
    answer(res, service.answers[path])
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return Object.assign(service, {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}

function answer(res: ServerResponse, wanted: unknown): void {
  if (wanted === never) return
  if (wanted === undefined) return void res.writeHead(404).end()
  if (typeof wanted === 'number') return void res.writeHead(wanted).end()
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(wanted))
}
