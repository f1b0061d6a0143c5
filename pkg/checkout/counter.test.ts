import { account, keyed, now } from '../transaction/fixture'
import type { Verdict } from '../transaction/instruction'
import { cart, checkOut, line, outcomeOf, pay } from './fixture'

const refusalOf = (verdict: Verdict | undefined) =>
  verdict?.status === 'refused' ? verdict.refusal : undefined

test('a cart becomes an order that is paid, taken from stock and told of', () => {
  const lines = [line('a', { quantity: 2 }), line('b', { price: 250n }), line('c', { quantity: 3 })]
  const { sales, movements, verdicts } = checkOut([pay('c1')], {
    carts: [cart('c1', lines)],
    stock: { a: 5n, b: 1n },
    accounts: [account('ada', { userId: 'ada' }), account('shop')],
  })
  expect(movements).toMatchObject([
    {
      ...{ accountId: 'ada', counterpartyId: 'shop', amount: -5250n, balanceAfter: 4750n },
      ...{ description: `Order t1`, metadata: { order_id: 't1' } },
    },
  ])
  expect(sales).toHaveLength(1)
  const [{ order, taken, message }] = sales as [(typeof sales)[0]]
  expect(order).toEqual({
    ...{ id: 't1', ownerId: 'ada', userId: 'ada', status: 'created', productCode: null },
    ...{ customerFullname: 'Ada Lovelace', productName: 'Thing a, Thing b, Thing c' },
    ...{ totalAmount: 5250n, currency: 'EUR', failure: null, attempts: 0, nextAttemptAt: null },
    ...{ cartId: 'c1', storeId: 'main', transactionId: movements[0]!.id },
    lines: [
      { itemId: 'a', name: 'Thing a', quantity: 2, unitPrice: 1000n },
      { itemId: 'b', name: 'Thing b', quantity: 1, unitPrice: 250n },
      { itemId: 'c', name: 'Thing c', quantity: 3, unitPrice: 1000n },
    ],
    ...{ createdAt: now, updatedAt: now },
  })
  // c has no stock row: it is not counted.
  expect(taken).toEqual([
    { itemId: 'a', quantity: 2n },
    { itemId: 'b', quantity: 1n },
  ])
  expect(message).toMatchObject({
    ...{ exchange: 'orders', routingKey: 'created_order', type: 'order.created' },
  })
  expect(JSON.parse(message.payload)).toMatchObject({
    order: { order_id: 't1', total_amount: 52.5, customer_fullname: 'Ada Lovelace' },
  })
  expect(verdicts).toMatchObject([{ status: 'created', companion: order }])
})

describe('refuses the whole cart, naming each line that stands in the way', () => {
  const lines = [
    line('free', { itemId: null }),
    line('unpriced', { price: null }),
    line('gone', { isOnMarket: false, price: null }),
    line('none', { quantity: 2 }),
    line('few', { quantity: 3 }),
    line('fine', { quantity: 2 }),
    line('plenty', { price: 5n }),
  ]
  const { verdicts, sales, movements } = checkOut([pay('c1')], {
    carts: [cart('c1', lines)],
    stock: { none: 0n, few: 2n, plenty: 100n },
  })
  const refusal = refusalOf(verdicts[0])!

  test('each with its reason and how many there are', () => {
    expect(refusal.code).toBe('checkout.lines_refused')
    expect(refusal.members!.lines).toEqual([
      expect.objectContaining({ line_id: 'line-free', reason: 'no_price', available: 0 }),
      expect.objectContaining({ line_id: 'line-unpriced', reason: 'no_price', available: 0 }),
      expect.objectContaining({ line_id: 'line-gone', reason: 'off_market', available: 0 }),
      expect.objectContaining({ line_id: 'line-none', reason: 'sold_out', available: 0 }),
      expect.objectContaining({ line_id: 'line-few', reason: 'not_enough', available: 2 }),
    ])
    expect(refusal.detail).toMatch(/"Thing none" is sold out/)
  })

  test('and what could still be bought', () => {
    expect(refusal.members!.remaining).toEqual({
      lines: [
        { line_id: 'line-fine', name: 'Thing fine', quantity: 2 },
        { line_id: 'line-plenty', name: 'Thing plenty', quantity: 1 },
      ],
      total: '20.05',
    })
  })

  test('and nothing happens', () => {
    expect({ sales, movements }).toEqual({ sales: [], movements: [] })
  })
})

test('two lines of one item share what there is of it', () => {
  const lines = [line('a', { quantity: 2 }), line('a', { id: 'second', quantity: 2 })]
  const { verdicts } = checkOut([pay('c1')], { carts: [cart('c1', lines)], stock: { a: 3n } })
  expect(refusalOf(verdicts[0])!.members!.lines).toMatchObject([
    { line_id: 'second', reason: 'not_enough', available: 1 },
  ])
})

test.each([
  ['without lines', 'c1', [cart('c1', [])]],
  ['that is somebody else’s', 'c1', [cart('c1', [line('a')], { userId: 'eve' })]],
  ['that there is not', null, []],
])('refuses a cart %s as empty', (_what, cartId, carts) => {
  const { verdicts } = checkOut([pay(cartId)], { carts })
  expect(verdicts.map(outcomeOf)).toEqual(['checkout.cart_empty'])
})

test('an account that is not the customer’s is not there, unless any may pay', () => {
  const given = {
    carts: [cart('c1', [line('a')])],
    accounts: [account('eve', { userId: 'eve' }), account('shop')],
  }
  const ask = (payerId: string | null) =>
    checkOut([pay('c1', { accountId: 'eve', payerId })], given).verdicts.map(outcomeOf)
  expect(ask('ada')).toEqual(['account.not_found'])
  expect(ask(null)).toEqual([1000n])
})

describe('a total that the customer expects', () => {
  const given = { carts: [cart('c1', [line('a', { price: 1050n, quantity: 2 })])] }
  const ask = (expectedTotal: string) => checkOut([pay('c1', { expectedTotal })], given).verdicts

  test('is the total in whatever form it is written', () => {
    expect(['21', '21.0', '21.00'].flatMap(ask).map(outcomeOf)).toEqual([2100n, 2100n, 2100n])
  })

  test('and any other is refused with the one that it is now', () => {
    const others = {
      '20.99': '20.99',
      '21.001': '21.001',
      '-21': '-21.00',
      '20.50': '20.50',
      '0': '0.00',
    }
    for (const [other, shown] of Object.entries(others)) {
      expect(refusalOf(ask(other)[0])).toMatchObject({
        code: 'checkout.total_changed',
        detail: `The cart comes to 21.00 EUR, and not to ${shown}.`,
        members: { total: '21.00', lines: [{ line_id: 'line-a', unit_price: '10.50' }] },
      })
    }
  })
})

test('what an earlier checkout of the group took, a later one does not find any more', () => {
  const carts = ['c1', 'c2', 'c3'].map((id) => cart(id, [line('a', { quantity: 2 })]))
  const { verdicts, sales } = checkOut([pay('c1'), pay('c2'), pay('c3')], {
    ...{ carts, stock: { a: 4n } },
  })
  expect(verdicts.map(outcomeOf)).toEqual([2000n, 2000n, 'checkout.lines_refused'])
  expect(sales.map(({ order }) => order.cartId)).toEqual(['c1', 'c2'])
})

test('what somebody cannot pay for stays for the next one', () => {
  const carts = [
    cart('dear', [line('a'), line('gold', { price: 1_000_000n })]),
    cart('cheap', [line('a')]),
  ]
  const { verdicts, movements } = checkOut([pay('dear'), pay('cheap')], {
    ...{ carts, stock: { a: 1n } },
  })
  expect(verdicts.map(outcomeOf)).toEqual(['account.insufficient_funds', 1000n])
  expect(movements).toHaveLength(1)
})

test('a second checkout of a cart in one group has the payment of the first, and its key keeps it', () => {
  const { verdicts, movements, remembered, sales } = checkOut(
    [pay('c1'), pay('c1', keyed('second'))],
    { carts: [cart('c1', [line('a')])] },
  )
  expect(verdicts.map(({ status }) => status)).toEqual(['created', 'replayed'])
  expect(verdicts.map(outcomeOf)).toEqual([1000n, movements[0]!.id])
  expect(remembered).toMatchObject([{ outcome: { paidBy: movements[0]!.id } }])
  expect(sales).toHaveLength(1)
})

test('a cart that was ordered before has the payment of then, whatever has become of its goods', () => {
  const given = { carts: [cart('c1', [line('a')], { paidBy: 'then' })], stock: { a: 0n } }
  expect(checkOut([pay('c1')], given).verdicts).toEqual([{ status: 'replayed', paidBy: 'then' }])
})

test('a cart or goods that somebody else holds are refused as busy, and no key keeps that', () => {
  const carts = [cart('c2', [line('a')]), cart('c3', [line('b')])]
  const { verdicts, remembered } = checkOut(
    [pay('c1', keyed('k1')), pay('c2', keyed('k2')), pay('c3')],
    { carts, heldIds: ['c1', 'a'] },
  )
  expect(verdicts.map(outcomeOf)).toEqual(['ledger.busy', 'ledger.busy', 1000n])
  expect(remembered).toEqual([])
})

test('a key keeps a refusal', () => {
  const { verdicts, remembered } = checkOut([pay('c1', keyed('k')), pay('c1', keyed('k'))], {
    ...{ carts: [cart('c1', [line('a')])], stock: { a: 0n } },
  })
  expect(verdicts.map(outcomeOf)).toEqual(Array(2).fill('checkout.lines_refused'))
  expect(verdicts[1]).toMatchObject({ status: 'refused', replayed: true })
  expect(remembered).toHaveLength(1)
})

describe('a checkout that is tried and not kept leaves the goods to the next', () => {
  const carts = [cart('c1', [line('a')]), cart('c2', [line('a')])]
  const given = { carts, stock: { a: 1n } }

  test('a dry run', () => {
    const dry = { instructions: [pay('c1')], isAtomic: false, isDryRun: true }
    const { verdicts, sales } = checkOut([dry, pay('c2'), pay('c1')], given)
    expect(verdicts.map(outcomeOf)).toEqual([1000n, 1000n, 'checkout.lines_refused'])
    expect(sales.map(({ order }) => order.cartId)).toEqual(['c2'])
  })

  test('an atomic bulk that is refused further on', () => {
    const bulk = { instructions: [pay('c1'), pay('none')], isAtomic: true, isDryRun: false }
    const { answers, sales, movements } = checkOut([bulk, pay('c1')], given)
    expect(answers[0]).toMatchObject({ refusedAt: 1 })
    expect(answers[1]!.verdicts.map(outcomeOf)).toEqual([1000n])
    expect(sales).toHaveLength(1)
    expect(movements).toHaveLength(1)
  })
})

test('names that together are too long for an order are cut', () => {
  const lines = ['a', 'b', 'c'].map((id) => line(id, { name: '🐈'.repeat(200) }))
  const [sale] = checkOut([pay('c1')], { carts: [cart('c1', lines)] }).sales
  expect([...sale!.order.productName!]).toHaveLength(500)
  expect(sale!.order.productName!.isWellFormed()).toBe(true)
})

test('a total beyond what an amount can be is too much for any account', () => {
  const lines = [line('a', { price: 9_007_199_254_740_991n, quantity: 1_000_000 })]
  const accounts = [
    account('ada', { userId: 'ada', minBalance: -9_007_199_254_740_991n }),
    account('shop', { balance: -9_007_199_254_740_991n, minBalance: -9_007_199_254_740_991n }),
  ]
  const { verdicts } = checkOut([pay('c1')], { carts: [cart('c1', lines)], accounts })
  expect(verdicts.map(outcomeOf)).toEqual(['account.insufficient_funds'])
})
