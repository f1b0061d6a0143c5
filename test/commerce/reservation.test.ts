import { linePageDto } from '../../pkg/cart/dto/cart'
import { reservationDto } from '../../pkg/reservation/dto/reservation'
import { pollUntil } from '../harness/poll'
import { newForeignClient } from '../rpc/client'
import { basic } from '../rest/credentials'
import { openEvents } from '../rest/sse'
import { aCustomer, anItem, openPrograms, type Programs } from './programs'

// R1 to R4: a line of a cart from POST /items to its reservation, through the programs that a shop runs.

let programs: Programs
afterEach(() => programs?.close())

const add = (as: string, name: string, quantity = 1, path = '/items') =>
  programs.send(path, { as, json: { name, quantity } })

async function linesOf(as: string, path = '/items?limit=100') {
  return linePageDto.parse((await programs.send(path, { as })).json).data
}

/** Waits until every line is so; answers them. */
const untilAll = (as: string, status: string) =>
  pollUntil(
    async () => {
      const lines = await linesOf(as)
      return lines.every((line) => line.status === status) && lines
    },
    { what: `lines that are ${status}`, timeoutMs: 30_000 },
  )

const service = () => programs.simulator.state().services.reservation
const held = () => programs.simulator.state().reservations

test('R1 R2: a line is answered at once, is pending while the service is at it, and then has the id that the service gave', async () => {
  // 30 s, at a tenth.
  programs = await openPrograms({ apis: 2, delayScale: 0.1 })
  const as = await aCustomer(programs, 'ada')
  const added = await add(as, 'laptop')
  expect(added.status).toBe(201)
  expect(added.json).toMatchObject({
    ...{ name: 'laptop', quantity: 1, status: 'pending', reservation_id: null },
    reservation: { status: 'pending', reservation_id: null, attempts: 0 },
  })
  await pollUntil(() => service().calls === 1, { what: 'POST /reserve' })
  // The service is not through with it, so nobody has waited for it.
  expect(held()).toMatchObject({ pending: 1, live: [] })
  expect(await linesOf(as)).toMatchObject([{ status: 'pending', reservation_id: null }])

  const versioned = await add(as, 'mouse', 3, '/api/v1/items')
  expect(versioned.status).toBe(201)
  const lines = await untilAll(as, 'reserved')
  expect(lines.map(({ name, quantity }) => [name, quantity])).toEqual([
    ['laptop', 1],
    ['mouse', 3],
  ])
  expect(await linesOf(as, '/api/v1/items')).toEqual(lines)
  expect(held().live.map(({ item, reservation_id }) => [item, reservation_id])).toEqual(
    lines.map(({ name, reservation_id }) => [name, reservation_id]),
  )
})

test('R2: a line that is taken out before, during or after its reservation is released', async () => {
  programs = await openPrograms({ delayScale: 0.02, workers: 0 })
  const as = await aCustomer(programs, 'ada')
  const takeOut = async (name: string) => {
    const line = (await linesOf(as)).find((one) => one.name === name)!
    const answer = await programs.send(`/items/${line.id}`, { as, method: 'DELETE' })
    expect(answer.status).toBeLessThan(300)
  }
  const is = (name: string, status: string) =>
    pollUntil(async () => (await linesOf(as)).find((one) => one.name === name)!.status === status, {
      what: `${name} ${status}`,
    })
  for (const name of ['before', 'during', 'after']) expect((await add(as, name)).status).toBe(201)
  await takeOut('before')
  await programs.startWorker()
  await pollUntil(() => held().pending === 2, { what: 'two calls under way' })
  await takeOut('during')
  await is('after', 'reserved')
  await takeOut('after')
  await untilAll(as, 'released')
  // The first was never asked for; the others were, and the service has them back.
  expect(held()).toMatchObject({ made: 2, released: 2, live: [], doubled: { keys: [] } })
})

test('R3 R4: API and worker are killed in the middle: each line is reserved, once', async () => {
  programs = await openPrograms({ apis: 2, delayScale: 0.03 })
  const as = await aCustomer(programs, 'ada')
  const names = Array.from({ length: 20 }, (_, i) => `thing ${i}`)
  for (const name of names) expect((await add(as, name)).status).toBe(201)
  await pollUntil(() => held().pending > 0, { what: 'calls under way' })
  const [doomed] = programs.apis
  const worker = programs.workers[0]!
  for (const program of [doomed!.program, worker]) program.kill('SIGKILL')
  await Promise.all([doomed!.program.exited, worker.exited])
  await programs.startWorker()
  programs.apis.splice(0, 1, await programs.startApi())
  const lines = await untilAll(as, 'reserved')
  expect(lines.map(({ name }) => name)).toEqual(names)
  expect(held()).toMatchObject({ made: 20, doubled: { keys: [] } })
  expect(new Set(lines.map(({ reservation_id }) => reservation_id)).size).toBe(20)
})

test('R3: what is refused or fails eight times is failed, says why, and can be asked for again', async () => {
  programs = await openPrograms({ delayScale: 0.001 })
  const as = await aCustomer(programs, 'ada')
  programs.simulator.setFaults({ reservation: { error: 1 } })
  await add(as, 'laptop')
  const [line] = await untilAll(as, 'failed')
  expect(line!.reservation).toMatchObject({ attempts: 8, next_attempt_at: null })
  expect(line!.reservation.reason).toMatch(/reservation service/)
  expect(service().calls).toBe(8)
  programs.simulator.setFaults({})
  const path = `/items/${line!.id}/reservation/retry`
  const answer = await programs.send(path, { as, method: 'POST' })
  expect([answer.status, answer.json]).toMatchObject([202, { status: 'pending', attempts: 0 }])
  await untilAll(as, 'reserved')
  await add(as, 'sold-out')
  await pollUntil(
    async () => (await linesOf(as)).some(({ reservation: { reason } }) => reason?.includes('409')),
    { what: 'refusal' },
  )
})

test('R1 C1 C2: it is the same cart over REST and gRPC, and a free name has no price and is not bought', async () => {
  programs = await openPrograms({ delayScale: 0.001 })
  const as = await aCustomer(programs, 'ada', '100.00')
  const id = await anItem(programs, { name: 'pen', price: '0.10' })
  expect((await add(as, 'pen', 3)).json).toMatchObject({ item_id: id, price: '0.10' })
  expect((await add(as, 'a free name')).json).toMatchObject({ item_id: null, price: null })
  const client = newForeignClient(programs.apis[0]!.rpcPort)
  const message = { cart_uuid: '', item_uuid: id, quantity: 2 }
  const reply = await client.call('cart.Cart/AddItem', message, { as: basic(as) })
  client.close()
  const entries = [
    { item: { uuid: id, name: 'pen', price: 0.1 }, quantity: 5 },
    { item: { uuid: '', name: 'a free name', price: 0 }, quantity: 1 },
  ]
  expect(reply).toMatchObject({ message: { result: { user_uuid: as, entries, price_total: 0.5 } } })
  expect(await linesOf(as)).toMatchObject([
    { name: 'pen', quantity: 5 },
    { name: 'a free name', quantity: 1 },
  ])
  const checkout = await programs.send('/checkout', { as, json: { account_id: as } })
  expect([checkout.status, checkout.json]).toMatchObject([
    409,
    {
      lines: [{ name: 'a free name', reason: 'no_price' }],
      remaining: { lines: [{ name: 'pen', quantity: 5 }], total: '0.50' },
    },
  ])
})

test('R2 R3: a thousand lines are answered at once while the service takes its time, and all are reserved', async () => {
  // 30 s, at a twentieth, and 256 calls at once.
  programs = await openPrograms({ delayScale: 0.05 })
  const as = await aCustomer(programs, 'ada')
  const [api] = programs.apis
  const stream = await openEvents(api!.url, {
    path: '/items/events',
    authorization: basic(as),
  })
  const tookMs: number[] = []
  for (let i = 0; i < 1000; i++) {
    const begin = performance.now()
    const { status, json } = await add(as, `thing ${i}`)
    tookMs.push(performance.now() - begin)
    expect([status, json]).toMatchObject([201, { status: 'pending' }])
  }
  tookMs.sort((a, b) => a - b)
  expect(tookMs[500]).toBeLessThan(50)
  const [counts] = await pollUntil(
    async () => {
      const rows = await programs.sql<{ held: number; ids: number }>(
        `select count(*) filter (where actual = 'held')::int as held, count(distinct external_id)::int as ids
         from reservation`,
      )
      return rows[0]!.held === 1000 && rows
    },
    { what: '1,000 reservations', timeoutMs: 60_000 },
  )
  expect(counts).toEqual({ held: 1000, ids: 1000 })
  expect(service().in_flight_max).toBeLessThanOrEqual(256)
  expect(held()).toMatchObject({ made: 1000, pending: 0, doubled: { keys: [] } })
  // Whoever watched was told of each.
  const reserved = () =>
    stream.events().flatMap(({ data }) => {
      const { line_id, status } = reservationDto.parse(data)
      return status === 'reserved' ? [line_id] : []
    })
  await pollUntil(() => new Set(reserved()).size === 1000, { what: '1,000 events' })
  stream.close()
})
