import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fullSize } from './data/data'
import { fire } from './load'
import type { LoadRequest } from './request'
import { routes } from './route'

const makerOf = (route: string) => () => routes.find(({ id }) => id === route)!.newRequest(fullSize)

/** Loads a server, for a second unless it is told how many requests there are, and gives what came of it. */
async function load(
  newRequest: () => LoadRequest,
  answer: (req: IncomingMessage, res: ServerResponse) => void,
  requestsMax?: number,
) {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  try {
    return await fire({
      urls: [`http://127.0.0.1:${port}`],
      connections: 2,
      seconds: requestsMax === undefined ? 1 : 50,
      newRequest,
      requestsMax,
      usage: { apiPids: [process.pid], postmasterPid: undefined },
    })
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

test('sends each request with a key of its own, also when the list of requests starts anew', async () => {
  const keys: unknown[] = []
  const { count } = await load(makerOf('post-many'), (req, res) => {
    keys.push(req.headers['idempotency-key'])
    req.resume().on('end', () => res.writeHead(201).end('{}'))
  })
  // More than both clients have in their lists.
  expect(keys.length).toBeGreaterThan(400)
  expect(new Set(keys).size).toBe(keys.length)
  expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/)
  expect(count).toBeGreaterThan(0)
})

test('fails when a single answer is no success', async () => {
  let count = 0
  const measured = load(makerOf('post-many'), (req, res) => {
    req.resume().on('end', () => res.writeHead(++count === 100 ? 503 : 201).end('{}'))
  })
  await expect(measured).rejects.toThrow('1 answers 503')
})

test('sends each bulk with a thousand keys that no other one had', async () => {
  const keys: string[] = []
  await load(makerOf('bulk-many'), (req, res) => {
    let body = ''
    req.on('data', (chunk: Buffer) => (body += String(chunk)))
    req.on('end', () => {
      const { transactions } = JSON.parse(body) as { transactions: { idempotency_key: string }[] }
      keys.push(...transactions.map((one) => one.idempotency_key))
      res.end('{}')
    })
  })
  // More than both clients have in their lists.
  expect(keys.length).toBeGreaterThan(8_000)
  expect(new Set(keys).size).toBe(keys.length)
})

test('sends each request once where it can be answered once, and ends with the last', async () => {
  const buyers: unknown[] = []
  const answer = (req: IncomingMessage, res: ServerResponse) => {
    buyers.push(req.headers.authorization)
    req.resume().on('end', () => res.writeHead(201).end('{}'))
  }
  const { count, seconds } = await load(makerOf('checkout'), answer, 300)
  expect(count).toBe(300)
  expect(new Set(buyers).size).toBe(300)
  expect(seconds).toBeLessThan(50)
})
