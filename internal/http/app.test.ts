import { createServer } from 'node:http'
import request from 'supertest'
import { z } from 'zod'
import { roles } from '../auth/principal'
import { Fault } from '../fault/fault'
import { newThingApp, operator, thingFaults, type Handle } from './fixture'
import { route } from './route'

const thing = { id: 'a', amount: '12.50' }

function post(headers: Record<string, string>, handle?: Handle) {
  return request(newThingApp(handle).app).post('/things/a').set(headers).send(thing)
}

describe('answers', () => {
  test('are JSON with the request id and few other headers', async () => {
    const answer = await post({ 'X-Request-Id': 'mine.1' })
    expect(answer.status).toBe(201)
    expect(answer.body).toEqual(thing)
    expect(Object.keys(answer.headers).sort()).toEqual([
      'cache-control',
      'connection',
      'content-length',
      'content-type',
      'date',
      'x-content-type-options',
      'x-request-id',
    ])
    expect(answer.headers).toMatchObject({
      'cache-control': 'no-store',
      'content-type': 'application/json',
      'x-content-type-options': 'nosniff',
      'x-request-id': 'mine.1',
    })
  })

  test.each([['not ours!'], [`${'a'.repeat(65)}`], ['a, b']])(
    'carry a request id of their own instead of %p',
    async (id) => {
      const answer = await post({ 'X-Request-Id': id })
      expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}$/)
    },
  )

  test('carry the headers that the handler gives, and no body where there is none', async () => {
    const answer = await post({}, async () => ({
      status: 204,
      body: undefined,
      headers: { 'X-Thing': 'yes' },
    }))
    expect(answer.status).toBe(204)
    expect(answer.headers['x-thing']).toBe('yes')
    expect(answer.headers).not.toHaveProperty('content-type')
  })

  test('give the handler what the schemas made of the request', async () => {
    const seen: unknown[] = []
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const headers = { 'Idempotency-Key': 'k', 'X-Request-Id': 'r1', traceparent }
    await post(headers, async (input) => {
      seen.push(input)
      return { status: 201, body: {} }
    })
    expect(seen).toEqual([
      {
        params: { id: 'a' },
        query: undefined,
        headers: { 'idempotency-key': 'k' },
        body: thing,
        requestId: 'r1',
        traceparent,
        principal: operator,
      },
    ])
  })
})

describe('a path', () => {
  test.each(['/nothing', '/things', '/things/a/b', '/Things/a', '/'])(
    'that is unknown answers 404: %s',
    async (path) => {
      const answer = await request(newThingApp().app).get(path)
      expect(answer.body).toMatchObject({ status: 404, code: 'route.not_found' })
    },
  )

  test.each(['delete', 'put', 'patch', 'propfind'] as const)(
    'refuses the method %s with 405 and says what it takes',
    async (method) => {
      const answer = await request(newThingApp().app)[method]('/things/a')
      expect(answer.body).toMatchObject({ status: 405, code: 'route.method_not_allowed' })
      expect(answer.headers.allow).toBe('GET, HEAD, OPTIONS, POST')
    },
  )

  test('that two patterns match allows what either takes', async () => {
    const special = route({
      method: 'delete',
      path: '/things/special',
      tag: 'Things',
      summary: 'Delete the special thing',
      roles,
      answers: { 204: { description: 'Gone.' } },
      faults: [],
      handle: async () => ({ status: 204, body: undefined }),
    })
    const other = route({
      ...{ method: 'get', path: '/things/:id', tag: 'Things', summary: 'Get a thing', roles },
      params: z.strictObject({ id: z.string() }),
      answers: { 200: { description: 'The thing.' } },
      faults: [],
      handle: async () => ({ status: 200, body: {} }),
    })
    const { app } = newThingApp(undefined, { routes: [special, other] })
    const answer = await request(app).put('/things/special')
    expect(answer.headers.allow).toBe('DELETE, GET, HEAD, OPTIONS')
  })

  test('answers HEAD as GET without the body', async () => {
    const { app } = newThingApp()
    const [head, get] = [await request(app).head('/things/a'), await request(app).get('/things/a')]
    expect(head.status).toBe(200)
    expect(head.text).toBeUndefined()
    expect(head.headers['content-length']).toBe(get.headers['content-length'])
  })

  test('answers OPTIONS with 204 and Allow', async () => {
    const answer = await request(newThingApp().app).options('/things/a')
    expect(answer.status).toBe(204)
    expect(answer.headers.allow).toBe('GET, HEAD, OPTIONS, POST')
    expect((await request(newThingApp().app).options('/nothing')).status).toBe(404)
  })
})

describe('a handler', () => {
  const send = (handle: Handle) => {
    const { app, log } = newThingApp(handle, { requestTimeoutMs: 50 })
    return { answer: request(app).post('/things/a?').send(thing), log }
  }

  test('that throws a fault is answered with its problem', async () => {
    const { answer, log } = send(async () => {
      throw new Fault(thingFaults.notFound, { detail: 'No a.', members: { id: 'a', status: 1 } })
    })
    expect((await answer).body).toMatchObject({ status: 404, code: 'thing.not_found', id: 'a' })
    expect(log.entries).toMatchObject([{ level: 'debug', fields: { status: 404 } }])
  })

  test('that is unavailable is answered with Retry-After', async () => {
    const busy = (retryAfterSeconds?: number) =>
      send(async () => {
        throw new Fault(thingFaults.busy, { detail: 'Full.', retryAfterSeconds })
      }).answer
    expect((await busy()).headers['retry-after']).toBe('1')
    expect((await busy(1.2)).headers['retry-after']).toBe('2')
    expect((await busy()).status).toBe(503)
  })

  const ring: Record<string, unknown> = {}
  ring.ring = ring
  test.each<[string, Handle]>([
    ['throws a defect', () => Promise.reject(new Error('secret of the house'))],
    ['throws before it is async', () => { throw new TypeError('secret of the house') }], // prettier-ignore
    ['throws a URIError of its own', () => Promise.reject(new URIError('secret of the house'))],
    ['throws what is no error', () => Promise.reject('secret of the house')],
    ['answers a ring', async () => ({ status: 200, body: ring })],
    ['answers a bigint', async () => ({ status: 200, body: { n: 1n } })],
    [
      'answers a header of two lines',
      async () => ({ status: 200, body: {}, headers: { X: 'a\nb' } }),
    ],
    ['throws a fault that is no JSON', () => Promise.reject(new Fault(thingFaults.busy, { detail: '', members: { n: 1n } }))], // prettier-ignore
  ])('that %s is answered with 500 and logged with its cause', async (_name, handle) => {
    const { answer, log } = send(handle)
    const { status, body, text, headers } = await answer
    expect(status).toBe(500)
    expect(body).toMatchObject({ code: 'internal', title: 'Something went wrong' })
    expect(text).not.toMatch(/secret|bigint|circular/i)
    expect(log.entries).toMatchObject([
      { level: 'error', fields: { status: 500, request_id: headers['x-request-id'] } },
    ])
    expect((log.entries[0]!.fields.err as Fault).cause).toBeDefined()
  })

  test.each<[string, (settle: () => void, fail: (error: Error) => void) => void]>([
    ['result', (settle) => settle()],
    ['failure', (_settle, fail) => fail(new Error('late'))],
  ])('that is too slow is answered with 503, its late %s dropped', async (_name, end) => {
    let release = () => {}
    const result = new Promise<void>((settle, fail) => (release = () => end(settle, fail)))
    const { answer, log } = send(() => result.then(() => ({ status: 201, body: {} })))
    const { status, body, headers } = await answer
    expect(status).toBe(503)
    expect(body).toMatchObject({ code: 'request.timeout' })
    expect(body.detail).toMatch(/unknown .* safe to send it again with the same Idempotency-Key/)
    expect(headers['retry-after']).toBe('1')
    release()
    await result.catch(() => {})
    await new Promise(setImmediate)
    expect(log.entries).toHaveLength(1)
  })
})

const traceIdForm = /^[0-9a-f]{32}$/

describe('the log', () => {
  test('has the request without its query and body', async () => {
    const { app, log } = newThingApp()
    await request(app).get('/things/a?limit=7').set('X-Request-Id', 'r1')
    const fields = { request_id: 'r1', method: 'GET', path: '/things/a', status: 200 }
    const made = { duration_ms: expect.any(Number), trace_id: expect.stringMatching(traceIdForm) }
    expect(log.entries).toEqual([{ level: 'debug', fields: { ...fields, ...made } }])
  })

  test('has one short line without a stack for what is unavailable, and says why', async () => {
    const cause = new Error('connect ECONNREFUSED')
    const { app, log } = newThingApp(async () => {
      throw new Fault(thingFaults.busy, { detail: 'Full.', cause })
    })
    await request(app).post('/things/a').send(thing)
    expect(log.entries).toEqual([
      {
        level: 'warn',
        fields: {
          request_id: expect.any(String),
          trace_id: expect.stringMatching(traceIdForm),
          method: 'POST',
          path: '/things/a',
          status: 503,
          duration_ms: expect.any(Number),
          code: 'thing.busy',
          reason: 'connect ECONNREFUSED',
        },
      },
    ])
  })

  test('cuts a reason that goes on and on', async () => {
    const { app, log } = newThingApp(async () => {
      throw new Fault(thingFaults.busy, { detail: 'x'.repeat(1000) })
    })
    await request(app).post('/things/a').send(thing)
    expect(log.entries).toMatchObject([{ level: 'warn', fields: { reason: 'x'.repeat(300) } }])
  })

  test('takes a client that hung up for no error', async () => {
    const begun = newGate()
    const goOn = newGate()
    const { app, log } = newThingApp(async () => {
      begun.open()
      await goOn.opened
      return { status: 201, body: {} }
    })
    const hungUp = newGate()
    const server = createServer((req, res) => {
      res.once('close', hungUp.open)
      app(req, res)
    }).listen(0)
    const sent = request(server).post('/things/a').send(thing)
    sent.end(() => {})
    await begun.opened
    sent.abort()
    await hungUp.opened
    goOn.open()
    await new Promise((resolve) => server.close(resolve))
    expect(log.entries).toMatchObject([{ level: 'debug', fields: { hung_up: true } }])
  })
})

test('refuses two routes that are one, and a path that its schema does not know', () => {
  const routes = [sameRoute('/same'), sameRoute('/same')]
  expect(() => newThingApp(undefined, { routes })).toThrow('get /same is there twice')
  expect(() => sameRoute('/same/:id')).toThrow('/same/:id takes [id], its params schema says []')
})

function sameRoute(path: string) {
  return route({
    ...{ method: 'get', path, tag: 'Same', summary: 'The same', roles },
    answers: { 200: { description: 'Same.' } },
    faults: [],
    handle: async () => ({ status: 200, body: {} }),
  })
}

function newGate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { open: () => open(), opened }
}
