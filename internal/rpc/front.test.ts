import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { startServer, type RunningServer } from '../http/server'
import { newLog } from '../log/log'
import { newHttp2Front } from './front'

const log = newLog({ level: 'silent', format: 'json' })
const running: RunningServer[] = []
afterEach(() => Promise.all(running.splice(0).map(({ close }) => close())))

async function start(limits: { idleTimeoutMs?: number; prefaceTimeoutMs?: number } = {}) {
  const listener = (req: { url?: string; httpVersion: string }, res: Writable) => {
    res.writeHead(200)
    // What is watched is never over.
    if (req.url === '/watch') res.write('.')
    else res.end(req.httpVersion)
  }
  const app = listener as unknown as Parameters<typeof newHttp2Front>[0]['listener']
  const options = { streamsPerConnectionMax: 2, idleTimeoutMs: 60_000, ...limits }
  const front = newHttp2Front({ listener: app, log, ...options })
  const host = '127.0.0.1'
  const server = await startServer({ app, front, host, port: 0, shutdownTimeoutMs: 100, log })
  running.push(server)
  return { port: server.port, url: `http://${host}:${server.port}` }
}

interface Writable {
  writeHead(status: number): void
  write(text: string): void
  end(text: string): void
}

async function versionOf(url: string): Promise<string> {
  const session = connectHttp2(url)
  const stream = session.request({ ':path': '/' }).setEncoding('utf8')
  let text = ''
  for await (const piece of stream) text += piece
  session.close()
  return text
}

test('serves HTTP/1.1 and HTTP/2 on one port', async () => {
  const { url } = await start()
  expect(await (await fetch(url)).text()).toBe('1.1')
  expect(await versionOf(url)).toBe('2.0')
})

test.each([
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'PUT / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
])('knows %j also when it comes byte by byte', async (bytes) => {
  const { port } = await start()
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const answered = once(socket, 'data') as Promise<[Buffer]>
  for (const byte of bytes) {
    socket.write(byte)
    await new Promise(setImmediate)
  }
  const [first] = await answered
  // A frame of settings is of type 4.
  if (bytes.startsWith('PRI')) expect(first[3]).toBe(4)
  else expect(first.toString()).toMatch(/^HTTP\/1\.1 200 OK/)
  socket.destroy()
})

test('lets nobody wait for ever who does not say which HTTP they speak', async () => {
  const { port } = await start({ prefaceTimeoutMs: 20 })
  for (const bytes of ['', 'PR']) {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    await once(socket.resume(), 'close')
  }
})

test('closes a connection that nobody uses, and keeps one on which somebody watches', async () => {
  const { url } = await start({ idleTimeoutMs: 30 })
  const [idle, used] = [connectHttp2(url), connectHttp2(url)]
  const stream = used.request({ ':path': '/watch' })
  stream.on('error', () => {}).resume()
  await once(idle, 'goaway')
  // It was pinged meanwhile, and has answered.
  expect({ destroyed: used.destroyed, closed: used.closed }).toEqual({
    destroyed: false,
    closed: false,
  })
  used.destroy()
})

test('closing ends connections of HTTP/2 that are idle at once, and cuts the others in time', async () => {
  const { url } = await start()
  const [idle, used] = [connectHttp2(url), connectHttp2(url)]
  for (const session of [idle, used]) session.on('error', () => {})
  const stream = used.request({ ':path': '/watch' })
  stream.on('error', () => {})
  await Promise.all([once(idle, 'remoteSettings'), once(stream, 'response')])
  const closed = running.pop()!.close()
  await once(idle, 'close')
  expect(used.destroyed).toBe(false)
  await closed
  if (!used.destroyed) await once(used, 'close')
})
