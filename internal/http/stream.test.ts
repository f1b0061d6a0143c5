import { request, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { roles } from '../auth/principal'
import { Fault } from '../fault/fault'
import type { HttpAppOptions } from './app'
import { newThingApp, thingFaults } from './fixture'
import { route, type Answer } from './route'
import { startServer, type RunningServer } from './server'
import type { Pieces } from './stream'

let running: RunningServer | undefined
afterEach(() => running?.close())

const host = '127.0.0.1'

async function start(
  newAnswer: () => Partial<Answer> & { body: Pieces },
  options: Partial<HttpAppOptions> & { shutdownTimeoutMs?: number } = {},
) {
  const stream = route({
    method: 'get',
    path: '/stream',
    tag: 'Streams',
    summary: 'Read a stream',
    roles,
    answers: { 200: { description: 'The stream.' } },
    faults: [thingFaults.busy],
    handle: async () => ({
      status: 200,
      headers: { 'Content-Type': 'text/plain' },
      ...newAnswer(),
    }),
  })
  const { app, log } = newThingApp(undefined, { routes: [stream], ...options })
  const { shutdownTimeoutMs = 5_000 } = options
  running = await startServer({ app, log, host, port: 0, shutdownTimeoutMs })
  return { port: running.port, close: running.close, log }
}

/** Pieces that tell whether they were let go, and what came of them. */
function tracked(make: (index: number) => Promise<string> | string, count = Infinity) {
  const state = { asked: 0, released: 0 }
  const pieces: Pieces = {
    async *[Symbol.asyncIterator]() {
      try {
        for (let i = 0; i < count; i++) {
          state.asked += 1
          yield await make(i)
        }
      } finally {
        state.released += 1
      }
    },
  }
  return { pieces, state }
}

interface Got {
  status: number
  headers: IncomingMessage['headers']
  text: string
  isWhole: boolean
}

function get(port: number, method = 'GET', onData = () => {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const sent = request({ host, port, path: '/stream', method, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (more: string) => {
        text += more
        onData()
      })
      const { statusCode: status = 0, headers } = answer
      answer.on('error', () => {})
      answer.on('close', () => resolve({ status, headers, text, isWhole: answer.complete }))
    })
    sent.on('error', reject)
    sent.end()
  })
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('it never came to hold')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const never = () => new Promise<never>(() => {})

test('is sent piece by piece, chunked, and logged once at its end', async () => {
  const { pieces, state } = tracked((i) => `piece ${i};`, 3)
  const { port, log } = await start(() => ({ body: pieces }))
  const got = await get(port)
  expect(got).toMatchObject({ status: 200, text: 'piece 0;piece 1;piece 2;', isWhole: true })
  expect(got.headers).toMatchObject({
    'transfer-encoding': 'chunked',
    'content-type': 'text/plain',
    'cache-control': 'no-store',
    'x-request-id': expect.any(String) as string,
  })
  expect(got.headers).not.toHaveProperty('content-length')
  expect(state.released).toBe(1)
  expect(log.entries).toMatchObject([{ level: 'debug', fields: { status: 200 } }])
  expect(log.entries[0]!.fields).not.toHaveProperty('ended')
})

test('may be empty', async () => {
  const { pieces } = tracked(String, 0)
  const { port } = await start(() => ({ body: pieces }))
  expect(await get(port)).toMatchObject({ status: 200, text: '', isWhole: true })
})

test('sends no body to HEAD, with the status of the first piece, and lets go', async () => {
  const { pieces, state } = tracked((i) => `piece ${i};`)
  const { port } = await start(() => ({ body: pieces }))
  expect(await get(port, 'HEAD')).toMatchObject({ status: 200, text: '' })
  await until(() => state.released === 1)
  expect(state.asked).toBe(1)
})

test('that fails before its first piece is answered with the problem', async () => {
  const fault = new Fault(thingFaults.busy, { detail: 'Full.', retryAfterSeconds: 7 })
  const { port } = await start(() => ({ body: tracked(() => Promise.reject(fault)).pieces }))
  const { status, headers, text } = await get(port)
  expect(status).toBe(503)
  expect(headers).toMatchObject({
    'content-type': 'application/problem+json',
    'retry-after': '7',
    'content-length': String(text.length),
  })
  expect(JSON.parse(text)).toMatchObject({ code: 'thing.busy' })
})

test('that fails in the middle breaks the connection, and is logged once', async () => {
  let fail = () => {}
  const failure = new Promise<string>((_, reject) => (fail = () => reject(new Error('lost'))))
  const { pieces, state } = tracked((i) => (i === 0 ? 'piece 0;' : failure))
  const { port, log } = await start(() => ({ body: pieces }))
  const got = await get(port, 'GET', () => fail())
  expect(got).toMatchObject({ status: 200, text: 'piece 0;', isWhole: false })
  await until(() => log.entries.length > 0)
  expect(state.released).toBe(1)
  expect(log.entries).toMatchObject([{ level: 'error', fields: { status: 200, ended: 'broken' } }])
  expect((log.entries[0]!.fields.err as Error).cause).toMatchObject({ message: 'lost' })
})

test('waits for a client that does not read: no piece is made ahead', async () => {
  const piece = 'x'.repeat(65_536)
  const { pieces, state } = tracked(() => piece)
  const { port } = await start(() => ({ body: pieces }))
  const socket = connect(port, host).on('error', () => {})
  socket.pause().write('GET /stream HTTP/1.1\r\nHost: x\r\n\r\n')
  let before = -1
  // What the system buffers between the two is filled; then nothing more is asked for.
  await until(() => {
    const still = state.asked > 0 && state.asked === before
    before = state.asked
    return still
  })
  expect(state.asked).toBeLessThan(1_000)
  socket.resume()
  const { asked } = state
  await until(() => state.asked > asked + 100)
  socket.destroy()
  await until(() => state.released === 1)
})

test('is let go when the client goes away, also while the next piece is waited for', async () => {
  let returned = 0
  const body: Pieces = {
    [Symbol.asyncIterator]() {
      let count = 0
      return {
        next: () => (count++ === 0 ? Promise.resolve({ done: false, value: 'first' }) : never()),
        return: () => Promise.resolve({ done: true, value: void (returned += 1) }),
      }
    },
  }
  const { port, log } = await start(() => ({ body }))
  const socket = connect(port, host).on('error', () => {})
  socket.write('GET /stream HTTP/1.1\r\nHost: x\r\n\r\n')
  await new Promise((resolve) => socket.once('data', resolve))
  socket.destroy()
  await until(() => returned === 1)
  await until(() => log.entries.length === 1)
  expect(log.entries).toMatchObject([{ level: 'debug', fields: { ended: 'hung_up' } }])
})

test('has the time of a request for its first piece, and is let go when that is over', async () => {
  let returned = 0
  const body: Pieces = {
    [Symbol.asyncIterator]: () => ({
      next: never,
      return: () => Promise.resolve({ done: true, value: void (returned += 1) }),
    }),
  }
  const { port, log } = await start(() => ({ body }), { requestTimeoutMs: 50 })
  const { status, text } = await get(port)
  expect(status).toBe(503)
  expect(JSON.parse(text)).toMatchObject({ code: 'request.timeout' })
  expect(returned).toBe(1)
  expect(log.entries).toHaveLength(1)
})

test('may take longer than a request may, once it began', async () => {
  const slow = (i: number) =>
    new Promise<string>((resolve) => setTimeout(() => resolve(`${i};`), i * 40))
  const { port } = await start(() => ({ body: tracked(slow, 4).pieces }), { requestTimeoutMs: 60 })
  expect(await get(port)).toMatchObject({ status: 200, text: '0;1;2;3;', isWhole: true })
})

test.each([
  ['idle', { idleTimeoutMs: 50 }, (i: number) => (i === 0 ? 'first' : never())],
  [
    'late',
    { wholeTimeoutMs: 80 },
    () => new Promise<string>((resolve) => setTimeout(() => resolve('more'), 5)),
  ],
])('is cut when it is %s', async (ended, limits, make) => {
  const { pieces } = tracked(make)
  const { port, log } = await start(() => ({ body: pieces }), { streamLimits: limits })
  expect(await get(port)).toMatchObject({ status: 200, isWhole: false })
  await until(() => log.entries.length === 1)
  expect(log.entries).toMatchObject([{ level: 'debug', fields: { ended } }])
})

test('is cut when the client takes nothing for too long', async () => {
  const { pieces, state } = tracked(() => 'x'.repeat(65_536))
  const { port, log } = await start(() => ({ body: pieces }), {
    streamLimits: { idleTimeoutMs: 100 },
  })
  const socket = connect(port, host).on('error', () => {})
  socket.pause().write('GET /stream HTTP/1.1\r\nHost: x\r\n\r\n')
  await until(() => state.released === 1)
  await until(() => log.entries.length === 1)
  expect(log.entries).toMatchObject([{ fields: { ended: 'idle' } }])
  socket.destroy()
})

test('that is endless has no limit for the whole', async () => {
  const slow = () => new Promise<string>((resolve) => setTimeout(() => resolve('more;'), 10))
  const { pieces } = tracked(slow, 10)
  const { port } = await start(() => ({ body: pieces, endless: true }), {
    streamLimits: { wholeTimeoutMs: 30 },
  })
  expect(await get(port)).toMatchObject({ text: 'more;'.repeat(10), isWhole: true })
})

test('is given the time of the shutdown, and is whole when it ends in it', async () => {
  let goOn = () => {}
  const gate = new Promise<void>((resolve) => (goOn = resolve))
  const { pieces } = tracked((i) => (i === 0 ? 'first;' : gate.then(() => 'last')), 2)
  const { port, close } = await start(() => ({ body: pieces }))
  let closed: Promise<void> | undefined
  const got = await get(port, 'GET', () => {
    closed ??= close()
    goOn()
  })
  expect(got).toMatchObject({ text: 'first;last', isWhole: true })
  await closed
})

test('is cut when the time of the shutdown is over', async () => {
  const { pieces } = tracked((i) => (i === 0 ? 'first' : never()))
  const { port, close } = await start(() => ({ body: pieces }), { shutdownTimeoutMs: 50 })
  const got = await get(port, 'GET', () => void close())
  expect(got).toMatchObject({ text: 'first', isWhole: false })
})

test('that is endless is ended at once when the server closes', async () => {
  const { pieces, state } = tracked((i) => (i === 0 ? 'first' : never()))
  const { port, close, log } = await start(() => ({ body: pieces, endless: true }), {
    shutdownTimeoutMs: 60_000,
  })
  let closed: Promise<void> | undefined
  const got = await get(port, 'GET', () => void (closed = close()))
  expect(got).toMatchObject({ text: 'first', isWhole: true })
  await closed
  expect(state.asked).toBe(2)
  expect(log.entries).toMatchObject([{ level: 'debug', fields: { ended: 'asked' } }])
})

test('that waits behind another answer on the connection is let go with it', async () => {
  const state = { released: 0 }
  const body = (): Pieces => ({
    [Symbol.asyncIterator]() {
      let count = 0
      return {
        next: () => (count++ === 0 ? Promise.resolve({ done: false, value: 'first' }) : never()),
        return: () => Promise.resolve({ done: true, value: void (state.released += 1) }),
      }
    },
  })
  const { port } = await start(() => ({ body: body() }))
  const socket = connect(port, host).on('error', () => {})
  socket.write('GET /stream HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2))
  await new Promise((resolve) => socket.once('data', resolve))
  socket.destroy()
  await until(() => state.released === 2)
})

test('is told to whoever observes, with the template of its route', async () => {
  const seen: unknown[] = []
  const { port } = await start(() => ({ body: tracked(String, 1).pieces }), {
    observe: (observation) => seen.push(observation),
  })
  await get(port)
  await until(() => seen.length === 1)
  const seconds = expect.any(Number) as number
  expect(seen).toEqual([{ method: 'GET', route: '/stream', status: 200, seconds }])
})
