import request from 'supertest'
import { z } from 'zod'
import { roles } from '../auth/principal'
import { newThingApp } from './fixture'
import { route } from './route'

const thing = { id: 'a', amount: '12.50' }
const json = { 'Content-Type': 'application/json' }

function post(body: string | Buffer, headers: Record<string, string> = json) {
  const { app } = newThingApp()
  // A string sent as it is: supertest would write a Buffer as JSON of its own.
  return request(app)
    .post('/things/a')
    .set(headers)
    .serialize((bytes) => bytes)
    .send(body)
}

describe('a body', () => {
  const text = JSON.stringify(thing)

  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'application/vnd.thing+json',
  ])('is taken as %p', async (type) => {
    expect((await post(text, { 'Content-Type': type })).status).toBe(201)
  })

  test.each<[string, Record<string, string>]>([
    ['a missing type', { 'Content-Type': '' }],
    ['text', { 'Content-Type': 'text/plain' }],
    ['a form', { 'Content-Type': 'application/x-www-form-urlencoded' }],
    ['another charset', { 'Content-Type': 'application/json; charset=latin1' }],
    ['UTF-16', { 'Content-Type': 'application/json; charset=utf-16' }],
    ['JSON lines', { 'Content-Type': 'application/jsonl' }],
    ['gzip', { ...json, 'Content-Encoding': 'gzip' }],
    ['an unknown encoding', { ...json, 'Content-Encoding': 'rot13' }],
  ])('is refused as %s with 415', async (_name, headers) => {
    const answer = await post(text, headers)
    expect(answer.status).toBe(415)
    expect(answer.body.code).toBe('request.unsupported_media_type')
  })

  test.each<[string, string | Buffer, RegExp]>([
    ['nothing', '', /empty/],
    ['blanks', '  \n', /ends too early/],
    ['half an object', '{"id":', /ends too early/],
    ['a word', 'hello', /not valid JSON\.$/],
    ['NaN', '{"amount":NaN}', /not valid JSON/],
    ['a comma too many', '{"id":"a" "b"}', /at character 11/],
    ['two documents', '{} {}', /at character 4/],
    ['broken UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22]), /UTF-8/],
    ['an encoded surrogate', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), /UTF-8/],
  ])('is refused as invalid JSON when it is %s', async (_name, body, detail) => {
    const answer = await post(body)
    expect(answer.status).toBe(400)
    expect(answer.body.code).toBe('request.invalid_json')
    expect(answer.body.detail).toMatch(detail)
    expect(answer.text).not.toContain('hello')
  })

  test('is refused when neither a body nor its length was sent', async () => {
    const answer = await request(newThingApp().app).post('/things/a').set(json)
    expect(answer.body).toMatchObject({ status: 400, code: 'request.invalid_json' })
  })

  test('may begin with a byte order mark', async () => {
    expect((await post(`\uFEFF${text}`)).body).toEqual(thing)
  })

  test.each([
    ['a little', 1],
    ['by far', 5_000_000],
  ])('is refused with 413 and the limit when it is too large %s', async (_name, excess) => {
    const answer = await post(JSON.stringify({ ...thing, note: 'x'.repeat(1000 + excess) }))
    expect(answer.status).toBe(413)
    expect(answer.body).toMatchObject({
      code: 'request.too_large',
      detail: 'The body is larger than the 1000 bytes that are taken.',
    })
  })

  test('is refused with 413 when it comes in chunks without a length', async () => {
    const chunks = request(newThingApp().app).post('/things/a').set(json)
    chunks.write(`{"id":"`)
    chunks.write('x'.repeat(2000))
    expect((await chunks).status).toBe(413)
  })

  test.each(['null', '[]', '"x"', '1'])('that is no object is refused: %s', async (body) => {
    const answer = await post(body)
    expect(answer.body).toMatchObject({ status: 400, detail: 'The input must be an object.' })
  })

  test('with __proto__ is refused by name', async () => {
    const answer = await post('{"id":"a","amount":"1.00","__proto__":{"admin":true}}')
    expect(answer.status).toBe(400)
    expect(answer.body.errors).toEqual([{ path: '__proto__', message: 'is not known here' }])
  })

  test('that is nested deeper than a schema can follow is the sender’s mistake', async () => {
    const tree = route({
      method: 'post',
      path: '/trees',
      tag: 'Trees',
      summary: 'Take a tree',
      roles,
      body: z.json(),
      answers: { 200: { description: 'Taken.' } },
      faults: [],
      handle: async () => ({ status: 200, body: {} }),
    })
    const { app } = newThingApp(undefined, { routes: [tree], bodyBytesMax: 1_000_000 })
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    const answer = await request(app).post('/trees').set(json).send(deep)
    expect(answer.body).toMatchObject({ status: 400, detail: 'The input is nested too deeply.' })
  })
})

describe('invalid input', () => {
  test('is refused with every mistake under its path', async () => {
    const { app } = newThingApp()
    const answer = await request(app)
      .post('/things/far-too-long-an-id?x=1')
      .set({ ...json, 'Idempotency-Key': 'k'.repeat(11) })
      .send(JSON.stringify({ amount: 12, tags: ['a', 2], size: 'XXL', colour: 'red' }))
    expect(answer.status).toBe(400)
    expect(answer.headers['content-type']).toBe('application/problem+json')
    const requestId = answer.headers['x-request-id']
    expect(answer.body).toEqual({
      type: '/docs/problems#request.invalid',
      title: 'The request is not valid',
      status: 400,
      detail: '8 things are wrong; all stand in errors.',
      instance: `/requests/${requestId}`,
      code: 'request.invalid',
      errors: [
        { path: 'id', message: 'must have at most 8 characters' },
        { path: 'x', message: 'is not known here' },
        { path: 'idempotency-key', message: 'must have at most 10 characters' },
        { path: 'id', message: 'is required' },
        { path: 'amount', message: 'must be a string' },
        { path: 'tags.1', message: 'must be a string' },
        { path: 'size', message: 'must be S, M or L' },
        { path: 'colour', message: 'is not known here' },
      ],
    })
  })

  test('with one mistake says it in the detail', async () => {
    const answer = await post(JSON.stringify({ ...thing, amount: '12.5' }))
    expect(answer.body.detail).toBe('amount: must be a decimal string such as "12.50".')
  })

  test('lists 20 mistakes at most, and their names cut short', async () => {
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`k${i}`.padEnd(90), 1]))
    const { app } = newThingApp(undefined, { bodyBytesMax: 10_000 })
    const answer = await request(app)
      .post('/things/a')
      .send({ ...thing, ...many })
    expect(answer.body.detail).toBe('30 things are wrong; the first 20 stand in errors.')
    expect(answer.body.errors).toHaveLength(20)
    expect(answer.body.errors[0].path).toHaveLength(64)
  })

  test.each<[string, string]>([
    ['limit=1&limit=2', 'limit: must be given once.'],
    ['limit=1&limit=1', 'limit: must be given once.'],
    ['limit=x', 'limit: must be a number.'],
    ['limit=101', 'limit: must be at most 100.'],
    ['__proto__=1', '__proto__: is not known here.'],
    ['limit[]=1', 'limit[]: is not known here.'],
    ['limit=%zz', 'The percent-encoding of the query is not well formed.'],
    ['limit=%ff', 'The percent-encoding of the query is not well formed.'],
  ])('in the query %p is refused: %s', async (query, detail) => {
    const answer = await request(newThingApp().app).get(`/things/a?${query}`)
    expect(answer.body).toMatchObject({ status: 400, detail })
  })

  test('in the query is refused where the route takes no query', async () => {
    const answer = await request(newThingApp().app).post('/things/a?limit=1').send(thing)
    expect(answer.body).toMatchObject({ status: 400, detail: 'limit: is not known here.' })
  })

  test.each<[string, string | string[], string]>([
    ['empty', '', 'idempotency-key: must not be empty.'],
    ['sent twice', ['a', 'b'], 'idempotency-key: must be given once.'],
    ['sent three times', ['a', 'a', 'a'], 'idempotency-key: must be given once.'],
  ])('in a header that is %s is refused', async (_name, value, detail) => {
    const { app } = newThingApp()
    const answer = await request(app)
      .post('/things/a')
      // Its types know no list, which Node writes as one line for each value.
      .set('Idempotency-Key', value as string)
      .send(thing)
    expect(answer.body).toMatchObject({ status: 400, detail })
  })

  test.each(['/things/%zz', '/things/%', '/things/%c3%28'])(
    'in the path %p is refused as malformed',
    async (path) => {
      const answer = await request(newThingApp().app).get(path)
      expect(answer.body).toMatchObject({ status: 400, code: 'request.malformed_url' })
    },
  )
})

test('a route may take a larger body than the others', async () => {
  const taking = (path: string, bodyBytesMax?: number) =>
    route({
      ...{ method: 'post', path, tag: 'Bodies', summary: 'Take a body', roles, bodyBytesMax },
      body: z.string(),
      answers: { 201: { description: 'Taken.' } },
      faults: [],
      handle: async () => ({ status: 201, body: {} }),
    })
  const routes = [taking('/usual'), taking('/large', 100)]
  const { app } = newThingApp(undefined, { bodyBytesMax: 10, routes })
  const statusOf = async (path: string, bytes: number) => {
    const text = JSON.stringify('x'.repeat(bytes - 2))
    const sent = request(app).post(path).set('Content-Type', 'application/json')
    return (await sent.send(text)).status
  }
  expect(await statusOf('/large', 100)).toBe(201)
  expect(await statusOf('/large', 101)).toBe(413)
  expect(await statusOf('/usual', 10)).toBe(201)
  expect(await statusOf('/usual', 11)).toBe(413)
})

test('a body that may be left out is read as {}, and one that is sent as it is', async () => {
  const take = route({
    ...{ method: 'post', path: '/take', tag: 'Bodies', summary: 'Take a body or none', roles },
    body: z.strictObject({ a: z.number().optional() }),
    isBodyOptional: true,
    answers: { 200: { description: 'What it was.' } },
    faults: [],
    handle: async ({ body }) => ({ status: 200, body }),
  })
  const { app } = newThingApp(undefined, { routes: [take] })
  expect((await request(app).post('/take')).body).toEqual({})
  expect((await request(app).post('/take').send({ a: 1 })).body).toEqual({ a: 1 })
  expect((await request(app).post('/take').send({ b: 1 })).status).toBe(400)
  expect(
    (await request(app).post('/take').set('Content-Type', 'text/plain').send('x')).status,
  ).toBe(415)
})
