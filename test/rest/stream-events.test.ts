import { eventPageDto } from '../../cmd/api/rest/event'
import { pollUntil } from '../harness/poll'
import { startProxy, type Proxy } from '../harness/proxy'
import { startApi, type Account, type TestApi } from './api'
import { openEvents, type EventReader } from './sse'

let api: TestApi
let proxy: Proxy
let account: Account
const readers: EventReader[] = []

beforeAll(async () => {
  const reach = async (url: string) => (proxy = await startProxy(url)).url
  api = await startApi({ reach, event: { streams_max: 3, poll_interval_ms: 20 } })
  account = await api.anAccount()
})
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.close()
  await pollUntil(async () => (await openCount()) === 0, { what: 'streams let go' })
})
afterAll(async () => {
  await api.close()
  await proxy.close()
})

async function open(options: Parameters<typeof openEvents>[1] = {}): Promise<EventReader> {
  const reader = await openEvents(api.url(), options)
  readers.push(reader)
  return reader
}

async function openCount(): Promise<number> {
  const { text } = await api.send({ path: '/metrics' })
  return Number(/^tillbook_event_streams_open (\d+)$/m.exec(text)?.[1])
}

const latest = async () => (await api.get('/events?after=latest', eventPageDto)).next_cursor

const idsOf = (events: { data: { transaction: { id: string } } }[]) =>
  events.map(({ data }) => data.transaction.id)

async function post(count: number): Promise<string[]> {
  const ids: string[] = []
  for (let i = 0; i < count; i++) ids.push((await api.deposit(account, '1.00')).id)
  return ids
}

test('sends what is there and then what comes, each event as on a page', async () => {
  const after = await latest()
  const first = await post(3)
  const reader = await open({ query: `after=${after}` })
  expect(reader.status).toBe(200)
  expect(reader.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    vary: 'Accept',
  })
  await reader.receives(3)
  const more = await post(3)
  const events = await reader.receives(6)
  expect(idsOf(events)).toEqual([...first, ...more])
  expect(reader.text()).toMatch(/^retry: 2000\n\n/)
  const page = await api.get(`/events?after=${after}`, eventPageDto)
  expect(events.map(({ data }) => data as unknown)).toEqual(page.data)
  for (const { id, event, data } of events) expect([id, event]).toEqual([data.id, data.type])
})

test('two readers at different positions each get all that is behind theirs', async () => {
  const after = await latest()
  const posted = await post(10)
  const one = await open({ query: `after=${after}` })
  const [, , third] = await one.receives(10)
  const two = await open({ query: `after=${third!.id}` })
  posted.push(...(await post(5)))
  expect(idsOf(await one.receives(15))).toEqual(posted)
  expect(idsOf(await two.receives(12))).toEqual(posted.slice(3))
})

test('begins with what comes, after latest; at the beginning, without a position', async () => {
  await post(1)
  const fromNow = await open({ query: 'after=latest' })
  const fromStart = await open()
  const [id] = await post(1)
  await pollUntil(() => idsOf(fromNow.events()).includes(id!), { what: 'the new event' })
  expect(fromNow.events().length).toBeLessThan(3)
  await pollUntil(() => idsOf(fromStart.events()).includes(id!), { what: 'the new event' })
  const [row] = await api.sql<{ count: number }>('select count(*)::int as count from transaction')
  expect(fromStart.events()).toHaveLength(row!.count)
})

test('goes on after Last-Event-ID, whatever the query says, also from a restarted API', async () => {
  const after = await latest()
  const posted = await post(5)
  const before = await open({ query: `after=${after}` })
  const [, second] = await before.receives(5)
  await api.restart()
  expect(await before.ended).toBe(true)
  posted.push(...(await post(2)))
  const again = await open({ query: `after=${after}`, lastEventId: second!.id })
  posted.push(...(await post(2)))
  expect(idsOf(await again.receives(7))).toEqual(posted.slice(2))
})

test('waits for a transaction that is committed late, and sends it in its place', async () => {
  const late = await api.anAccount()
  const reader = await open({ query: `after=${await latest()}` })
  const lateId = '00000000-0000-7000-8000-000000000002'
  let posted: string[] = []
  await api.db.withClient(async (client) => {
    const run = (text: string, values: unknown[] = []) => client.query({ text, values })
    await run('begin')
    await run(
      `insert into transaction
         (id, account_id, currency, amount, balance_after, entry_no, effective_at, created_at)
       values ($1, $2, 'EUR', 100, 100, 1, now(), now())`,
      [lateId, late.id],
    )
    await run('update account set balance = 100, entry_no = 1 where id = $1', [late.id])
    posted = await post(20)
    expect(reader.events()).toEqual([])
    await run('commit')
  })
  expect(idsOf(await reader.receives(21))).toEqual([lateId, ...posted])
})

test('a slow reader keeps nobody waiting, and gets all that it missed', async () => {
  const after = await latest()
  const slow = await open({ query: `after=${after}` })
  const quick = await open({ query: `after=${after}` })
  slow.pause()
  // More than the system keeps for somebody who does not read.
  const count = 3000
  for (let i = 0; i < 5; i++) {
    await api.sql(
      `with posted as (
         insert into transaction (id, account_id, currency, amount, balance_after, entry_no, effective_at, created_at, metadata)
         select gen_random_uuid(), a.id, a.currency, 1, a.balance + n, a.entry_no + n, clock_timestamp(), clock_timestamp(),
           jsonb_build_object('note', repeat('x', 5000))
         from account a, generate_series(1, $2::int) n
         where a.id = $1
       )
       update account set balance = balance + $2::int, entry_no = entry_no + $2::int where id = $1`,
      [account.id, count / 5],
    )
  }
  const ids = idsOf(await quick.receives(count))
  expect(slow.events().length).toBeLessThan(count)
  slow.resume()
  expect(idsOf(await slow.receives(count))).toEqual(ids)
  const rows = await api.sql<{ id: string }>(
    'select id from transaction order by xact_no desc, id desc limit $1',
    [count],
  )
  expect(ids).toEqual(rows.map(({ id }) => id).reverse())
})

test('no more streams are open than are configured: 503, until one is closed', async () => {
  const [first] = [await open(), await open(), await open()]
  const path = '/events'
  const headers = { Accept: 'text/event-stream' }
  const refused = await api.send({ path, headers })
  expect(refused.body).toMatchObject({ status: 503, code: 'event.too_many_streams' })
  expect(refused.headers['retry-after']).toBe('5')
  expect((await api.send({ path })).status).toBe(200)
  first.close()
  await pollUntil(async () => (await openCount()) === 2, { what: 'stream let go' })
  expect((await open()).status).toBe(200)
})

test('outlives a database that is away, and misses nothing', async () => {
  const reader = await open({ query: `after=${await latest()}` })
  const posted = await post(2)
  await reader.receives(2)
  proxy.mode = 'closed'
  const away = await api.send({ path: '/events', headers: { Accept: 'text/event-stream' } })
  expect(away.body).toMatchObject({ status: 503, code: 'database.unavailable' })
  proxy.mode = 'open'
  await pollUntil(async () => (await api.send({ path: '/readyz' })).status === 200, {
    what: 'ready API',
  })
  posted.push(...(await post(2)))
  expect(idsOf(await reader.receives(4))).toEqual(posted)
})

test('refuses a made-up Last-Event-ID, and one of another ledger', async () => {
  const headers = { Accept: 'text/event-stream' }
  const uuid = '019c1f6e-8d7a-7c3b-9f10-2b6f0c5d4e3a'
  const invalid = { status: 400, code: 'request.invalid', paths: ['last-event-id'] }
  for (const id of ['x', 'latest', `-1-${uuid}`, `1-${uuid}x`]) {
    await api.refuses({ path: '/events', headers: { ...headers, 'Last-Event-ID': id } }, invalid)
  }
  const foreign = { ...headers, 'Last-Event-ID': `9223372036854775807-${uuid}` }
  const unknown = { status: 400, code: 'event.unknown_position' }
  await api.refuses({ path: '/events', headers: foreign }, unknown)
})

test('is ended at once when the API is told to close', async () => {
  const [one, two] = [await open(), await open({ query: 'after=latest' })]
  await api.restart()
  expect([await one.ended, await two.ended]).toEqual([true, true])
})

test('a HEAD is answered without a body, and lets go', async () => {
  const headers = { Accept: 'text/event-stream' }
  const answer = await api.send({ method: 'HEAD', path: '/events', headers })
  expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/event-stream'])
})
