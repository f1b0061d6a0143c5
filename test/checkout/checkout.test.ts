import { buy } from './buy'
import { openShop, type Shop } from './shop'
import { startTill, type Till } from './till'

let shop: Shop
let till: Till

beforeAll(async () => {
  shop = await openShop()
  till = await startTill(shop.url)
})

afterAll(async () => {
  await till?.close()
  await shop?.close()
})

/** All that a refused checkout must leave as it was. */
async function readState(): Promise<unknown> {
  const [row] = await shop.sql(
    `select
       (select array_agg(a::text order by id) from account a) as accounts,
       (select array_agg(s::text order by item_id) from stock s) as stock,
       (select array_agg(c::text order by id) from cart c) as carts,
       (select count(*) from transaction) as transactions,
       (select count(*) from shop_order) as orders,
       (select count(*) from order_line) as lines,
       (select count(*) from outbox_message) as messages`,
  )
  return row
}

type Ask = Parameters<typeof buy>[2]

/** Refused so, with nothing changed. */
async function refuses(caller: string, ask: Ask, status: number, code: string, key?: string) {
  const before = await readState()
  const { problem, ...answer } = await buy(till.url, caller, ask, key)
  expect({ status: answer.status, code: problem?.code }).toEqual({ status, code })
  expect(await readState()).toEqual(before)
  return problem!
}

test('T1: a cart becomes an order: goods, order, money and message in one commit', async () => {
  const ada = await shop.aCustomer(10_000n)
  const book = await shop.anItem({ price: 1250n, onHand: 10n, name: 'Book' })
  const pen = await shop.anItem({ price: 99n, name: 'Pen' })
  const cartId = await shop.aCart(ada, { [book]: 2, [pen]: 3 })
  const { status, order, isReplayed } = await buy(till.url, ada, { expected_total: '27.97' })
  expect({ status, isReplayed }).toEqual({ status: 201, isReplayed: false })
  expect(order).toMatchObject({
    ...{ user_id: ada, status: 'created', product_name: 'Book, Pen', total_amount: '27.97' },
    ...{ customer_fullname: `Ada ${ada}`, currency: 'EUR' },
    lines: [
      { item_id: book, name: 'Book', quantity: 2, unit_price: '12.50' },
      { item_id: pen, name: 'Pen', quantity: 3, unit_price: '0.99' },
    ],
  })
  const [row] = await shop.sql(
    `select c.status as cart, a.balance, t.amount, t.description, t.metadata, m.payload, m.exchange,
       m.routing_key, m.aggregate_version, o.xmin = t.xmin and o.xmin = m.xmin and o.xmin = c.xmin
         and o.xmin = s.xmin and o.xmin = a.xmin as is_one_commit
     from shop_order o
     join transaction t on t.id = o.transaction_id
     join outbox_message m on m.aggregate_id = o.id
     join cart c on c.id = o.cart_id
     join account a on a.id = o.owner_id
     join stock s on s.item_id = $2
     where o.id = $1`,
    [order!.id, book],
  )
  expect(row).toEqual({
    ...{ cart: 'ordered', balance: 7203n, amount: -2797n, is_one_commit: true },
    ...{ description: `Order ${order!.id}`, metadata: { order_id: order!.id } },
    ...{ exchange: 'orders', routing_key: 'created_order', aggregate_version: 1 },
    payload: {
      order: {
        ...{ order_id: order!.id, customer_fullname: `Ada ${ada}`, product_name: 'Book, Pen' },
        ...{ total_amount: 27.97, created_at: order!.created_at },
      },
    },
  })
  expect(await shop.stockOf(book)).toEqual({ on_hand: 8n, sold: 2n })
  expect(cartId).toBe(
    (await shop.sql<{ id: string }>(`select id from cart where user_id = $1`, [ada]))[0]!.id,
  )
})

describe('T1: refuses the whole cart', () => {
  test('when there is none, or nothing is in it', async () => {
    const ada = await shop.aCustomer()
    await refuses(ada, {}, 422, 'checkout.cart_empty')
    const cart = await shop.aCart(ada, {})
    await refuses(ada, {}, 422, 'checkout.cart_empty')
    await refuses(ada, { cart_id: cart }, 422, 'checkout.cart_empty')
  })

  test('when there is not enough money', async () => {
    const ada = await shop.aCustomer(999n)
    await shop.aCart(ada, { [await shop.anItem({ price: 1000n, onHand: 5n })]: 1 })
    const problem = await refuses(ada, {}, 422, 'account.insufficient_funds')
    expect(problem).toMatchObject({ amount: '-10.00', balance: '9.99' })
  })

  test('naming each line that has no price, too little stock, or left the market', async () => {
    const ada = await shop.aCustomer()
    const items = {
      unpriced: await shop.anItem({ price: null, name: 'Unpriced' }),
      gone: await shop.anItem({ price: 100n, name: 'Gone' }),
      none: await shop.anItem({ price: 100n, onHand: 0n, name: 'None' }),
      few: await shop.anItem({ price: 100n, onHand: 2n, name: 'Few' }),
      fine: await shop.anItem({ price: 250n, onHand: 2n, name: 'Fine' }),
    }
    await shop.sql(`update item set deleted_at = now() where id = $1`, [items.gone])
    const wanted = Object.fromEntries(Object.values(items).map((id) => [id, 2]))
    await shop.aCart(ada, { ...wanted, [items.few]: 3, 'Something else': 1 })
    const problem = await refuses(ada, {}, 409, 'checkout.lines_refused')
    expect(problem).toMatchObject({
      lines: [
        { name: 'Unpriced', reason: 'no_price', available: 0 },
        { name: 'Gone', reason: 'off_market', available: 0 },
        { name: 'None', reason: 'sold_out', available: 0 },
        { name: 'Few', reason: 'not_enough', available: 2, quantity: 3 },
        { name: 'Something else', reason: 'no_price', available: 0 },
      ],
      remaining: { lines: [{ name: 'Fine', quantity: 2 }], total: '5.00' },
    })
    expect(problem.detail).toMatch(/"None" is sold out; of "Few" there are 2 left, and not 3/)
  })

  test('when a price has changed since the customer looked, with the new total', async () => {
    const ada = await shop.aCustomer()
    const item = await shop.anItem({ price: 1000n, onHand: 5n })
    await shop.aCart(ada, { [item]: 2 })
    await shop.sql(`update item set price = 1100 where id = $1`, [item])
    const problem = await refuses(ada, { expected_total: '20.00' }, 409, 'checkout.total_changed')
    expect(problem).toMatchObject({ total: '22.00', lines: [{ unit_price: '11.00', quantity: 2 }] })
    expect(await buy(till.url, ada, { expected_total: 22 })).toMatchObject({ status: 201 })
  })

  test('when the account is not the customer’s, in another currency, closed or not there', async () => {
    const [ada, eve] = [await shop.aCustomer(), await shop.aCustomer()]
    await shop.aCart(ada, { [await shop.anItem({ price: 100n })]: 1 })
    await refuses(ada, { account_id: eve }, 404, 'account.not_found')
    await refuses(ada, { account_id: 'nobody' }, 404, 'account.not_found')
    const more = `insert into account (id, user_id, name, currency, closed_at) values ($1, $2, 'B', $3, $4)`
    await shop.sql(more, [`${ada}-usd`, ada, 'USD', null])
    await shop.sql(more, [`${ada}-old`, ada, 'EUR', new Date().toISOString()])
    await refuses(ada, { account_id: `${ada}-usd` }, 422, 'transaction.currency_mismatch')
    await refuses(ada, { account_id: `${ada}-old` }, 422, 'account.closed')
  })

  test('when the cart or the store is not there for the caller', async () => {
    const [ada, eve] = [await shop.aCustomer(), await shop.aCustomer()]
    const cart = await shop.aCart(ada, { [await shop.anItem({ price: 100n })]: 1 })
    await refuses(eve, { cart_id: cart }, 404, 'cart.not_found')
    await refuses(ada, { cart_id: cart, store_id: 'other' }, 404, 'cart.not_found')
    await refuses(ada, { store_id: 'other' }, 404, 'store.not_found')
  })

  test.each([
    [{ account_id: 'world:EUR' }],
    [{ cart_id: 'mine' }],
    [{ store_id: '' }],
    [{ expected_total: 'much' }],
    [{ expected_total: { $gt: 0 } }],
    [{ total: '1.00' }],
  ])('when it is asked with %j', async (ask) => {
    await refuses('ada', ask, 400, 'request.invalid')
  })
})

test('an operator pays from any account, for the cart that is theirs', async () => {
  const [ada, root] = [await shop.aCustomer(), await shop.aCustomer(0n)]
  await shop.aCart(root, { [await shop.anItem({ price: 100n })]: 1 })
  const ask = { account_id: ada }
  await refuses(root, ask, 404, 'account.not_found')
  const { order } = await buy(till.url, `${root} operator`, ask)
  expect(order).toMatchObject({ user_id: root, total_amount: '1.00' })
})

describe('T2: a repeat has the first answer', () => {
  test('with its key, to the byte, whatever else has happened since', async () => {
    const ada = await shop.aCustomer()
    const item = await shop.anItem({ price: 100n, onHand: 2n })
    await shop.aCart(ada, { [item]: 1 })
    const first = await buy(till.url, ada, {}, 'key')
    await shop.aCart(ada, { [item]: 1 })
    const again = await buy(till.url, ada, {}, 'key')
    expect(again).toEqual({ ...first, isReplayed: true })
    expect(await shop.stockOf(item)).toEqual({ on_hand: 1n, sold: 1n })
  })

  test('without a key: a cart becomes one order', async () => {
    const ada = await shop.aCustomer()
    const cart = await shop.aCart(ada, { [await shop.anItem({ price: 100n })]: 1 })
    const first = await buy(till.url, ada)
    expect(first).toMatchObject({ status: 201, isReplayed: false })
    for (const ask of [{}, { cart_id: cart }, { expected_total: '5.00' }]) {
      expect(await buy(till.url, ada, ask)).toEqual({ ...first, isReplayed: true })
    }
  })

  test('and a key that came to an ordered cart stays with its order', async () => {
    const ada = await shop.aCustomer()
    const item = await shop.anItem({ price: 100n })
    await shop.aCart(ada, { [item]: 1 })
    const first = await buy(till.url, ada)
    expect(await buy(till.url, ada, {}, 'late')).toEqual({ ...first, isReplayed: true })
    await shop.aCart(ada, { [item]: 1 })
    expect(await buy(till.url, ada, {}, 'late')).toEqual({ ...first, isReplayed: true })
  })

  test('a refusal as well, until it is asked under another key', async () => {
    const ada = await shop.aCustomer(0n)
    const item = await shop.anItem({ price: 100n, onHand: 1n, name: 'Last' })
    await shop.aCart(ada, { [item]: 2 })
    const before = await refuses(ada, {}, 409, 'checkout.lines_refused', 'key')
    await shop.sql(`update stock set on_hand = 2 where item_id = $1`, [item])
    const again = await buy(till.url, ada, {}, 'key')
    expect(again).toMatchObject({ status: 409, isReplayed: true })
    const { instance: _, ...told } = again.problem!
    expect(JSON.stringify(told)).toBe(JSON.stringify({ ...before, instance: undefined }))
    await refuses(ada, {}, 422, 'account.insufficient_funds')
  })

  test('and keys are the caller’s own, and of one request', async () => {
    const [ada, eve] = [await shop.aCustomer(), await shop.aCustomer()]
    const item = await shop.anItem({ price: 100n })
    for (const one of [ada, eve]) await shop.aCart(one, { [item]: 1 })
    const long = 'k'.repeat(255)
    const first = await buy(till.url, ada, {}, long)
    expect(await buy(till.url, eve, {}, long)).toMatchObject({ status: 201, isReplayed: false })
    expect(await buy(till.url, ada, {}, long)).toEqual({ ...first, isReplayed: true })
    const problem = await refuses(ada, { expected_total: 1 }, 422, 'idempotency.key_reused', long)
    expect(problem.detail).toBe(
      `The Idempotency-Key "${long}" was used for another request before.`,
    )
  })
})

test('T1: no code whatever takes more than there is, or orders a cart or pays an order twice', async () => {
  const ada = await shop.aCustomer()
  const item = await shop.anItem({ price: 100n, onHand: 1n })
  const cart = await shop.aCart(ada, { [item]: 1 })
  const { order } = await buy(till.url, ada)
  await expect(
    shop.sql(`update stock set on_hand = on_hand - 1, sold = sold + 1 where item_id = $1`, [item]),
  ).rejects.toMatchObject({ constraint: 'stock_not_oversold' })
  const copy = (change: string) =>
    shop.sql(
      `insert into shop_order (id, owner_id, user_id, status, cart_id, store_id, transaction_id, total_amount, currency, created_at, updated_at)
       select gen_random_uuid(), owner_id, user_id, status, ${change}, total_amount, currency, now(), now()
       from shop_order where id = $1`,
      [order!.id],
    )
  await expect(copy('cart_id, store_id, transaction_id')).rejects.toMatchObject({
    constraint: 'shop_order_cart_key',
  })
  const other = await shop.aCart(ada, { [item]: 1 })
  await expect(copy(`'${other}', store_id, transaction_id`)).rejects.toMatchObject({
    constraint: 'shop_order_transaction_key',
  })
  await expect(
    shop.sql(`update cart set status = 'open' where id = $1`, [cart]),
  ).rejects.toMatchObject({ code: '23001' })
})
