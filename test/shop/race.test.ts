import { Client } from 'pg'
import { newShop } from '../../cmd/api/wiring/shop'
import { pollUntil } from '../harness/poll'
import { startShop, type ShopApi } from './api'
import { listContradictions } from './state'

// Requests go to two servers in turn, with a pool of connections each.
let shop: ShopApi
beforeAll(async () => {
  shop = await startShop()
})
afterAll(async () => {
  expect(await listContradictions(shop.db)).toEqual([])
  await shop.close()
})

const times = <T>(n: number, work: (i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: n }, (_, i) => work(i)))

test('R1: ten parallel "+1" on one make eleven', async () => {
  const as = await shop.aUser()
  await shop.add(as, 'laptop')
  const lines = await times(10, () => shop.add(as, 'laptop'))
  // Each was told the number that it made.
  expect(lines.map(({ quantity }) => quantity).sort((a, b) => a - b)).toEqual([
    ...[2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  ])
  expect((await shop.lines(as)).data).toMatchObject([{ quantity: 11 }])
})

test('parallel first adds open one cart with one line and one reservation', async () => {
  for (let round = 0; round < 10; round++) {
    const as = await shop.aUser()
    const lines = await times(8, () => shop.add(as, 'laptop'))
    expect(new Set(lines.map(({ cart_id, id }) => `${cart_id} ${id}`)).size).toBe(1)
    const [counts] = await shop.sql(
      `select count(distinct c.id)::int as carts, count(distinct l.id)::int as lines,
        count(r.id)::int as reservations, max(l.quantity) as quantity
       from cart c join cart_line l on l.cart_id = c.id join reservation r on r.line_id = l.id
       where c.user_id = $1`,
      [as],
    )
    expect(counts).toEqual({ carts: 1, lines: 1, reservations: 1, quantity: 8 })
  }
})

test('what is put in at the same time, by name and by item, is all there, in the order of its times', async () => {
  const as = await shop.aUser()
  const { id: itemId } = await shop.anItem({ name: 'shared', price: 1 })
  const { carts } = newShop(shop.db, { store_id: 'main', name: 'Shop', currency: 'EUR' })
  await times(30, async (i) => {
    if (i % 3 === 0) await carts.addItem({ userId: as, cartId: null, itemId, quantity: 1 })
    else await shop.add(as, i % 3 === 1 ? 'shared' : `free ${i}`)
  })
  const { data } = await shop.lines(as, 'limit=100')
  expect(data).toHaveLength(11)
  expect(data.find(({ item_id }) => item_id === itemId)).toMatchObject({ quantity: 20 })
})

test('of parallel adds at the limit of a line as many are taken as fit', async () => {
  const as = await shop.aUser()
  await shop.add(as, 'sand', 999_995)
  const sent = { method: 'POST' as const, path: '/items', json: { name: 'sand', quantity: 1 }, as }
  const answers = await times(12, () => shop.send(sent))
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(5)
  expect(answers.filter(({ status }) => status === 422)).toHaveLength(7)
  expect((await shop.lines(as)).data).toMatchObject([{ quantity: 1_000_000 }])
})

test('of parallel adds at the limit of a cart as many lines are taken as fit', async () => {
  const as = await shop.aUser()
  const { cart_id } = await shop.add(as, 'first')
  await shop.fillCart(cart_id, 1994)
  const answers = await times(12, (i) =>
    shop.send({ method: 'POST', path: '/items', json: { name: `new ${i}`, quantity: 1 }, as }),
  )
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(5)
  expect(answers.filter(({ status }) => status === 422)).toHaveLength(7)
})

test('changes, removals and adds of one line at once leave something that is whole', async () => {
  const as = await shop.aUser()
  for (let round = 0; round < 8; round++) {
    const { id } = await shop.add(as, 'pen', 5)
    const path = `/items/${id}`
    const answers = await times(12, (i) => {
      if (i % 3 === 0) return shop.send({ method: 'DELETE', path, as })
      if (i % 3 === 1) return shop.send({ method: 'PATCH', path, json: { quantity: i }, as })
      const json = { name: 'pen', quantity: 1 }
      return shop.send({ method: 'POST', path: '/items', json, as })
    })
    for (const { status } of answers) expect([200, 201, 404]).toContain(status)
    expect(answers.filter(({ status }, i) => i % 3 === 0 && status !== 200)).toEqual([])
  }
})

/** Holds the lock on a cart that is being ordered, until the end of its transaction. */
async function beginOrder(cartId: string): Promise<Client> {
  const client = new Client({ connectionString: shop.databaseUrl })
  await client.connect()
  await client.query('begin')
  await client.query(`update cart set status = 'ordered' where id = $1`, [cartId])
  return client
}

/** As soon as that many statements wait for a lock. */
const waiting = (count: number) =>
  pollUntil(
    async () => {
      const [row] = await shop.sql<{ waiting: number }>(
        `select count(*)::int as waiting from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`,
      )
      return row!.waiting >= count
    },
    { what: `${count} that wait` },
  )

describe('while the cart is being ordered', () => {
  test('what is put in waits, and opens one new cart', async () => {
    const as = await shop.aUser()
    const { cart_id } = await shop.add(as, 'pen')
    const order = await beginOrder(cart_id)
    const adding = times(4, () => shop.add(as, 'pen'))
    await waiting(1)
    await order.query('commit')
    await order.end()
    const lines = await adding
    expect(new Set(lines.map((line) => line.cart_id)).size).toBe(1)
    expect(lines[0]!.cart_id).not.toBe(cart_id)
    expect((await shop.lines(as)).data).toMatchObject([{ quantity: 4 }])
    const [ordered] = await shop.sql(
      `select sum(quantity)::int as sum from cart_line where cart_id = $1`,
      [cart_id],
    )
    expect(ordered).toEqual({ sum: 1 })
  })

  test('what is put in goes into it when the order comes to nothing', async () => {
    const as = await shop.aUser()
    const { cart_id } = await shop.add(as, 'pen')
    const order = await beginOrder(cart_id)
    const adding = shop.add(as, 'pen')
    await waiting(1)
    await order.query('rollback')
    await order.end()
    expect(await adding).toMatchObject({ cart_id, quantity: 2 })
  })

  test('every other change waits, and is refused', async () => {
    const as = await shop.aUser()
    const { id: itemId } = await shop.anItem({ name: `for ${as}`, price: 1 })
    const { carts } = newShop(shop.db, { store_id: 'main', name: 'Shop', currency: 'EUR' })
    const { id, cart_id: cartId } = await shop.add(as, `for ${as}`)
    const address = {
      ...{ line1: 'x', line2: '', line3: '', city: '', province: '', zipCode: '' },
      ...{ countryCode: '', other: '' },
    }
    const order = await beginOrder(cartId)
    const changes = [
      carts.addItem({ userId: as, cartId, itemId, quantity: 1 }),
      carts.updateQuantity({ userId: as, cartId, itemId, quantity: 3 }),
      carts.updateLine({ userId: as, lineId: id, quantity: 0 }),
      carts.empty({ userId: as, cartId }),
      carts.configureAddress({ userId: as, cartId, address }),
    ]
    const outcomes = Promise.allSettled(changes)
    await waiting(5)
    await order.query('commit')
    await order.end()
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'cart.ordered' } })
    }
    expect(await carts.get({ userId: as, cartId })).toMatchObject({
      ...{ status: 'ordered', address: null, lines: [{ quantity: 1 }] },
    })
  })
})
