import { newRandom, newSeed, pick } from '../harness/random'
import { openShop, orderOf, patient, type Shop } from './shop'
import { startService, type Service } from './service'

// O3: no created order without its one message, and no message without a created order.

const seed = newSeed()

// What fails opens the circuit, and each time it is open the orders behind it wait for seconds.
jest.setTimeout(120_000)

let shop: Shop
let service: Service

beforeAll(async () => {
  service = await startService()
  shop = await openShop({
    ...patient,
    url: service.url,
    work: { attempts_max: 3, backoff_base_ms: 5, timeout_ms: 20_000 },
  })
})

afterAll(async () => {
  await shop.close()
  await service.close()
})

test(`O3 created if and only if there is one message, over random orders (SEED=${seed})`, async () => {
  const random = newRandom(seed)
  const users = ['u', 'nobody', 'broken', 'flapping']
  const products = ['p', 'nothing', 'broken', 'junk']
  const wishes = [undefined, 'respond-async', 'wait=1']
  const keys = [undefined, ...Array.from({ length: 15 }, (_, i) => `key-${i}`)]
  service.answers['/users/broken'] = 500
  service.answers['/products/broken'] = 503
  service.answers['/products/junk'] = { code: 'junk', name: 'Junk', price: -1 }

  const placed = new Set<string>()
  // One of each end for certain, while no circuit is open yet; the rest is chance.
  for (const product of ['p', 'broken']) {
    placed.add(orderOf(await shop.place('u', product)).id)
  }
  for (let round = 0; round < 6; round++) {
    service.answers['/users/flapping'] =
      round % 2 ? 500 : { id: 'flapping', firstName: 'F', lastName: 'L' }
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => {
        const headers: Record<string, string> = {}
        const [prefer, key] = [pick(random, wishes), pick(random, keys)]
        if (prefer) headers.prefer = prefer
        if (key) headers['idempotency-key'] = key
        return shop.place(pick(random, users), pick(random, products), { headers })
      }),
    )
    for (const answer of answers.filter(({ status }) => status < 300)) {
      placed.add(orderOf(answer).id)
    }
  }
  for (const id of placed) await shop.settled(id)

  const wrong = await shop.sql(`
    select o.id, o.status, count(m.id) as messages
    from shop_order o
    full join outbox_message m on m.aggregate_id = o.id
    group by o.id, o.status
    having count(m.id) <> case when o.status = 'created' then 1 else 0 end or o.id is null`)
  expect(wrong).toEqual([])
  const [ends] = await shop.sql<Record<string, number>>(`
    select
      count(*)::int as orders,
      count(*) filter (where status = 'created')::int as created,
      count(*) filter (where status = 'failed')::int as failed
    from shop_order`)
  // None is lost that was answered, none is there that was not, and both ends were reached.
  expect(ends!.orders).toBe(placed.size)
  expect(ends!.created! + ends!.failed!).toBe(placed.size)
  expect(Math.min(ends!.created!, ends!.failed!)).toBeGreaterThan(0)
})
