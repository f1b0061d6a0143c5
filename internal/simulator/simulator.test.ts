import { newSeed } from '../../test/harness/random'
import { newLog } from '../log/log'
import type { FaultName } from './fault'
import { startSimulator, type Simulator, type SimulatorOptions } from './simulator'

const seed = newSeed()
const log = newLog({ level: 'silent', format: 'json' })

let simulator: Simulator
afterEach(() => simulator.close())

async function start(options: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  const address = { host: '127.0.0.1', port: 0 }
  const delays = { delayScale: 0.001, reserveDelayMs: 30_000 }
  simulator = await startSimulator({ ...address, ...delays, batch: false, seed, log, ...options })
  return simulator
}

/** The status, the answer and the milliseconds that it took. */
async function ask(path: string, init: RequestInit = {}) {
  const begin = performance.now()
  const response = await fetch(simulator.url + path, { redirect: 'manual', ...init })
  const text = await response.text()
  return {
    status: response.status,
    body: text === '' ? undefined : (JSON.parse(text) as unknown),
    tookMs: performance.now() - begin,
  }
}

function reserve(item: string, key?: string) {
  return ask('/reserve', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key && { 'idempotency-key': key }) },
    body: JSON.stringify({ item }),
  })
}

async function reservedId(item: string, key?: string): Promise<number> {
  const { status, body } = await reserve(item, key)
  expect(status).toBe(200)
  expect(body).toEqual({ reservation_id: expect.any(Number) })
  return (body as { reservation_id: number }).reservation_id
}

const classicBox = { code: 'classic-box', name: 'Classic Box', price: 9.99 }
const familyBox = { code: 'family-box', name: 'Family Box', price: 14.99 }
const ada = { id: '7c11e1ce2741', firstName: 'Ada', lastName: 'Lovelace' }
const grace = { id: 'e6f24d7d1c7e', firstName: 'Grace', lastName: 'Hopper' }

describe('R5 O4: the tables', () => {
  test.each([
    ['/users/7c11e1ce2741', 200, ada, 300],
    ['/users/nobody', 404, undefined, 10],
    ['/products/classic-box', 200, classicBox, 200],
    ['/products/family-box', 200, familyBox, 60_000],
    ['/products/veggie-box', 500, undefined, 200],
    ['/products/constructor', 404, undefined, 10],
  ])('GET %s answers %i', async (path, status, body, afterMs) => {
    const delayScale = 0.002
    await start({ delayScale })
    const answer = await ask(path)
    expect(answer.status).toBe(status)
    if (body) expect(answer.body).toEqual(body)
    // A timer may come a millisecond early.
    expect(answer.tookMs).toBeGreaterThan(afterMs * delayScale - 2)
  })

  test('the user e6f24d7d1c7e fails every other time, whoever else is asked for', async () => {
    await start({ delayScale: 0 })
    const answers = []
    for (let i = 0; i < 4; i++) {
      answers.push(await ask('/users/e6f24d7d1c7e'))
      expect((await ask('/users/7c11e1ce2741')).status).toBe(200)
    }
    expect(answers.map(({ status }) => status)).toEqual([500, 200, 500, 200])
    expect(answers[1]!.body).toEqual(grace)
  })
})

describe('R2 R5: the reservation service', () => {
  test('takes its time, which is scaled', async () => {
    await start({ delayScale: 0.001 })
    const { tookMs } = await reserve('laptop', 'a')
    expect(tookMs).toBeGreaterThan(28)
  })

  test('reserves once per key, whether it is asked again or twice at once', async () => {
    await start()
    const [first, atOnce] = await Promise.all([
      reservedId('laptop', 'a'),
      reservedId('laptop', 'a'),
    ])
    const again = await reservedId('laptop', 'a')
    const other = await reservedId('mouse', 'b')
    expect([atOnce, again]).toEqual([first, first])
    expect(other).not.toBe(first)
    expect(simulator.state().reservations).toMatchObject({
      made: 2,
      repeated: 2,
      live: [
        { reservation_id: first, key: 'a', item: 'laptop' },
        { reservation_id: other, key: 'b', item: 'mouse' },
      ],
      doubled: { items: [], keys: [] },
    })
  })

  test('shows what was reserved twice because no key, or another one, was sent', async () => {
    await start({ delayScale: 0 })
    await Promise.all([reserve('laptop'), reserve('laptop'), reserve('mouse', 'a')])
    await reserve('mouse', 'b')
    const { doubled } = simulator.state().reservations
    expect(doubled.items.sort()).toEqual(['laptop', 'mouse'])
  })

  test('refuses a key that was used for another item, an item without a name, and what is sold out', async () => {
    await start({ delayScale: 0 })
    await reserve('laptop', 'a')
    expect((await reserve('mouse', 'a')).status).toBe(422)
    expect((await reserve('')).status).toBe(400)
    expect((await reserve('sold-out', 'b')).status).toBe(409)
    expect(simulator.state().reservations.made).toBe(1)
  })

  test('gives back once, and is asked for it as often as one likes', async () => {
    await start({ delayScale: 0 })
    const id = await reservedId('laptop', 'a')
    const drop = () => ask(`/reserve/${id}`, { method: 'DELETE' })
    expect([(await drop()).status, (await drop()).status]).toEqual([204, 204])
    expect((await ask('/reserve/1', { method: 'DELETE' })).status).toBe(204)
    expect(simulator.state().reservations).toMatchObject({ live: [], released: 1 })
    expect(await reservedId('laptop', 'a')).toBe(id)
    expect(simulator.state().reservations.live).toEqual([])
  })

  test('tells by key what became of it, and that one is under way', async () => {
    await start({ delayScale: 0.01 })
    const find = () => ask('/reserve?key=a')
    expect((await find()).status).toBe(404)
    const reserving = reservedId('laptop', 'a')
    while (simulator.state().reservations.pending === 0) await new Promise(setImmediate)
    expect(await find()).toMatchObject({ status: 202, body: { status: 'pending' } })
    const id = await reserving
    expect(await find()).toMatchObject({ body: { reservation_id: id, status: 'reserved' } })
    await ask(`/reserve/${id}`, { method: 'DELETE' })
    expect(await find()).toMatchObject({ body: { reservation_id: id, status: 'released' } })
  })

  test('reserves although the caller went away', async () => {
    await start({ delayScale: 0.002 })
    const gone = new AbortController()
    const asking = ask('/reserve', {
      method: 'POST',
      body: '{"item":"laptop"}',
      headers: { 'idempotency-key': 'a' },
      signal: gone.signal,
    })
    while (simulator.state().reservations.pending === 0) await new Promise(setImmediate)
    gone.abort()
    await expect(asking).rejects.toThrow('aborted')
    expect(await reservedId('laptop', 'a')).toBe(
      simulator.state().reservations.live[0]!.reservation_id,
    )
    expect(simulator.state()).toMatchObject({
      services: { reservation: { aborted: 1 } },
      reservations: { made: 1, repeated: 1 },
    })
  })

  test('has batches when they are switched on', async () => {
    await start({ delayScale: 0, batch: true })
    const items = ['a', 'b', 'a'].map((key) => ({ key, item: 'laptop' }))
    const post = () => ask('/reserve/batch', { method: 'POST', body: JSON.stringify({ items }) })
    const { status, body } = await post()
    const { reservations } = body as { reservations: { key: string; reservation_id: number }[] }
    expect(status).toBe(200)
    expect(reservations.map(({ key }) => key)).toEqual(['a', 'b', 'a'])
    expect(reservations[2]!.reservation_id).toBe(reservations[0]!.reservation_id)
    expect(await reservedId('laptop', 'b')).toBe(reservations[1]!.reservation_id)
    await simulator.close()
    await start({ delayScale: 0 })
    expect((await post()).status).toBe(404)
  })
})

describe('R5: /admin', () => {
  const put = (faults: unknown) =>
    ask('/admin/faults', { method: 'PUT', body: JSON.stringify(faults) })

  test('changes what goes wrong, for the named services only, and back', async () => {
    await start({ delayScale: 0 })
    expect((await put({ product: { error: 1 } })).status).toBe(200)
    expect((await ask('/products/classic-box')).status).toBe(500)
    expect((await ask('/users/7c11e1ce2741')).status).toBe(200)
    expect((await ask('/admin/faults')).body).toMatchObject({ product: { error: 1, drop: 0 } })
    await put({})
    expect((await ask('/products/classic-box')).status).toBe(200)
  })

  test('refuses faults that it does not know, and shares that are none', async () => {
    await start()
    for (const wrong of [{ product: { fire: 1 } }, { user: { drop: 1.5 } }, { shop: {} }, 'all']) {
      expect((await put(wrong)).status).toBe(400)
    }
    expect((await put({ user: { drop: 0.6, error: 0.6 } })).status).toBe(400)
  })

  test('tells how many calls there were, and how many at once', async () => {
    await start({ delayScale: 0.1 })
    await Promise.all(Array.from({ length: 5 }, () => ask('/products/classic-box')))
    const { body } = await ask('/admin/state')
    const product = { calls: 5, in_flight_max: 5, aborted: 0 }
    expect(body).toMatchObject({ seed, services: { product, user: { calls: 0 } } })
  })
})

describe('R5: a fault', () => {
  test.each(['drop', 'error_after', 'html', 'half_json'] satisfies FaultName[])(
    '%s strikes when the reservation is made',
    async (fault) => {
      await start({ delayScale: 0 })
      simulator.setFaults({ reservation: { [fault]: 1 } })
      await reserve('laptop', 'a').catch(() => {})
      simulator.setFaults({})
      expect(simulator.state().reservations).toMatchObject({ made: 1, repeated: 0 })
      expect(await reservedId('laptop', 'a')).toBe(
        simulator.state().reservations.live[0]!.reservation_id,
      )
    },
  )

  test('error keeps it from being made', async () => {
    await start({ delayScale: 0 })
    simulator.setFaults({ reservation: { error: 1 } })
    expect((await reserve('laptop', 'a')).status).toBe(500)
    expect(simulator.state().reservations.made).toBe(0)
  })

  test(`strikes the same calls for the same seed (SEED=${seed})`, async () => {
    await start({ delayScale: 0 })
    const draw = async () => {
      simulator.setFaults({ seed, product: { error: 0.5 } })
      const statuses = []
      for (let i = 0; i < 40; i++) statuses.push((await ask('/products/classic-box')).status)
      return statuses
    }
    const first = await draw()
    expect(await draw()).toEqual(first)
    expect(new Set(first)).toEqual(new Set([200, 500]))
  })
})

test('closes at once, whoever waits for an answer', async () => {
  await start({ delayScale: 1 })
  const asking = ask('/products/family-box')
  const failed = expect(asking).rejects.toThrow('fetch failed')
  while (simulator.state().services.product.in_flight === 0) await new Promise(setImmediate)
  await simulator.close()
  await failed
})
