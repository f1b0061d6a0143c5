import { z } from 'zod'
import { startSimulator, type Simulator } from '../../internal/simulator/simulator'
import { reservationDto, troubledReservationPageDto } from '../../pkg/reservation/dto/reservation'
import { silentLog } from '../harness/log'
import { pollUntil } from '../harness/poll'
import { startApi, type TestApi } from '../rest/api'
import { openEvents, type EventReader } from '../rest/sse'
import { newCarts, openStore } from './cart'
import { workConfig } from './shop'

const nowhere = '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e'

let api: TestApi
let simulator: Simulator
let carts: ReturnType<typeof newCarts>
const streams: EventReader[] = []

beforeAll(async () => {
  simulator = await startSimulator({
    ...{ host: '127.0.0.1', port: 0, delayScale: 1, reserveDelayMs: 5, batch: false, seed: 1 },
    log: silentLog(),
  })
  const { upstreams, worker } = workConfig(simulator.url, {})
  api = await startApi({
    upstreams,
    // Seldom looks by itself: what happens at once was nudged.
    worker: { ...worker, in_process: true },
    watch: { poll_interval_ms: 20, streams_max: 4, streams_of_user_max: 3 },
  })
  await openStore(api.sql)
  carts = newCarts(api.sql)
})
afterEach(() => {
  for (const stream of streams.splice(0)) stream.close()
})
afterAll(async () => {
  await api.close()
  await simulator.close()
})

async function watch(lastEventId?: string): Promise<EventReader> {
  const stream = await openEvents(api.url(), {
    path: '/items/events',
    ...(lastEventId !== undefined && { lastEventId }),
  })
  streams.push(stream)
  return stream
}

/** What the stream told last of each line. */
function statuses(stream: EventReader): Map<string, string> {
  return new Map(
    stream.events().map(({ data }) => {
      const { line_id, status } = reservationDto.parse(data)
      return [line_id, status]
    }),
  )
}

const tells = (stream: EventReader, line: string, status: string) =>
  pollUntil(() => statuses(stream).get(line) === status, { what: `${line} ${status}` })

test('R2: a line is reserved in the background, inside the API too, and the stream tells each step', async () => {
  const stream = await watch()
  expect(stream.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'x-accel-buffering': 'no',
  })
  const [line] = await carts.add({ user: 'demo' })
  await tells(stream, line!, 'reserved')
  const [event] = stream.events().slice(-1)
  const data = reservationDto.parse(event!.data)
  expect(data).toMatchObject({ item: 'laptop', attempts: 0, next_attempt_at: null, reason: null })
  expect(data.reservation_id).toBe(simulator.state().reservations.live.at(-1)!.reservation_id)
  await carts.remove([line!])
  await tells(stream, line!, 'released')
})

test('R2: a stream begins with what is in the cart, and goes on behind the last event that was seen', async () => {
  const [gone, stays] = await carts.add({ user: 'demo', count: 2 })
  await carts.reaches([gone!, stays!], 'held')
  const [first, observer] = [await watch(), await watch()]
  await tells(first, gone!, 'reserved')
  await tells(first, stays!, 'reserved')
  const { id } = first.events().at(-1)!
  first.close()
  await carts.remove([gone!])
  // Told of already: whoever begins to listen before may be told of it, too.
  await tells(observer, gone!, 'released')
  // Without the position a line that was taken out meanwhile is no part of the cart any more.
  const [resumed, anew] = [await watch(id), await watch()]
  await tells(resumed, gone!, 'released')
  await tells(anew, stays!, 'reserved')
  expect(statuses(anew).has(gone!)).toBe(false)
})

test("R2: a stream tells nothing of anybody else's lines", async () => {
  const stream = await watch()
  const [other] = await carts.add({ user: 'bob' })
  const [own] = await carts.add({ user: 'demo' })
  await carts.reaches([other!], 'held')
  await tells(stream, own!, 'reserved')
  expect(statuses(stream).has(other!)).toBe(false)
})

test('R6: no more streams than there may be for one user', async () => {
  for (let i = 0; i < 3; i++) expect((await watch()).status).toBe(200)
  const fourth = await watch()
  await fourth.ended
  expect(fourth.status).toBe(503)
  expect(JSON.parse(fourth.text())).toMatchObject({ code: 'reservation.too_many_streams' })
})

test('R3: a failed reservation is asked for again on request, and listed for operators until then', async () => {
  simulator.setFaults({ reservation: { error: 1 } })
  const [line] = await carts.add({ user: 'demo' })
  await carts.reaches([line!], 'failed')
  const page = await api.get('/reservations?trouble=failed&limit=1', troubledReservationPageDto)
  expect(page).toMatchObject({
    data: [{ line_id: line, user_id: 'demo', status: 'failed', attempts: 8, desired: 'held' }],
    next_cursor: null,
  })
  simulator.setFaults({})
  const path = `/items/${line!}/reservation/retry`
  const answer = await api.send({ method: 'POST', path })
  expect(answer.status).toBe(202)
  expect(reservationDto.parse(answer.body)).toMatchObject({ status: 'pending', attempts: 0 })
  await carts.reaches([line!], 'held')
  await api.refuses({ method: 'POST', path }, { status: 409, code: 'reservation.not_failed' })
  const after = await api.get('/reservations?trouble=failed', troubledReservationPageDto)
  expect(after.data).toEqual([])
})

test('R3: one that is being asked for anyway stays as it is', async () => {
  simulator.setFaults({ reservation: { hang: 1 } })
  const [line] = await carts.add({ user: 'demo' })
  await carts.reaches([line!], 'requesting')
  const answer = await api.send({ method: 'POST', path: `/items/${line!}/reservation/retry` })
  expect(answer.status).toBe(202)
  expect(reservationDto.parse(answer.body)).toMatchObject({
    status: 'pending',
    next_attempt_at: null,
  })
  simulator.setFaults({})
})

test('R3: what cannot be given back is listed as leaked, in pages', async () => {
  const lines = await carts.add({ user: 'demo', count: 3 })
  await carts.reaches(lines, 'held')
  simulator.setFaults({ reservation: { error: 1 } })
  await carts.remove(lines)
  await pollUntil(async () => (await carts.rows(lines)).every(({ attempts }) => attempts > 0), {
    what: 'attempts',
  })
  const path = '/reservations?trouble=leaked&limit=2'
  const first = await api.get(path, troubledReservationPageDto)
  const rest = await api.get(`${path}&cursor=${first.next_cursor}`, troubledReservationPageDto)
  const listed = [...first.data, ...rest.data]
  expect(listed.map(({ line_id }) => line_id)).toEqual(lines)
  expect(new Set(listed.map(({ status }) => status))).toEqual(new Set(['pending']))
  simulator.setFaults({})
  await carts.reaches(lines, 'released')
})

test.each([
  ['POST', `/items/${nowhere}/reservation/retry`, 404, 'reservation.not_found'],
  ['POST', '/items/laptop/reservation/retry', 400, 'request.invalid'],
  ['GET', '/reservations', 400, 'request.invalid'],
  ['GET', '/reservations?trouble=none', 400, 'request.invalid'],
  ['GET', '/reservations?trouble=failed&limit=0', 400, 'request.invalid'],
  ['GET', '/reservations?trouble=failed&cursor=abc', 400, 'page.invalid_cursor'],
] as const)('refuses %s %s', async (method, path, status, code) => {
  await api.refuses({ method, path }, { status, code })
})

test('refuses a Last-Event-ID that is no time', async () => {
  const path = '/items/events'
  const headers = { accept: 'text/event-stream', 'last-event-id': 'yesterday' }
  await api.refuses({ path, headers }, { status: 400, code: 'request.invalid' })
})

test("another's line is not there for a customer", async () => {
  const { newReservationStore } = await import('../../pkg/reservation/sql/store')
  const [line] = await carts.add({ user: 'ada' })
  const store = newReservationStore(api.db)
  const of = (userId: string | undefined) => ({ lineId: line!, userId })
  expect(await store.find(of('bob'))).toBeUndefined()
  expect((await store.find(of('ada')))?.userId).toBe('ada')
  await carts.reaches([line!], 'held')
  await api.sql(`update reservation set actual = 'failed' where line_id = $1`, [line])
  expect(await store.retry(of('bob'))).toBeUndefined()
  expect((await store.retry(of(undefined)))?.actual).toBe('unknown')
  await carts.remove([line!])
  expect(await store.find(of('ada'))).toBeUndefined()
})

test('R6: the API tells what its work is at', async () => {
  const { text } = await api.send({ path: '/metrics' })
  z.string().parse(text)
  expect(text).toMatch(/^tillbook_reservations_in_flight \d+$/m)
  expect(text).toMatch(/^tillbook_reservations\{state="due"\} \d+$/m)
  expect(text).toMatch(/^tillbook_reservation_streams_open \d+$/m)
  expect(Number(/^tillbook_reservations_reserved_total (\d+)$/m.exec(text)![1])).toBeGreaterThan(0)
})
