import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { once } from 'node:events'
import { pollUntil } from '../harness/poll'
import { newLog } from '../../internal/log/log'
import { startRpcApi, expectRefusal, type RpcApi } from './api'
import { basic } from './client'
import { postJson } from './web'

const lines: Record<string, unknown>[] = []
const log = newLog(
  { level: 'debug', format: 'json' },
  { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
)

const callTimeoutMs = 800

let api: RpcApi
beforeAll(async () => {
  api = await startRpcApi({
    log,
    rpc: { calls_max: 4, call_timeout_ms: callTimeoutMs, message_bytes_max: 4096 },
  })
})
afterAll(() => api.close())

const seller = { as: 'demo operator' }
const metricsText = async () => {
  const headers = { Authorization: basic('demo operator') }
  return (await fetch(`${api.restUrl}/metrics`, { headers })).text()
}

/** While somebody else holds an item, whoever changes it waits. */
async function whileLocked(uuid: string, work: () => Promise<void>): Promise<void> {
  await api.db.withClient(async (client) => {
    await client.query({ text: 'begin', values: [] })
    await client.query({ text: 'select from item where id = $1 for update', values: [uuid] })
    await work().finally(() => client.query({ text: 'rollback', values: [] }))
  })
}

test('a call that takes too long is DEADLINE_EXCEEDED', async () => {
  const { uuid } = await api.anItem()
  await whileLocked(uuid, async () => {
    const reply = await api.call('item.Item/Update', { item: { uuid, name: 'x' } }, seller)
    expectRefusal(reply, { code: 'DEADLINE_EXCEEDED', reason: 'request.timeout' })
  })
})

test('the caller’s own deadline ends the call on this side as well', async () => {
  const { uuid } = await api.anItem()
  await whileLocked(uuid, async () => {
    const id = 'with-deadline'
    const options = { ...seller, deadlineMs: 100, metadata: { 'x-request-id': id } }
    const reply = await api.call('item.Item/Update', { item: { uuid, name: 'x' } }, options)
    expect(reply.code).toBe('DEADLINE_EXCEEDED')
    const line = await pollUntil(() => lines.find(({ request_id }) => request_id === id), {
      what: id,
    })
    expect(['deadline_exceeded', 'canceled']).toContain(line.code)
    // Its own, before that of all calls.
    expect(line.duration_ms).toBeLessThan(callTimeoutMs)
  })
})

test('more than may be under way are RESOURCE_EXHAUSTED, and a place is free when the work has ended', async () => {
  const { uuid } = await api.anItem()
  await whileLocked(uuid, async () => {
    const change = () => api.call('item.Item/Update', { item: { uuid, name: 'x' } }, seller)
    const replies = await Promise.all(Array.from({ length: 10 }, change))
    const refused = replies.filter(({ code }) => code === 'RESOURCE_EXHAUSTED')
    expect(refused).toHaveLength(6)
    for (const one of refused)
      expectRefusal(one, { code: 'RESOURCE_EXHAUSTED', reason: 'rpc.busy' })
    // Their callers have been answered, but the four still wait in the database.
    expect((await change()).code).toBe('RESOURCE_EXHAUSTED')
  })
  await pollUntil(async () => (await api.call('item.Item/List', {})).code === 'OK', {
    what: 'place',
  })
})

test('a message that is too large is RESOURCE_EXHAUSTED, and its upload is stopped', async () => {
  const reply = await api.call('item.Item/Create', { name: 'x'.repeat(3_000_000) }, seller)
  expect(reply.code).toBe('RESOURCE_EXHAUSTED')
  const json = await postJson(`${api.url}/item.Item/Create`, { name: 'x'.repeat(5000) })
  expect(json).toMatchObject({ status: 429, body: { code: 'resource_exhausted' } })
})

test('what is compressed is measured by what comes out of it', async () => {
  const { gzipSync } = await import('node:zlib')
  const bomb = gzipSync(Buffer.from(JSON.stringify({ name: 'x'.repeat(10_000_000) })))
  const response = await fetch(`${api.url}/item.Item/Create`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'Content-Encoding': 'gzip',
      Authorization: basic('demo operator'),
    },
    body: bomb.subarray(0),
  })
  expect([400, 429]).toContain(response.status)
  expect(response.status).toBe(429)
})

/** Sends bytes as they are and reads until the other side closes. */
async function exchange(bytes: string): Promise<string> {
  const socket = connect(api.port, '127.0.0.1')
  let received = ''
  socket.setEncoding('latin1').on('data', (more: string) => (received += more))
  socket.on('error', () => {}).write(bytes)
  await once(socket, 'close')
  return received
}

const json = 'Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close'

test.each([
  ['no host', `POST /item.Item/Get HTTP/1.0\r\n${json}\r\n\r\n{}`],
  ['a host with a space', `POST /item.Item/Get HTTP/1.1\r\nHost: a b\r\n${json}\r\n\r\n{}`],
  [
    'a host with a port that is none',
    `POST /item.Item/Get HTTP/1.1\r\nHost: a:99999\r\n${json}\r\n\r\n{}`,
  ],
  ['garbage', `\u0000\u0001\u0002\r\n\r\n`],
  ['a method that begins as the preface of HTTP/2 does', 'PRIX / HTTP/1.1\r\n\r\n'],
])('a request with %s is refused, and the server goes on', async (_, bytes) => {
  expect(await exchange(bytes)).toMatch(/^HTTP\/1\.1 400 /)
  expect((await api.call('item.Item/List', {})).code).toBe('OK')
})

test('what pretends to be HTTP/2 is cut, and the server goes on', async () => {
  await exchange(`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${'garbage'.repeat(100)}`)
  expect((await api.call('item.Item/List', {})).code).toBe('OK')
})

test('a message that never arrives whole is given up after the time of a call', async () => {
  const head = 'POST /item.Item/Create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json'
  await exchange(`${head}\r\nContent-Length: 20\r\n\r\n{`)
  const session = connectHttp2(api.url)
  const stream = session.request({
    ':method': 'POST',
    ':path': '/item.Item/Create',
    'content-type': 'application/grpc',
  })
  stream
    .on('error', () => {})
    .resume()
    .write(Buffer.from([0, 0, 0]))
  await once(stream, 'close')
  session.close()
})

test('C5: every call is logged once, with its id, rpc, code, time and caller', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const metadata = { 'x-request-id': 'call-1042', traceparent }
  const reply = await api.call('cart.Cart/Get', { uuid: 'x' }, { as: 'ada customer', metadata })
  expect(reply.headers.get('x-request-id')).toEqual(['call-1042'])
  const mine = () => lines.filter(({ request_id }) => request_id === 'call-1042')
  await pollUntil(() => mine().length > 0, { what: 'line' })
  expect(mine()).toEqual([
    {
      ...{ level: 'debug', time: expect.any(String) as string, msg: 'call answered' },
      ...{ request_id: 'call-1042', rpc: 'cart.Cart/Get', code: 'invalid_argument' },
      ...{ fault: 'request.invalid', user_id: 'ada', trace_id: traceparent.slice(3, 35) },
      duration_ms: expect.any(Number) as number,
    },
  ])
})

test('what strangers send that is no call is nobody’s defect to look for', async () => {
  const id = 'stranger-1'
  const headers = { 'x-request-id': id, 'content-type': 'application/proto' }
  const url = `${api.url}/item.Item/Create`
  await (await fetch(url, { method: 'POST', headers, body: Buffer.alloc(9, 0xff) })).text()
  await (await fetch(url, { headers })).text()
  await (await fetch(url, { method: 'OPTIONS', headers })).text()
  const mine = () => lines.filter(({ request_id }) => request_id === id)
  await pollUntil(() => mine().length === 3, { what: 'lines' })
  expect(mine().map(({ level }) => level)).toEqual(['debug', 'debug', 'debug'])
})

test('an id or a trace that is not well formed is not taken over', async () => {
  const metadata = { 'x-request-id': 'a b', traceparent: '00-zz' }
  const reply = await api.call('item.Item/List', {}, { metadata })
  expect(String(reply.headers.get('x-request-id'))).toMatch(/^[0-9a-f-]{36}$/)
})

test('a defect is INTERNAL without a word of what it was, and logged with its cause', async () => {
  await api.sql('alter table item rename to lost')
  const metadata = { 'x-request-id': 'defect-1' }
  const reply = await api.call(
    'item.Item/Get',
    { item_uuid: '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e' },
    { metadata },
  )
  await api.sql('alter table lost rename to item')
  expectRefusal(reply, { code: 'INTERNAL', reason: 'internal' })
  expect(JSON.stringify(reply)).not.toMatch(/relation|item"|select|lost/)
  const line = await pollUntil(() => lines.find(({ request_id }) => request_id === 'defect-1'), {
    what: 'line',
  })
  expect(line).toMatchObject({ level: 'error', code: 'internal' })
  expect(JSON.stringify(line)).toContain('42P01')
})

test('C5: every call is measured by rpc and code, and a path that leads nowhere as none', async () => {
  await postJson(`${api.url}/item.Item/${'Guess'.repeat(9)}`, {})
  await pollUntil(async () => (await metricsText()).includes('rpc="none",code="unimplemented"'), {
    what: 'metric',
  })
  const text = await metricsText()
  expect(text).toMatch(/tillbook_rpc_call_seconds_count\{rpc="item.Item\/List",code="ok"\} \d+/)
  expect(text).toContain('rpc="item.Item/Update",code="deadline_exceeded"')
  expect(text).not.toContain('Guess')
})

test('closing lets what is under way finish, and takes nothing more', async () => {
  const other = await startRpcApi()
  const { uuid } = await other.anItem()
  await other.db.withClient(async (client) => {
    await client.query({ text: 'begin', values: [] })
    await client.query({ text: 'select from item where id = $1 for update', values: [uuid] })
    const change = other.call('item.Item/Update', { item: { uuid, name: 'Late' } }, seller)
    const waits = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
    await pollUntil(async () => (await other.sql(waits)).length > 0, { what: 'call under way' })
    const closed = other.stop()
    await expect(fetch(other.url)).rejects.toThrow()
    await client.query({ text: 'rollback', values: [] })
    expect(await change).toMatchObject({ code: 'OK', message: { name: 'Late' } })
    await closed
  })
  expect((await other.call('item.Item/List', {})).code).toBe('UNAVAILABLE')
  await other.close()
})

test('closing cuts what does not finish in time', async () => {
  const other = await startRpcApi({ http: { shutdown_timeout_ms: 200 } })
  const session = connectHttp2(other.url)
  session.on('error', () => {})
  const stream = session.request({
    ':method': 'POST',
    ':path': '/item.Item/List',
    'content-type': 'application/grpc',
  })
  stream.on('error', () => {})
  await once(session, 'remoteSettings')
  await other.stop()
  if (!session.destroyed) await once(session, 'close')
  await other.close()
})
