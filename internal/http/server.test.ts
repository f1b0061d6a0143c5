import { once } from 'node:events'
import { createServer as createHttpServer, Agent, get, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { echo, newThingApp, type Handle } from './fixture'
import { startServer, type RunningServer, type ServerOptions } from './server'

const thing = '{"id":"a","amount":"1.00"}'
const host = '127.0.0.1'

let running: RunningServer | undefined

afterEach(() => running?.close())

async function start(handle: Handle = echo, options: Partial<ServerOptions> = {}) {
  const { app, log } = newThingApp(handle)
  running = await startServer({ app, log, host, port: 0, shutdownTimeoutMs: 5_000, ...options })
  return running
}

/** A client that writes what it likes; `text` resolves when the server has closed. */
function open(port: number, bytes = '') {
  const socket = connect(port, host)
  let received = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk))
  socket.on('error', () => {})
  const text = new Promise<string>((resolve) => socket.once('close', () => resolve(received)))
  socket.write(bytes)
  return { socket, text, received: () => received }
}

const post = [
  'POST /things/a HTTP/1.1',
  'Host: x',
  'Content-Type: application/json',
  `Content-Length: ${thing.length}`,
  '',
  thing,
].join('\r\n')

/** Polls, because what is awaited happens in Node's own time. */
async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 30_000
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('it never came to hold')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

function newGate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { open: () => open(), opened }
}

function newWaiting() {
  const begun = newGate()
  const goOn = newGate()
  const handle: Handle = async (input) => {
    begun.open()
    await goOn.opened
    return echo(input)
  }
  return { begun, goOn, handle }
}

describe('starting', () => {
  test('says which port is in use and what to do', async () => {
    const other = createHttpServer()
    await new Promise<void>((resolve) => other.listen(0, host, resolve))
    const { port } = other.address() as AddressInfo
    await expect(start(echo, { port })).rejects.toThrow(
      `port ${port} on 127.0.0.1 is in use: stop what holds it, or choose another with PORT=…`,
    )
    await new Promise((resolve) => other.close(resolve))
  })

  test('says so when it cannot listen for another reason', async () => {
    await expect(start(echo, { host: '203.0.113.1' })).rejects.toThrow(
      'cannot listen on 203.0.113.1:0',
    )
  })
})

describe('what is no HTTP', () => {
  test.each<[string, string, number, string]>([
    ['words', 'hello\r\n\r\n', 400, 'request.malformed'],
    ['a header without a name', 'GET / HTTP/1.1\r\n: x\r\n\r\n', 400, 'request.malformed'],
    ['no Host', 'GET / HTTP/1.1\r\nHo st: x\r\n\r\n', 400, 'request.malformed'],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400, 'request.malformed'], // prettier-ignore
    ['a length and chunks', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', 400, 'request.malformed'], // prettier-ignore
    ['headers without end', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'request.headers_too_large'], // prettier-ignore
  ])(
    'is answered with a problem and a closed connection: %s',
    async (_name, bytes, status, code) => {
      const { port } = await start()
      const [head = '', body = ''] = (await open(port, bytes).text).split('\r\n\r\n')
      expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
      expect(head).toContain('Content-Type: application/problem+json')
      expect(head).toContain('Connection: close')
      const problem = JSON.parse(body)
      expect(problem).toMatchObject({ status, code })
      expect(head).toContain(`X-Request-Id: ${problem.instance.replace('/requests/', '')}`)
    },
  )

  test('in the middle of a chunked body is answered once', async () => {
    const { port } = await start()
    const head = post.split('Content-Length')[0]
    const answer = await open(port, `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`).text
    expect(answer.match(/HTTP\/1\.1 400/g)).toHaveLength(1)
  })
})

describe('a slow client', () => {
  const limits = { headersTimeoutMs: 100, requestTimeoutMs: 200, checkIntervalMs: 20 }

  test.each([
    ['headers', 'GET / HTTP/1.1\r\nHost: x\r\n'],
    ['body', post.slice(0, -5)],
  ])('that does not finish its %s is answered 408 and cut', async (_name, bytes) => {
    const { port } = await start(echo, { limits })
    expect(await open(port, bytes).text).toMatch(/^HTTP\/1\.1 408 [^]*request\.too_slow/)
  })

  test('that is answered 408 and keeps its own side open is cut', async () => {
    const { port, close } = await start(echo, {
      ...{ limits: { ...limits, lingerMs: 50 }, shutdownTimeoutMs: 60_000 },
    })
    const socket = connect({ port, host, allowHalfOpen: true })
    socket.on('error', () => {}).resume()
    socket.write(post.slice(0, -5))
    await once(socket, 'end')
    await new Promise((resolve) => setTimeout(resolve, 200))
    // Closing would wait for it.
    const begin = performance.now()
    await close()
    expect(performance.now() - begin).toBeLessThan(20_000)
    socket.destroy()
  })

  test('that does nothing is cut', async () => {
    const { port } = await start(echo, { limits: { socketTimeoutMs: 50 } })
    expect(await open(port).text).toBe('')
  })
})

describe('closing', () => {
  test('lets the running request finish, closes its connection and takes no new one', async () => {
    const { begun, goOn, handle } = newWaiting()
    const { port, close } = await start(handle)
    const client = open(port, post)
    await begun.opened
    const closed = close()
    expect(close()).toBe(closed)
    await expect(refused(port)).resolves.toBe('ECONNREFUSED')
    goOn.open()
    const answer = await client.text
    await closed
    expect(answer).toMatch(/^HTTP\/1\.1 201 /)
    expect(answer).toContain('Connection: close')
    expect(answer).toContain(thing)
  })

  test('answers a request that was on its way, then closes its connection', async () => {
    const { port, close } = await start()
    const half = open(port, post.slice(0, 20))
    await until(() => half.socket.bytesWritten === 20)
    // Whoever is answered now came later: the half request has arrived.
    await getThing(port)
    const closed = close()
    half.socket.write(post.slice(20))
    expect(await half.text).toMatch(/^HTTP\/1\.1 201 [^]*Connection: close/)
    await closed
  })

  test('closes connections that are idle between two requests or never carried one', async () => {
    const { port, close } = await start()
    const silent = open(port)
    const agent = new Agent({ keepAlive: true })
    const answer = await getThing(port, agent)
    expect(answer.headers.connection).toBe('keep-alive')
    await until(() => Object.keys(agent.freeSockets).length === 1)
    await close()
    expect(await silent.text).toBe('')
    agent.destroy()
  })

  test('cuts what is left after its time', async () => {
    const { begun, goOn, handle } = newWaiting()
    const { port, close } = await start(handle, { shutdownTimeoutMs: 50 })
    const client = open(port, post)
    await begun.opened
    await close()
    expect(await client.text).toBe('')
    goOn.open()
  })
})

function refused(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => resolve(undefined))
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
  })
}

function getThing(port: number, agent?: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = get({ port, host, path: '/things/a', agent }, (answer) => {
      answer.resume().once('end', () => resolve(answer))
    })
    sent.once('error', reject)
  })
}
