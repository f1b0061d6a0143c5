import type { IncomingMessage, RequestListener } from 'node:http'
import { messagesOf, newExpress } from './express'
import { newKeepingLog } from './fixture'
import { startServer } from './server'

test('requests and responses are of their kind before Express sees them, and it leaves them so', async () => {
  const app = newExpress()
  app.get('/', (req, res) => {
    expect(req.app).toBe(app)
    expect(res.app).toBe(app)
    res.json({ host: req.hostname, same: req.res === res })
  })
  const kinds: unknown[] = []
  const kindOf = (one: object) => Object.getPrototypeOf(one) as unknown
  const guard = (guarded: RequestListener): RequestListener => {
    return (req, res) => {
      kinds.push(kindOf(req), kindOf(res))
      guarded(req, res)
      kinds.push(kindOf(req), kindOf(res))
    }
  }
  const options = { host: '127.0.0.1', port: 0, shutdownTimeoutMs: 1000, log: newKeepingLog() }
  const server = await startServer({ app, guard, ...options })
  try {
    const answer = await fetch(`http://127.0.0.1:${server.port}/`)
    expect(await answer.json()).toEqual({ host: '127.0.0.1', same: true })
  } finally {
    await server.close()
  }
  const own = [app.request, app.response]
  expect(kinds).toEqual([...own, ...own])
})

test('a listener that is no Express app needs nothing of its own', () => {
  expect(messagesOf((_req: IncomingMessage, res) => res.end())).toEqual({})
})
