import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { messagesOf, newExpress } from './express'

test('requests and responses are of their kind before Express sees them, and it leaves them so', async () => {
  const app = newExpress()
  app.get('/', (req, res) => {
    expect(req.app).toBe(app)
    expect(res.app).toBe(app)
    res.json({ host: req.hostname, same: req.res === res })
  })
  const kinds: unknown[] = []
  const kindOf = (one: object) => Object.getPrototypeOf(one) as unknown
  const answer = await ask(app, (req, res) => {
    kinds.push(kindOf(req), kindOf(res))
    app(req, res)
    kinds.push(kindOf(req), kindOf(res))
  })
  expect(await answer.json()).toEqual({ host: '127.0.0.1', same: true })
  const own = [app.request, app.response]
  expect(kinds).toEqual([...own, ...own])
})

test('a listener that is no Express app needs nothing of its own', () => {
  expect(messagesOf((_req: IncomingMessage, res) => res.end())).toEqual({})
})

async function ask(app: RequestListener, listener: RequestListener): Promise<Response> {
  const server = createServer(messagesOf(app), listener).listen(0, '127.0.0.1')
  try {
    await once(server, 'listening')
    return await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}
