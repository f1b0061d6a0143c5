import { connect } from 'node:net'
import { roles } from '../auth/principal'
import { newAdmission } from './admission'
import { newThingApp, newThingRoutes, type Handle } from './fixture'
import { route } from './route'
import { startServer, type RunningServer } from './server'

const host = '127.0.0.1'

let running: RunningServer | undefined
afterEach(() => running?.close())

/** Handlers wait until they are let go. */
async function start(requestsMax: number) {
  const waiting: (() => void)[] = []
  const wait: Handle = ({ params }) =>
    new Promise((resolve) => waiting.push(() => resolve({ status: 201, body: params })))
  const { app, log } = newThingApp(wait)
  const urgent = route({
    method: 'get',
    path: '/things/urgent',
    uncounted: true,
    tag: 'Things',
    summary: 'Always served',
    roles,
    answers: { 200: { description: 'It.' } },
    faults: [],
    handle: async () => ({ status: 200, body: {} }),
  })
  const routes = [...newThingRoutes(wait), urgent]
  const admission = newAdmission({ app, routes, requestsMax, largeRequestsMax: 1, log })
  running = await startServer({ app: admission, host, port: 0, shutdownTimeoutMs: 1000, log })
  return { port: running.port, waiting, letGo: () => waiting.splice(0).forEach((go) => go()) }
}

const thing = '{"id":"a","amount":"1.00"}'

function create(body = thing): string {
  const head = ['POST /things/a HTTP/1.1', 'Host: x', 'Content-Type: application/json']
  return `${head.join('\r\n')}\r\nContent-Length: ${thing.length}\r\n\r\n${body}`
}

function open(port: number, bytes: string) {
  let received = ''
  const socket = connect(port, host, () => socket.write(bytes))
  socket.setEncoding('utf8').on('data', (text: string) => (received += text))
  socket.on('error', () => {})
  return { socket, received: () => received }
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(holds()).toBe(true)
}

test('lets one large body in where there may be one, before any of it is there', async () => {
  const { port } = await start(10)
  const large = create('').replace(`Content-Length: ${thing.length}`, 'Content-Length: 65537')
  const first = open(port, large)
  const refused = open(port, large)
  await until(() => refused.received().includes(' 503 ') || first.received().includes(' 503 '))
  first.socket.destroy()
  refused.socket.destroy()
})

test('refuses what comes beyond the bound before its body is there, and goes on when one is answered', async () => {
  const { port, waiting, letGo } = await start(2)
  const served = [open(port, create()), open(port, create())]
  await until(() => waiting.length === 2)
  // Not a byte of the body has come.
  const refused = open(port, create(''))
  await until(() => refused.received().includes('}'))
  const [head = '', body = ''] = refused.received().split('\r\n\r\n')
  const [, requestId] = /X-Request-Id: (\S+)/.exec(head) ?? []
  expect(head).toMatch(/^HTTP\/1.1 503 /)
  expect(head).toContain('Retry-After: 1\r\n')
  expect(head).toContain('Content-Type: application/problem+json\r\n')
  expect(JSON.parse(body)).toMatchObject({ code: 'api.busy', instance: `/requests/${requestId}` })
  expect(waiting).toHaveLength(2)

  letGo()
  await until(() => served.every(({ received }) => received().includes(' 201 ')))
  // The same connection is of use again when the refused body has come.
  refused.socket.write(thing + create())
  await until(() => waiting.length === 1)
  letGo()
  await until(() => refused.received().includes(' 201 '))
  for (const { socket } of [...served, refused]) socket.destroy()
})

test('serves what is not counted, however many requests are under way', async () => {
  const { port, waiting, letGo } = await start(1)
  const first = open(port, create())
  await until(() => waiting.length === 1)
  const urgent = open(port, 'GET /things/urgent?limit=2 HTTP/1.1\r\nHost: x\r\n\r\n')
  await until(() => urgent.received().includes(' 200 '))
  letGo()
  first.socket.destroy()
  urgent.socket.destroy()
})

test('takes the places back of connections that break, those of pipelined requests too', async () => {
  const { port, waiting, letGo } = await start(3)
  const gone = open(port, create().repeat(3))
  await until(() => waiting.length === 3)
  gone.socket.destroy()
  letGo()
  // All three are free again, and not more than three.
  const more = [0, 1, 2].map(() => open(port, create()))
  await until(() => waiting.length === 3)
  const refused = open(port, create())
  await until(() => refused.received().includes(' 503 '))
  letGo()
  for (const { socket } of [...more, refused]) socket.destroy()
})
