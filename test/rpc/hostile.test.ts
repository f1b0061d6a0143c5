import { once } from 'node:events'
import {
  connect as connectHttp2,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2'
import { connect, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { pollUntil } from '../harness/poll'
import { startRpcApi, type RpcApi } from './api'
import { basic } from './client'
import { postJson } from './web'

const settings = {
  call_timeout_ms: 60_000,
  message_bytes_max: 4096,
  uploads_of_address_max: 3,
  connections_of_address_max: 6,
  streams_per_connection_max: 4,
}

let api: RpcApi
beforeAll(async () => {
  api = await startRpcApi({ rpc: settings })
})
afterAll(() => api.close())

const opened: { destroy(): void }[] = []
afterEach(() => opened.splice(0).forEach((one) => one.destroy()))

function openSession(options: SecureClientSessionOptions = {}): ClientHttp2Session {
  const session = connectHttp2(api.url, options)
  session.on('error', () => {})
  opened.push(session)
  return session
}

interface Begun {
  stream: ClientHttp2Stream
  status(): string | undefined
  reset(): number | undefined
}

/** The head of a call over gRPC, and of its message what is given. */
function begin(session: ClientHttp2Session, headers: IncomingHttpHeaders, bytes?: Buffer): Begun {
  const stream = session.request({
    ':method': 'POST',
    ':path': '/item.Item/Create',
    'content-type': 'application/grpc',
    ...headers,
  })
  let status: string | undefined
  let reset: number | undefined
  const note = (found: IncomingHttpHeaders) => (status ??= found['grpc-status'] as string)
  stream.on('response', note).on('trailers', note)
  stream.on('error', () => {}).on('close', () => (reset = stream.rstCode))
  stream.resume()
  if (bytes) stream.write(bytes)
  return { stream, status: () => status, reset: () => reset }
}

const seller = { authorization: basic('demo operator') }
const halfAFrame = Buffer.from([0, 0, 0])

describe('before anything of a message is read', () => {
  test('a stranger is UNAUTHENTICATED over gRPC, and whoever may not call PERMISSION_DENIED', async () => {
    const session = openSession()
    const stranger = begin(session, {})
    const wrong = begin(session, { authorization: 'Basic eDp5' }, halfAFrame)
    const customer = begin(session, { authorization: basic('ada customer') }, halfAFrame)
    await pollUntil(() => stranger.status() && wrong.status() && customer.status(), { what: 'end' })
    expect([stranger.status(), wrong.status(), customer.status()]).toEqual(['16', '16', '7'])
  })

  test('a stranger is refused over HTTP/1.1, and the connection closed', async () => {
    const head = 'POST /item.Item/Create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json'
    const socket = connect(api.port, '127.0.0.1')
    opened.push(socket)
    let received = ''
    socket.setEncoding('latin1').on('data', (text: string) => (received += text))
    socket.write(`${head}\r\nContent-Length: 2000\r\n\r\n{`)
    await once(socket, 'close')
    expect(received).toMatch(/^HTTP\/1\.1 401 /)
    expect(received).toContain('"code":"unauthenticated"')
  })

  test('nothing is decompressed for a stranger, and a little for whoever has signed in', async () => {
    const bomb = gzipSync(Buffer.from(JSON.stringify({ name: 'x'.repeat(10_000_000) })))
    const post = (more: Record<string, string>, body = bomb) =>
      fetch(`${api.url}/item.Item/Create`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip', ...more },
        body,
      })
    const small = bomb.subarray(0, 2000)
    expect((await post({}, small)).status).toBe(401)
    expect((await post({ Authorization: basic('nobody') }, small)).status).toBe(401)
    const tight = gzipSync(Buffer.from(JSON.stringify({ name: 'x'.repeat(100_000) })))
    expect(tight.length).toBeLessThan(settings.message_bytes_max)
    const signedIn = await post({ Authorization: basic('demo operator') }, tight)
    // Jest has zlib throw errors of another realm, which the library takes for none that it knows.
    expect([429, 500]).toContain(signedIn.status)
    expect(await signedIn.text()).toMatch(/resource_exhausted|decompression failed/)
  })
})

test('of messages that come slowly, the first gives way, and nobody else is kept out', async () => {
  const session = openSession()
  const slow: Begun[] = []
  for (let i = 0; i < 3; i++) slow.push(begin(session, seller, halfAFrame))
  // Once all three are there, each call takes the place of one of them.
  const post = () => postJson(`${api.url}/item.Item/Create`, { name: 'Thing', price: 1 })
  const isRefused = async () => {
    expect((await post()).status).toBe(200)
    return slow.some(({ status }) => status() !== undefined)
  }
  await pollUntil(isRefused, { what: 'refusal' })
  expect(slow.map(({ status }) => status())).toEqual(['8', undefined, undefined])
})

test('a connection carries so many calls at once, and no more', async () => {
  // Before it has heard of the bound.
  const session = openSession({ peerMaxConcurrentStreams: 1000 })
  const all = Array.from({ length: 12 }, () => begin(session, seller, halfAFrame))
  const refused = () => all.filter(({ reset }) => reset() !== undefined)
  await pollUntil(() => refused().length >= 8, { what: 'refused calls' })
  expect((await api.call('item.Item/List', {})).code).toBe('OK')
})

test('of connections that nobody uses, the oldest of an address is closed, and calls go on', async () => {
  const sockets: Socket[] = []
  for (let i = 0; i < 12; i++) {
    const socket = connect(api.port, '127.0.0.1')
    socket.on('error', () => {})
    opened.push(socket)
    sockets.push(socket)
    await once(socket, 'connect')
  }
  const closed = () => sockets.filter(({ destroyed }) => destroyed).length
  sockets.forEach((socket) => socket.resume())
  await pollUntil(() => closed() >= 6, { what: 'closed connections' })
  expect(sockets.at(-1)!.destroyed).toBe(false)
  const reply = await postJson(`${api.url}/item.Item/List`, {})
  expect(reply.status).toBe(200)
})

test.each<[string, Record<string, string>]>([
  ['more bytes of headers', { 'x-long': 'x'.repeat(20_000) }],
  ['more headers', Object.fromEntries(Array.from({ length: 80 }, (_, i) => [`x-${i}`, 'y']))],
])('a call with %s than are taken is refused, and the server goes on', async (_what, headers) => {
  const session = openSession()
  // A bound holds from the moment on at which the client has heard of it.
  await once(session, 'remoteSettings')
  const call = begin(session, { ...seller, ...headers })
  await pollUntil(() => call.reset() !== undefined || session.destroyed, { what: 'end' })
  expect(call.status()).toBeUndefined()
  expect((await postJson(`${api.url}/item.Item/List`, {})).status).toBe(200)
})
