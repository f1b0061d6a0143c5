import { DatabaseError, type QueryResult } from 'pg'
import { companions } from '../../cmd/api/wiring/checkout'
import { ledgerSession } from '../../cmd/api/wiring/pools'
import { systemIds } from '../../internal/id/id'
import { newPool, type Pool } from '../../internal/postgres/pool'
import type { CheckoutRequest } from '../../pkg/checkout/checkout'
import { newCheckoutApp } from '../../pkg/checkout/app/checkout'
import { newCheckoutStore } from '../../pkg/checkout/sql/store'
import { newOrderStore } from '../../pkg/order/sql/store'
import { newLedger } from '../../pkg/transaction/app/ledger'
import { single, type LedgerRequest, type Pay, type Post } from '../../pkg/transaction/instruction'
import { newGroupPoster } from '../../pkg/transaction/sql/post'
import { request } from '../conformance/stores'
import { connectionSettings } from '../harness/database'
import { silentLog } from '../harness/log'
import { pollUntil } from '../harness/poll'
import { openShop, type Shop } from './shop'

let shop: Shop
let pool: Pool
let lanes: Pool

beforeAll(async () => {
  shop = await openShop()
  const settings = connectionSettings(shop.url, { lock_timeout_ms: 100 })
  pool = newPool(settings, silentLog(), { program: 'test' })
  lanes = newPool(settings, silentLog(), {
    ...{ program: 'test', pipeline: true, sessionOptions: ledgerSession },
  })
})

afterAll(async () => {
  await Promise.all([pool?.close(), lanes?.close()])
  await shop?.close()
})

const patience = { attemptsMax: 5, outcomeTimeoutMs: 2000, sleep: async () => {}, companions }
const limits = { lanes: 1, groupRequestsMax: 500, queueRequestsMax: 500, queueWaitMaxMs: 5000 }

/** Checkouts over one lane: what is asked at once is one group. */
function newTill(through: Pool = lanes, more: Partial<typeof limits> = {}) {
  const { post } = newGroupPoster(through, systemIds, patience)
  const groups: (readonly LedgerRequest[])[] = []
  const ledger = newLedger(
    {
      post(group) {
        groups.push(group)
        return post(group)
      },
    },
    { ...limits, ...more },
  )
  const [checkouts, orders] = [newCheckoutStore(pool), newOrderStore(pool)]
  const app = newCheckoutApp({ ledger, checkouts, orders, defaultStoreId: 'main' })
  const buy = (userId: string, cartId: string, more: Partial<CheckoutRequest> = {}) =>
    app.checkOut({
      ...{ userId, paysFromAny: false, accountId: userId, storeId: null, cartId },
      ...{ expectedTotal: null, key: null, traceparent: null, ...more },
    })
  return { buy, ledger, groups, post }
}

const withdrawal = (accountId: string, amount: string): Post => ({
  kind: 'post',
  ...request(accountId, `-${amount}`),
})

/** What came of it, in short. */
async function outcomeOf(bought: Promise<Awaited<ReturnType<ReturnType<typeof newTill>['buy']>>>) {
  const verdict = await bought
  if (verdict.status === 'refused') return verdict.refusal.code
  return verdict.isReplayed ? 'replayed' : verdict.order.totalAmount
}

/** Customers with a cart each, of the same goods. */
async function aQueue(lines: Record<string, number>, count: number) {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const id = await shop.aCustomer(1000n)
      return { id, cart: await shop.aCart(id, lines) }
    }),
  )
}

/** The instruction that a checkout is. */
function pay({ id, cart }: { id: string; cart: string }): Pay {
  const ask = { userId: id, cartId: cart, expectedTotal: null, traceparent: null }
  return {
    ...{ kind: 'pay', accountId: id, counterpartyId: 'shop-main', payerId: id, idempotency: null },
    companion: { kind: 'checkout', ask, touches: [`cart ${cart}`], weight: 1, meaning: {} },
  }
}

test('checkouts, posts and atomic bulks are judged in one group, the earlier before the later', async () => {
  const item = await shop.anItem({ price: 400n, onHand: 5n })
  const [a, b, c, d] = (await aQueue({ [item]: 2 }, 4)) as [Q, Q, Q, Q]
  const whole = (...instructions: LedgerRequest['instructions']) => {
    return { instructions, isAtomic: true, isDryRun: false }
  }
  const answers = await newTill().post([
    single(withdrawal(a.id, '9.00')),
    single(pay(a)),
    whole(pay(b), withdrawal(c.id, '11.00')),
    { ...single(pay(b)), isDryRun: true },
    whole(withdrawal(c.id, '1.00'), pay(c), withdrawal(c.id, '1.00')),
    single(pay(b)),
    single(pay(d)),
    single(pay(c)),
  ])
  const outcomes = answers.map(({ verdicts }) =>
    verdicts.map((one) => (one.status === 'refused' ? one.refusal.code : one.status)),
  )
  expect(outcomes).toEqual([
    ['created'],
    ['account.insufficient_funds'],
    ['account.insufficient_funds'],
    ['created'],
    ['created', 'created', 'created'],
    ['created'],
    ['checkout.lines_refused'],
    ['replayed'],
  ])
  expect(await shop.stockOf(item)).toEqual({ on_hand: 1n, sold: 4n })
})

type Q = Awaited<ReturnType<typeof aQueue>>[number]

test('a group that sells nothing sends the statements that it always sent', async () => {
  const id = await shop.aCustomer(1000n)
  const sent: string[] = []
  const through: Pool = {
    ...lanes,
    withClient: (work) =>
      lanes.withClient((client) =>
        work({
          pid: client.pid,
          query(statement) {
            sent.push(statement.name ?? statement.text)
            return client.query(statement)
          },
        }),
      ),
  }
  await newTill(through).ledger.submitOne(withdrawal(id, '1.00'))
  expect(sent).toEqual([
    'begin isolation level serializable',
    'transaction.LockAccounts',
    'transaction.WriteGroup',
    'commit',
  ])
})

describe.each([
  [true, true],
  [true, false],
  [false, true],
  [false, false],
])('a lost commit (carried out: %s, with a key: %s)', (isCarriedOut, hasKey) => {
  const key = hasKey ? 'lost' : null

  test('sells once', async () => {
    const item = await shop.anItem({ price: 100n, onHand: 5n })
    const [queue] = await aQueue({ [item]: 2 }, 1)
    const { id, cart } = queue!
    const { buy } = newTill(failingOnce(isCarriedOut))
    const first = await buy(id, cart, { key })
    expect(first).toMatchObject({ status: 'ordered', isReplayed: false })
    expect(await buy(id, cart, { key })).toEqual({ ...first, isReplayed: true })
    expect(await shop.stockOf(item)).toEqual({ on_hand: 3n, sold: 2n })
  })

  test('refuses once', async () => {
    const item = await shop.anItem({ price: 100n, onHand: 1n })
    const [queue] = await aQueue({ [item]: 2 }, 1)
    const { id, cart } = queue!
    const { buy } = newTill(failingOnce(isCarriedOut))
    expect(await outcomeOf(buy(id, cart, { key }))).toBe('checkout.lines_refused')
    expect(await shop.stockOf(item)).toEqual({ on_hand: 1n, sold: 0n })
  })
})

/** Lanes whose first commit is answered with an error. */
function failingOnce(isCarriedOut: boolean): Pool {
  let isFirst = true
  return {
    ...lanes,
    withClient: (work) =>
      lanes.withClient((client) =>
        work({
          pid: client.pid,
          async query(statement): Promise<QueryResult> {
            if (statement.text !== 'commit' || !isFirst) return client.query(statement)
            isFirst = false
            await client.query({ text: isCarriedOut ? 'commit' : 'rollback', values: [] })
            const error = new DatabaseError('no space left', 0, 'error')
            throw Object.assign(error, { code: '53100' })
          },
        }),
      ),
  }
}

describe('what somebody keeps locked holds up nobody else', () => {
  /** Locks the rows of a query for as long as the work takes. */
  async function whileLocked(text: string, id: string, work: () => Promise<void>): Promise<void> {
    await pool.withClient(async (client) => {
      await client.query({ text: 'begin', values: [] })
      await client.query({ text: `${text} for update`, values: [id] })
      await work()
      await client.query({ text: 'rollback', values: [] })
    })
  }

  test.each([
    ['a cart', 'select from cart where id = $1', 'cart'],
    ['stock', 'select from stock where item_id = $1', 'item'],
  ])('%s', async (_name, text, what) => {
    const items = [
      await shop.anItem({ price: 100n, onHand: 5n }),
      await shop.anItem({ price: 100n, onHand: 5n }),
    ] as const
    const [one] = await aQueue({ [items[0]]: 1 }, 1)
    const [other] = await aQueue({ [items[1]]: 1 }, 1)
    const { buy } = newTill()
    const held = what === 'cart' ? one!.cart : items[0]
    await whileLocked(text, held, async () => {
      const outcomes = [one!, other!].map(({ id, cart }) => outcomeOf(buy(id, cart, { key: 'k' })))
      expect(await Promise.all(outcomes)).toEqual(['ledger.busy', 100n])
    })
    // That it was busy says nothing about the request.
    expect(await outcomeOf(buy(one!.id, one!.cart, { key: 'k' }))).toBe(100n)
  })
})

/** For a lock, in this database. */
async function isSomebodyWaiting(): Promise<boolean> {
  const [row] = await shop.sql<{ n: bigint }>(
    `select count(*) as n from pg_stat_activity
     where datname = current_database() and wait_event_type = 'Lock'`,
  )
  return row!.n > 0n
}

test('a line that is put in while a checkout waits for the cart is in the order', async () => {
  const item = await shop.anItem({ price: 100n })
  const [queue] = await aQueue({ [item]: 1 }, 1)
  const { id, cart } = queue!
  const more = await shop.anItem({ price: 11n })
  await pool.withClient(async (client) => {
    await client.query({ text: 'begin', values: [] })
    await client.query({ text: 'update cart set updated_at = now() where id = $1', values: [cart] })
    const bought = outcomeOf(newTill().buy(id, cart))
    await pollUntil(isSomebodyWaiting, { what: 'checkout that waits' })
    await client.query({
      text: `insert into cart_line (id, cart_id, store_id, item_id, quantity, name, created_at, updated_at)
        values (gen_random_uuid(), $1, 'main', $2, 1, 'More', now(), now())`,
      values: [cart, more],
    })
    await client.query({ text: 'commit', values: [] })
    expect(await bought).toBe(111n)
  })
})

test('a line that any code changes while a checkout waits for the cart is ordered as it is then', async () => {
  const item = await shop.anItem({ price: 100n })
  const [queue] = await aQueue({ [item]: 1 }, 1)
  const { id, cart } = queue!
  await pool.withClient(async (client) => {
    await client.query({ text: 'begin', values: [] })
    // Without a word about the cart, as none of our statements.
    const text = 'update cart_line set quantity = 3 where cart_id = $1'
    await client.query({ text, values: [cart] })
    const bought = outcomeOf(newTill().buy(id, cart))
    await pollUntil(isSomebodyWaiting, { what: 'checkout that waits' })
    await client.query({ text: 'commit', values: [] })
    expect(await bought).toBe(300n)
  })
})

test('a cart counts as many as it has lines, so that large ones do not travel together', async () => {
  const queue = await aQueue({ [await shop.anItem({ price: 100n })]: 1 }, 4)
  const { ledger, groups } = newTill(lanes, { groupRequestsMax: 5 })
  const weighing = (weight: number) => (one: Q) => {
    const instruction = pay(one)
    return { ...instruction, companion: { ...instruction.companion, weight } }
  }
  const all = [...queue.slice(0, 2).map(weighing(3)), ...queue.slice(2).map(weighing(1))]
  await Promise.all(all.map(ledger.submitOne))
  // The store's account keeps the second large one waiting, and with it what comes later.
  expect(groups.map((group) => group.length)).toEqual([1, 3])
})

test('what the store does not know to pay for is a defect, and fails nobody else', async () => {
  const [queue] = await aQueue({}, 1)
  const { ledger } = newTill()
  const unknown = ledger.submitOne({
    ...{ kind: 'pay', accountId: queue!.id, counterpartyId: 'shop-main', payerId: null },
    ...{
      idempotency: null,
      companion: { kind: 'pet', ask: {}, touches: [], weight: 1, meaning: {} },
    },
  })
  const fine = ledger.submit(single(withdrawal(queue!.id, '1.00')))
  await expect(unknown).rejects.toThrow('the ledger has no companion "pet"')
  expect((await fine).verdicts).toMatchObject([{ status: 'created' }])
})

test('what the goods say cannot be sent keeps the money where it is', async () => {
  const item = await shop.anItem({ price: 400n, onHand: 5n })
  const [a] = (await aQueue({ [item]: 2 }, 1)) as [Q]
  const mute = {
    ...companions.checkout,
    write: () => {
      throw new Error('cannot be encoded')
    },
  }
  const { post } = newGroupPoster(lanes, systemIds, { ...patience, companions: { checkout: mute } })
  await expect(post([single(pay(a))])).rejects.toThrow('cannot be encoded')
  const [account] = await shop.sql<{ balance: bigint }>(
    'select balance from account where id = $1',
    [a.id],
  )
  expect(account!.balance).toBe(1000n)
  expect(await outcomeOf(newTill().buy(a.id, a.cart))).toBe(800n)
})
