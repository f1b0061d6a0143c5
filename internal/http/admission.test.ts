import { connect } from 'node:net'
import { roles, type Principal } from '../auth/principal'
import { newAddressOf } from './address'
import type { HttpAppOptions } from './app'
import { newAdmission } from './admission'
import type { CrowdLimits } from './crowd'
import { newKeepingLog, newThingApp, newThingRoutes, operator, type Handle } from './fixture'
import { route } from './route'
import { startServer, type RunningServer } from './server'

const host = '127.0.0.1'

let running: RunningServer | undefined
afterEach(() => running?.close())

type Change = Partial<CrowdLimits & Pick<HttpAppOptions, 'bodyBytesMax' | 'authenticate'>>

/** Handlers wait until they are let go. */
async function start(
  requestsMax: number,
  { bodyBytesMax = 1000, authenticate, ...change }: Change = {},
) {
  const waiting: (() => void)[] = []
  const wait: Handle = ({ params }) =>
    new Promise((resolve) => waiting.push(() => resolve({ status: 201, body: params })))
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
  const admission = newAdmission({
    ...{ routes, requestsMax, largeRequestsMax: 1, log: newKeepingLog() },
    uploads: { max: 100, ofNetworkMax: 100, ...change },
    addressOf: newAddressOf(1),
  })
  const { awaitBody, guard } = admission
  const options = { routes, bodyBytesMax, awaitBody, ...(authenticate && { authenticate }) }
  const { app, log } = newThingApp(wait, options)
  running = await startServer({ app, guard, host, port: 0, shutdownTimeoutMs: 1000, log })
  return { port: running.port, log, waiting, letGo: () => waiting.splice(0).forEach((go) => go()) }
}

const thing = '{"id":"a","amount":"1.00"}'

function create(body = thing, address = '192.0.2.1'): string {
  const head = ['POST /things/a HTTP/1.1', 'Host: x', 'Content-Type: application/json']
  head.push(`X-Forwarded-For: ${address}`)
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
  const { port } = await start(10, { bodyBytesMax: 100_000 })
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

/** All but the last byte of it. */
const slowly = (address?: string) => create(thing.slice(0, -1), address)
const read = '\r\nHost: x\r\n\r\n'

test('bodies that come slowly take nobody’s place, however many there are', async () => {
  const { port, waiting, letGo } = await start(2)
  const slow = Array.from({ length: 20 }, () => open(port, slowly()))
  await until(() => slow.every(({ socket }) => socket.bytesWritten > 0))
  const reader = open(port, `GET /things/a HTTP/1.1${read}`)
  const writer = open(port, create())
  await until(() => reader.received().includes(' 200 ') && waiting.length === 1)
  letGo()
  await until(() => writer.received().includes(' 201 '))
  // Not one of them was harmed: each is served when its body is there.
  for (const { socket, received } of slow) {
    socket.write(thing.slice(-1))
    await until(() => waiting.length === 1)
    letGo()
    await until(() => received().includes(' 201 '))
  }
  for (const { socket } of [...slow, reader, writer]) socket.destroy()
})

test('a body that is there when all places are taken is refused, and nothing was done', async () => {
  const { port, waiting, letGo } = await start(1)
  const slow = open(port, slowly())
  await until(() => slow.socket.bytesWritten > 0)
  const quick = open(port, create())
  await until(() => waiting.length === 1)
  slow.socket.write(thing.slice(-1))
  await until(() => slow.received().includes(' 503 '))
  expect(slow.received()).toContain('"api.busy"')
  expect(waiting).toHaveLength(1)
  letGo()
  await until(() => quick.received().includes(' 201 '))
  for (const { socket } of [slow, quick]) socket.destroy()
})

/** Opened one after the other, so that it is known which has been awaited the longest. */
async function openInTurn(port: number, addresses: string[]) {
  const opened: ReturnType<typeof open>[] = []
  for (const address of addresses) {
    const one = open(port, slowly(address))
    opened.push(one)
    // Whoever was served on another connection afterwards was read afterwards.
    await until(() => one.socket.bytesWritten > 0)
    const probe = open(port, `GET /things/a HTTP/1.1${read}`)
    await until(() => probe.received().includes(' 200 '))
    probe.socket.destroy()
  }
  return opened
}

const isCut = ({ received, socket }: ReturnType<typeof open>) =>
  received().includes(' 408 ') && received().includes('"request.too_slow"') && socket.destroyed

test('of too many slow bodies of one network, the first gives way, and no other network’s', async () => {
  const { port } = await start(10, { ofNetworkMax: 2 })
  const [theirs, first, ...others] = await openInTurn(port, [
    ...['198.51.100.1', '192.0.2.1', '192.0.2.1', '192.0.2.1'],
  ])
  await until(() => isCut(first!))
  for (const { received } of [theirs!, ...others]) expect(received()).toBe('')
  for (const { socket } of [theirs!, first!, ...others]) socket.destroy()
})

test('of too many in all, the first of the network with the most gives way', async () => {
  const { port, waiting, letGo } = await start(10, { max: 3 })
  const [honest, first, ...others] = await openInTurn(port, [
    ...['198.51.100.1', '192.0.2.1', '192.0.2.1', '203.0.113.1'],
  ])
  await until(() => isCut(first!))
  expect(waiting).toHaveLength(0)
  honest!.socket.write(thing.slice(-1))
  await until(() => waiting.length === 1)
  letGo()
  await until(() => honest!.received().includes(' 201 '))
  for (const { socket } of [honest!, first!, ...others]) socket.destroy()
})

test('a body without a length counts as large only where a large one is taken', async () => {
  const { port } = await start(10)
  const chunked = create('').replace(/Content-Length: \d+/, 'Transfer-Encoding: chunked')
  const all = Array.from({ length: 3 }, () => open(port, chunked))
  await until(() => all.every(({ socket }) => socket.bytesWritten > 0))
  const probe = open(port, `GET /things/a HTTP/1.1${read}`)
  await until(() => probe.received().includes(' 200 '))
  for (const { received } of all) expect(received()).toBe('')
  for (const { socket } of [...all, probe]) socket.destroy()
})

test('the places of bodies whose connection broke are free again', async () => {
  const { port, waiting, letGo } = await start(1, { max: 2 })
  for (let i = 0; i < 10; i++) {
    const gone = open(port, slowly())
    await until(() => gone.socket.bytesWritten > 0)
    gone.socket.destroy()
  }
  const slow = await openInTurn(port, ['192.0.2.1', '192.0.2.1'])
  const quick = open(port, create())
  await until(() => waiting.length === 1)
  letGo()
  await until(() => quick.received().includes(' 201 '))
  for (const { socket } of [...slow, quick]) socket.destroy()
})

test('who leaves while it is found out who they are is not served any more', async () => {
  const asked: (() => void)[] = []
  const authenticate = () =>
    new Promise<Principal>((resolve) => asked.push(() => resolve(operator)))
  const { port, log, waiting } = await start(1, { authenticate })
  const { socket } = open(port, create())
  await until(() => asked.length === 1)
  socket.destroy()
  const next = open(port, create())
  await until(() => asked.length === 2)
  for (const answer of asked) answer()
  await until(() => waiting.length === 1)
  waiting[0]!()
  await until(() => next.received().startsWith('HTTP/1.1 201'))
  expect(log.entries.filter(({ fields }) => 'status' in fields)).toHaveLength(1)
})
