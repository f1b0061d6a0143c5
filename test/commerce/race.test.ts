import { newForeignClient, type Reply } from '../rpc/client'
import { basic } from '../rest/credentials'
import { aCustomer, anItem, openPrograms, type Got, type Programs } from './programs'

// The races of a shop, through three processes of the API that know of each other from the database alone.

let programs: Programs
beforeAll(async () => {
  programs = await openPrograms({ apis: 3, workers: 0 })
})
afterAll(() => programs?.close())

const times = <T>(n: number, work: (i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: n }, (_, i) => work(i)))

function tally(answers: readonly Got[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { status, json } of answers) {
    const { code } = json as { code?: string }
    const name = code === undefined ? String(status) : `${status} ${code}`
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

test('R1 C1: ten clients add one more at once, over REST and gRPC, to three processes: eleven', async () => {
  const as = await aCustomer(programs, 'adder')
  const id = await anItem(programs, { name: 'pen', price: '0.10' })
  await programs.send('/items', { as, json: { name: 'pen', quantity: 1 } })
  const clients = programs.apis.map(({ rpcPort }) => newForeignClient(rpcPort))
  const overRest = async () => {
    const { status, json } = await programs.send('/items', {
      as,
      json: { name: 'pen', quantity: 1 },
    })
    expect(status).toBe(201)
    return (json as { quantity: number }).quantity
  }
  const overGrpc = async (i: number) => {
    const message = { cart_uuid: '', item_uuid: id, quantity: 1 }
    const reply = await clients[i % 3]!.call('cart.Cart/AddItem', message, { as: basic(as) })
    return quantityOf(reply)
  }
  const [rest, grpc] = await Promise.all([times(5, overRest), times(5, overGrpc)])
  // Over REST each is told the number that it made, over gRPC the cart as it is a moment later.
  expect(new Set(rest).size).toBe(5)
  for (const told of [...rest, ...grpc]) expect([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]).toContain(told)
  for (const api of programs.apis) {
    const { json } = await programs.sendTo(api, '/items', { as })
    expect(json).toMatchObject({ data: [{ name: 'pen', quantity: 11 }] })
  }
  for (const client of clients) client.close()
})

function quantityOf(reply: Reply): number {
  if (!('message' in reply)) throw new Error(`${reply.code} ${reply.detail}`)
  const { entries } = reply.message.result as { entries: { quantity: number }[] }
  return entries[0]!.quantity
}

test('R1: ten first adds at once to three processes open one cart, with one line and one reservation', async () => {
  const as = await aCustomer(programs, 'opener')
  const answers = await times(10, () =>
    programs.send('/items', { as, json: { name: 'laptop', quantity: 1 } }),
  )
  expect(tally(answers)).toEqual({ 201: 10 })
  const [row] = await programs.sql(
    `select count(distinct c.id)::int as carts, count(distinct l.id)::int as lines,
      count(distinct r.id)::int as reservations, max(l.quantity) as quantity
     from cart c join cart_line l on l.cart_id = c.id join reservation r on r.line_id = l.id
     where c.user_id = $1`,
    [as],
  )
  expect(row).toEqual({ carts: 1, lines: 1, reservations: 1, quantity: 10 })
})

test('T1: of thirty buyers of one unit at three processes one has it, and 29 are told by its name', async () => {
  const id = await anItem(programs, { name: 'The last one', price: '5.00', onHand: 1 })
  const buyers = await times(30, (i) => aCustomer(programs, `buyer-${i}`, '10.00'))
  for (const as of buyers) {
    await programs.send('/items', { as, json: { name: 'The last one', quantity: 1 } })
  }
  const answers = await times(30, (i) =>
    programs.send('/checkout', { as: buyers[i]!, json: { account_id: buyers[i] } }),
  )
  expect(tally(answers)).toEqual({ 201: 1, '409 checkout.lines_refused': 29 })
  for (const { status, json } of answers) {
    if (status === 201) continue
    expect(json).toMatchObject({
      lines: [{ name: 'The last one', reason: 'sold_out', available: 0 }],
      remaining: { lines: [], total: '0.00' },
    })
  }
  const [stock] = await programs.sql(`select on_hand, sold from stock where item_id = $1`, [id])
  expect(stock).toEqual({ on_hand: 0n, sold: 1n })
  const balances = await programs.sql<{ balance: bigint; n: number }>(
    `select balance, count(*)::int as n from account where user_id like 'buyer-%' group by balance order by balance`,
  )
  expect(balances).toEqual([
    { balance: 500n, n: 1 },
    { balance: 1000n, n: 29 },
  ])
})

test('T1: five checkouts of one cart at three processes are one order and one payment, and five equal answers', async () => {
  await anItem(programs, { name: 'lamp', price: '7.00', onHand: 9 })
  const as = await aCustomer(programs, 'twice', '50.00')
  await programs.send('/items', { as, json: { name: 'lamp', quantity: 2 } })
  const answers = await times(5, () => programs.send('/checkout', { as, json: { account_id: as } }))
  expect(tally(answers)).toEqual({ 201: 5 })
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
  const first = answers.filter(({ headers }) => headers.get('idempotency-replayed') === null)
  expect(first).toHaveLength(1)
  const [row] = await programs.sql(
    `select (select count(*)::int from shop_order where owner_id = $1) as orders,
      (select count(*)::int from transaction where account_id = $1 and amount < 0) as payments,
      (select balance from account where id = $1) as balance`,
    [as],
  )
  expect(row).toEqual({ orders: 1, payments: 1, balance: 3600n })
})

test('T2 O1: twenty orders with one key at three processes are one order, and twenty equal answers', async () => {
  const answers = await times(20, () =>
    programs.send('/orders', {
      json: { user_id: '7c11e1ce2741', product_code: 'classic-box' },
      headers: { 'idempotency-key': 'one-box' },
    }),
  )
  expect(tally(answers)).toEqual({ 201: 20 })
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
  const [row] = await programs.sql(
    `select count(distinct o.id)::int as orders, count(distinct m.id)::int as messages
     from shop_order o left join outbox_message m on m.aggregate_id = o.id
     where o.product_code = 'classic-box'`,
  )
  expect(row).toEqual({ orders: 1, messages: 1 })
})
