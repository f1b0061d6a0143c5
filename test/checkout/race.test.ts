import { newRandom, newSeed, pick } from '../harness/random'
import { buy, type Bought } from './buy'
import { spawnTills, type TillProcess } from './processes'
import { openShop, type Shop } from './shop'

jest.setTimeout(180_000)

let shop: Shop
let tills: TillProcess[]

beforeAll(async () => {
  shop = await openShop()
  tills = await spawnTills(shop.url, 3)
})

afterAll(async () => {
  await Promise.all((tills ?? []).map(({ program }) => program.close()))
  await shop?.close()
})

const urlOf = (i: number) => tills[i % tills.length]!.url

/** Each at once, spread over the processes. */
const buyAtOnce = (callers: readonly string[], ask: Record<string, unknown> = {}) =>
  Promise.all(callers.map((caller, i) => buy(urlOf(i), caller, ask)))

const customers = (count: number, balance?: bigint) =>
  Promise.all(Array.from({ length: count }, () => shop.aCustomer(balance)))

function tally(bought: readonly Bought[]) {
  const counts: Record<string, number> = {}
  for (const { status, problem } of bought) {
    const name = problem ? `${status} ${problem.code}` : String(status)
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

test('T1: of 30 buyers of one unit at three processes one has it, and 29 are told by its name', async () => {
  for (let round = 0; round < 5; round++) {
    const item = await shop.anItem({ price: 500n, onHand: 1n, name: 'The last one' })
    const buyers = await customers(30)
    await Promise.all(buyers.map((one) => shop.aCart(one, { [item]: 1 })))
    const bought = await buyAtOnce(buyers)
    expect(tally(bought)).toEqual({ 201: 1, '409 checkout.lines_refused': 29 })
    for (const { problem } of bought.filter(({ order }) => !order)) {
      expect(problem).toMatchObject({
        lines: [{ name: 'The last one', reason: 'sold_out', available: 0 }],
        remaining: { lines: [], total: '0.00' },
      })
    }
    expect(await shop.stockOf(item)).toEqual({ on_hand: 0n, sold: 1n })
  }
})

test('T1: five checkouts of one cart at three processes: one order, one payment, five equal answers', async () => {
  for (let round = 0; round < 10; round++) {
    const ada = await shop.aCustomer()
    const item = await shop.anItem({ price: 700n, onHand: 10n })
    await shop.aCart(ada, { [item]: 2 })
    const bought = await buyAtOnce(Array<string>(5).fill(ada))
    expect(new Set(bought.map(({ text }) => text)).size).toBe(1)
    expect(bought.filter(({ isReplayed }) => !isReplayed)).toHaveLength(1)
    expect(tally(bought)).toEqual({ 201: 5 })
    expect(await shop.stockOf(item)).toEqual({ on_hand: 8n, sold: 2n })
    const [row] = await shop.sql(
      `select count(*)::int as entries, sum(amount)::int as sum from transaction where account_id = $1`,
      [ada],
    )
    expect(row).toEqual({ entries: 2, sum: 100_000 - 1400 })
  }
})

const seed = newSeed()
const checkouts = Number(process.env.CHECKOUTS ?? 240)
const atOnce = 40

test(`T1: of ${checkouts} overlapping checkouts, ${atOnce} at once, each is whole or refused whole (seed ${seed})`, async () => {
  const random = newRandom(seed)
  const buyers = await customers(atOnce, 2_000_000n)
  const found: Bought[] = []
  for (let done = 0; done < checkouts; done += atOnce) {
    const items = await Promise.all(
      Array.from({ length: 12 }, () =>
        shop.anItem({ price: BigInt(random.between(1, 999)), onHand: 4n }),
      ),
    )
    const carts = buyers.map(() =>
      Object.fromEntries(
        Array.from({ length: random.between(1, 4) }, () => [
          pick(random, items),
          random.between(1, 2),
        ]),
      ),
    )
    await Promise.all(buyers.map((one, i) => shop.aCart(one, carts[i]!)))
    found.push(...(await buyAtOnce(buyers)))
    await closeCarts(buyers)
    const [stock] = await shop.sql<{ wrong: number }>(
      `select count(*)::int as wrong from stock where item_id = any($1::uuid[]) and on_hand + sold <> 4`,
      [items],
    )
    expect(stock).toEqual({ wrong: 0 })
  }
  const counts = tally(found)
  expect(Object.keys(counts).sort()).toEqual(['201', '409 checkout.lines_refused'])
  expect(Math.min(...Object.values(counts))).toBeGreaterThan(checkouts / 40)
  expect(await shop.disagreements()).toEqual(agreed)
})

const agreed = {
  ...{ payments: 0, totals: 0, carts: 0, lines: 0, stock: 0, messages: 0, strays: 0, takings: 0 },
}

/** What was refused stays in the cart: it is emptied for the next round. */
async function closeCarts(buyers: readonly string[]): Promise<void> {
  await shop.sql(
    `update cart_line set removed_at = now() where removed_at is null and cart_id in (
       select id from cart where status = 'open' and user_id = any($1::text[])
     )`,
    [buyers],
  )
}

/** Until it is told to stop; answers how often it was done. */
function keepDoing(work: () => Promise<unknown>) {
  let isOver = false
  let count = 0
  const done = (async () => {
    for (; !isOver; count++) await work()
  })()
  return {
    async stop(): Promise<number> {
      isOver = true
      await done
      return count
    },
  }
}

test('prices that change, items that go and stock that is counted anew meanwhile: each order as one moment saw it', async () => {
  const random = newRandom(seed)
  const items = await Promise.all(
    Array.from({ length: 4 }, () => shop.anItem({ price: 100n, onHand: 1000n })),
  )
  // Of each item the price is a hundred times the number of its name, at every moment.
  const change = () =>
    shop.sql(
      `update item set price = $2::bigint * 100, name = 'v' || $2, deleted_at = $3 where id = $1`,
      [
        pick(random, items),
        random.between(1, 9),
        random.between(1, 4) === 1 ? new Date().toISOString() : null,
      ],
    )
  const recount = () =>
    shop.sql(`update stock set on_hand = $2, updated_at = now() where item_id = $1`, [
      pick(random, items),
      random.between(0, 30),
    ])
  await Promise.all(items.map((id) => shop.sql(`update item set name = 'v1' where id = $1`, [id])))
  const merchants = [keepDoing(change), keepDoing(recount)]
  const buyers = await customers(12)
  const found: Bought[] = []
  for (let round = 0; round < 12; round++) {
    await Promise.all(buyers.map((one) => shop.aCart(one, { [pick(random, items)]: 2 })))
    found.push(...(await buyAtOnce(buyers)))
    await closeCarts(buyers)
  }
  for (const merchant of merchants) expect(await merchant.stop()).toBeGreaterThan(20)
  expect(Object.keys(tally(found)).sort()).toEqual(['201', '409 checkout.lines_refused'])
  const [row] = await shop.sql(
    `select count(*)::int as mixed from order_line
     where name like 'v%' and unit_price <> substr(name, 2)::bigint * 100`,
  )
  expect(row).toEqual({ mixed: 0 })
  expect(await shop.disagreements()).toEqual(agreed)
})

test('an order holds to the total that was expected while the price changes under it', async () => {
  const item = await shop.anItem({ price: 1000n })
  const buyers = await customers(20)
  await Promise.all(buyers.map((one) => shop.aCart(one, { [item]: 1 })))
  const [bought] = await Promise.all([
    buyAtOnce(buyers, { expected_total: '10.00' }),
    shop.sql(`update item set price = 1001 where id = $1`, [item]),
  ])
  for (const { status, order, problem } of bought) {
    if (status === 201) expect(order).toMatchObject({ total_amount: '10.00' })
    else expect(problem).toMatchObject({ code: 'checkout.total_changed', total: '10.01' })
  }
  expect(await buy(urlOf(0), buyers[0]!, { expected_total: '10.01' })).toMatchObject({
    status: 201,
  })
})

async function send(url: string, path: string, body: object): Promise<number> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-caller': 'demo operator' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  })
  await response.text()
  return response.status
}

test('checkouts, posts and bulks travel in the same groups, and none minds the others', async () => {
  const item = await shop.anItem({ price: 300n, onHand: 40n })
  const buyers = await customers(60, 1000n)
  await Promise.all(buyers.map((one) => shop.aCart(one, { [item]: 1 })))
  const others = [...buyers.keys()].flatMap((i) => {
    const account_id = buyers[i]!
    const transaction = { account_id, amount: '-1.00' }
    const tooMuch = { account_id, amount: '-100.00' }
    const url = urlOf(i + 1)
    return [
      send(url, '/transactions', transaction),
      send(url, '/transactions/bulk?mode=atomic', { transactions: [transaction, tooMuch] }),
    ]
  })
  const [bought, statuses] = await Promise.all([buyAtOnce(buyers), Promise.all(others)])
  expect(tally(bought)).toEqual({ 201: 40, '409 checkout.lines_refused': 20 })
  expect(statuses).toEqual(buyers.flatMap(() => [201, 422]))
  const rows = await shop.sql<{ balance: bigint; n: number }>(
    `select balance, count(*)::int as n from account where id = any($1::text[]) group by balance order by balance`,
    [buyers],
  )
  expect(rows).toEqual([
    { balance: 600n, n: 40 },
    { balance: 900n, n: 20 },
  ])
})

test('a process that is killed in the middle leaves whole orders, and a repeat elsewhere has the answer', async () => {
  const doomed = (await spawnTills(shop.url, 1))[0]!
  const item = await shop.anItem({ price: 100n, onHand: 1000n })
  const buyers = await customers(60)
  await Promise.all(buyers.map((one) => shop.aCart(one, { [item]: 1 })))
  const first = buyers.map((one, i) =>
    buy(i % 2 ? urlOf(i) : doomed.url, one, {}, 'key').catch(() => undefined),
  )
  await Promise.any(first.filter((_, i) => i % 2 === 0))
  doomed.program.kill('SIGKILL')
  const answers = await Promise.all(first)
  expect(await shop.disagreements()).toEqual(agreed)
  const again = await Promise.all(buyers.map((one, i) => buy(urlOf(i), one, {}, 'key')))
  expect(tally(again)).toEqual({ 201: 60 })
  for (const [i, answer] of answers.entries()) {
    if (answer?.order) expect(again[i]).toEqual({ ...answer, isReplayed: true })
  }
  expect(await shop.stockOf(item)).toEqual({ on_hand: 940n, sold: 60n })
})
