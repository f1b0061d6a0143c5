import { randomUUID } from 'node:crypto'
import { aCustomer, ada, grace, openShop, orderOf, patient, problemOf, type Shop } from './shop'
import { startService, type Service } from './service'

// T2: with a key, a request is carried out once, however often and from wherever it comes.

let shop: Shop
let service: Service

beforeAll(async () => {
  service = await startService({
    [`/users/${ada}`]: { id: ada, firstName: 'Ada', lastName: 'Lovelace' },
    '/products/classic-box': { code: 'classic-box', name: 'Classic Box', price: 9.99 },
  })
  shop = await openShop({ ...patient, url: service.url, withoutWorker: true })
})

afterAll(async () => {
  await shop.close()
  await service.close()
})

const withKey = (key: string) => ({ headers: { 'idempotency-key': key } })

test('T2 the same request again gives the same order, and asks nobody', async () => {
  const sent = withKey(randomUUID())
  const first = await shop.place(ada, 'classic-box', sent)
  expect(first.headers).not.toHaveProperty('idempotency-replayed')
  const [before, asked] = [await shop.counts(), new Map(service.asked)]
  const again = await shop.place(ada, 'classic-box', sent)
  expect([again.status, again.text]).toEqual([201, first.text])
  expect(again.headers).toMatchObject({
    'idempotency-replayed': 'true',
    location: first.headers.location,
  })
  expect(await shop.counts()).toEqual(before)
  expect(service.asked).toEqual(asked)
})

test('T2 twenty at once with one key are one order, one message, and twenty equal answers', async () => {
  const before = await shop.counts()
  const sent = withKey(randomUUID())
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => shop.place(ada, 'classic-box', sent)),
  )
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
  const isFirst = answers.filter(({ headers }) => !('idempotency-replayed' in headers))
  expect(isFirst).toHaveLength(1)
  const { orders, keys, messages } = before
  expect(await shop.counts()).toEqual({
    orders: orders + 1,
    keys: keys + 1,
    messages: messages + 1,
  })
})

test('T2 twenty at once with twenty keys are twenty orders', async () => {
  const before = await shop.counts()
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => shop.place(ada, 'classic-box', withKey(randomUUID()))),
  )
  expect(new Set(answers.map((answer) => orderOf(answer).id)).size).toBe(20)
  expect((await shop.counts()).orders).toBe(before.orders + 20)
})

test('T2 two at once with one key and two bodies: one order, and one refusal', async () => {
  const sent = withKey(randomUUID())
  const before = await shop.counts()
  const answers = await Promise.all([
    shop.place(ada, 'classic-box', sent),
    shop.place(ada, 'p', sent),
    shop.place('u', 'classic-box', sent),
  ])
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 422, 422])
  for (const answer of answers.filter(({ status }) => status === 422)) {
    expect(problemOf(answer).code).toBe('idempotency.key_reused')
  }
  expect((await shop.counts()).orders).toBe(before.orders + 1)
})

test('T2 a key is the caller’s own', async () => {
  const [one, other] = [await aCustomer(shop, service), await aCustomer(shop, service)]
  const sent = withKey('monday')
  const ofOne = orderOf(await shop.place(one.userId, 'p', { ...sent, as: one }))
  const ofOther = orderOf(await shop.place(other.userId, 'p', { ...sent, as: other }))
  expect(ofOther.id).not.toBe(ofOne.id)
  expect(ofOther.user_id).toBe(other.userId)
})

test('T2 a refusal is given again, even when it would not be one any more', async () => {
  const sent = withKey(randomUUID())
  const first = await shop.place(grace, 'classic-box', sent)
  expect(first.status).toBe(422)
  service.answers[`/users/${grace}`] = { id: grace, firstName: 'Grace', lastName: 'Hopper' }
  const before = await shop.counts()
  const again = await shop.place(grace, 'classic-box', sent)
  expect(again.headers['idempotency-replayed']).toBe('true')
  const withoutInstance = ({ body }: { body: unknown }) => ({
    ...(body as object),
    instance: undefined,
  })
  expect(withoutInstance(again)).toEqual(withoutInstance(first))
  expect(await shop.counts()).toEqual(before)
  expect((await shop.place(grace, 'classic-box', withKey(randomUUID()))).status).toBe(201)
})

test('T2 many refused at once with one key are remembered once', async () => {
  const sent = withKey(randomUUID())
  const before = await shop.counts()
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => shop.place('nobody', 'nothing', sent)),
  )
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([422]))
  const { orders, keys, messages } = before
  expect(await shop.counts()).toEqual({ orders, keys: keys + 1, messages })
})

test('T2 a pending order is the same one later, as it is by then', async () => {
  const sent = withKey(randomUUID())
  const headers = { ...sent.headers, prefer: 'respond-async' }
  const first = await shop.place(ada, 'classic-box', { headers })
  expect(first.status).toBe(202)
  const { id } = orderOf(first)
  const again = await shop.place(ada, 'classic-box', sent)
  expect([again.status, orderOf(again).id]).toEqual([202, id])
  expect(again.headers['retry-after']).toBe('2')

  const failed = `update shop_order set status = 'failed', failure = 'It was not to be.', next_at = null where id = $1`
  await shop.sql(failed, [id])
  const atLast = await shop.place(ada, 'classic-box', sent)
  expect(atLast.status).toBe(202)
  expect(orderOf(atLast)).toMatchObject({ id, status: 'failed', failure: 'It was not to be.' })
  expect(atLast.headers).not.toHaveProperty('retry-after')
})

test('O1 an order that has ended never changes again, whatever code is at work', async () => {
  const { id } = orderOf(await shop.place(ada, 'classic-box'))
  const change = (set: string) => shop.sql(`update shop_order set ${set} where id = $1`, [id])
  for (const set of ['total_amount = 1', `status = 'pending'`, `product_name = 'Another'`]) {
    await expect(change(set)).rejects.toMatchObject({ code: '23001' })
  }
  expect(orderOf(await shop.send('GET', `/orders/${id}`))).toMatchObject({
    ...{ status: 'created', total_amount: '9.99', product_name: 'Classic Box' },
  })
})

test('O1 the message of an order is not deleted before it is published, whatever code is at work', async () => {
  const { id } = orderOf(await shop.place(ada, 'classic-box'))
  const text = 'delete from outbox_message where aggregate_id = $1'
  await expect(shop.sql(text, [id])).rejects.toMatchObject({ code: '23001' })
  await shop.sql('update outbox_message set published_at = now() where aggregate_id = $1', [id])
  await shop.sql(text, [id])
})

test.each(['', 'with space', 'ä', 'x'.repeat(256)])(
  'T2 %j is no key, and nothing is ordered',
  async (key) => {
    const before = await shop.counts()
    const latin1 = Buffer.from(key).toString('latin1')
    const answer = await shop.place(ada, 'classic-box', withKey(latin1))
    expect([answer.status, problemOf(answer).errors?.[0]?.path]).toEqual([400, 'idempotency-key'])
    expect(await shop.counts()).toEqual(before)
  },
)
