import fc from 'fast-check'
import { account } from '../transaction/fixture'
import type { LockedAccount } from '../transaction/book'
import type { LockedCart } from './checkout'
import { cart, checkOut, line, outcomeOf, pay, type GivenGoods } from './fixture'

// Few of everything, so that requests get in each other's way.
const itemId = fc.constantFrom('a', 'b', 'c', 'd')
const buyer = fc.constantFrom('ada', 'eve')

const aLine = fc.record({
  itemId: fc.option(itemId, { nil: null, freq: 20 }),
  quantity: fc.integer({ min: 1, max: 3 }),
  price: fc.option(fc.bigInt({ min: 1n, max: 2000n }), { nil: null, freq: 20 }),
  isOnMarket: fc.integer({ min: 0, max: 20 }).map((n) => n > 0),
})

const aShop = fc.record({
  carts: fc.array(fc.tuple(buyer, fc.array(aLine, { maxLength: 4 })), {
    minLength: 1,
    maxLength: 8,
  }),
  stock: fc.dictionary(itemId, fc.bigInt({ min: 0n, max: 8n })),
  balances: fc.tuple(fc.bigInt({ min: 0n, max: 20_000n }), fc.bigInt({ min: 0n, max: 20_000n })),
})

/** Which carts are checked out, one by one, several as an atomic whole, or only to see. */
const aGroup = fc.array(
  fc.record({
    carts: fc.array(fc.nat({ max: 7 }), { minLength: 1, maxLength: 3 }),
    isAtomic: fc.boolean(),
    isDryRun: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
  }),
  { minLength: 1, maxLength: 12 },
)

type ValueOf<One> = One extends fc.Arbitrary<infer Value> ? Value : never

function open({ carts, stock, balances }: ValueOf<typeof aShop>) {
  const given: Required<Pick<GivenGoods, 'carts' | 'stock' | 'accounts'>> = {
    carts: carts.map(([userId, lines], i) =>
      cart(
        `c${i}`,
        lines.map((one, j) => line(one.itemId, { ...one, id: `${i}-${j}` })),
        { userId },
      ),
    ),
    stock,
    accounts: [
      account('ada', { userId: 'ada', balance: balances[0] }),
      account('eve', { userId: 'eve', balance: balances[1] }),
      account('shop'),
    ],
  }
  return given
}

function toRequest(asked: ValueOf<typeof aGroup>[number], carts: readonly LockedCart[]) {
  const { isAtomic, isDryRun } = asked
  const instructions = asked.carts.map((n) => {
    const { id, userId } = carts[n % carts.length]!
    return pay(id, { userId, accountId: userId })
  })
  return { instructions, isAtomic, isDryRun }
}

const sum = (numbers: readonly bigint[]) => numbers.reduce((all, one) => all + one, 0n)

test('goods and money are kept: what is sold was there, and was paid for', () => {
  fc.assert(
    fc.property(aShop, aGroup, (shop, group) => {
      const given = open(shop)
      const { sales, movements, accounts } = checkOut(
        group.map((asked) => toRequest(asked, given.carts)),
        given,
      )
      for (const [id, onHand] of Object.entries(given.stock)) {
        const taken = sales.flatMap((sale) => sale.taken.filter((one) => one.itemId === id))
        expect(sum(taken.map(({ quantity }) => quantity))).toBeLessThanOrEqual(onHand)
      }
      // Each order is one cart, whole, and one payment of what its lines come to.
      expect(new Set(sales.map(({ order }) => order.cartId)).size).toBe(sales.length)
      expect(movements.map(({ id }) => id)).toEqual(sales.map(({ order }) => order.transactionId))
      for (const [i, { order, taken }] of sales.entries()) {
        const { lines } = given.carts.find(({ id }) => id === order.cartId)!
        expect(order.lines.map(({ itemId, quantity }) => [itemId, quantity])).toEqual(
          lines.map(({ itemId, quantity }) => [itemId, quantity]),
        )
        const counted = lines.filter((one) => one.itemId! in given.stock)
        expect(sum(taken.map(({ quantity }) => quantity))).toBe(
          sum(counted.map(({ quantity }) => BigInt(quantity))),
        )
        expect(movements[i]!.amount).toBe(-order.totalAmount!)
        expect(order.totalAmount).toBe(
          sum(order.lines.map(({ quantity, unitPrice }) => BigInt(quantity) * unitPrice)),
        )
      }
      const after = new Map(accounts.map((one) => [one.id, one]))
      const balances = given.accounts.map((one) => (after.get(one.id) ?? one).balance)
      expect(sum(balances)).toBe(sum(given.accounts.map(({ balance }) => balance)))
      expect(balances.every((balance) => balance >= 0n)).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test('a group comes to what its requests come to one after the other, each in a group of its own', () => {
  fc.assert(
    fc.property(aShop, aGroup, (shop, group) => {
      const given = open(shop)
      const requests = group.map((asked) => toRequest(asked, given.carts))
      const together = checkOut(requests, given).answers
      let now = given
      const apart = requests.flatMap((request) => {
        const decision = checkOut([request], now)
        now = after(now, decision)
        return decision.answers
      })
      const told = (answers: typeof together) =>
        answers.map(({ verdicts, refusedAt }) => [refusedAt, verdicts.map(inShort)])
      expect(told(apart)).toEqual(told(together))
    }),
    { numRuns: 300 },
  )
})

/** Ids are new each time, so that of what was paid before only that it was is compared. */
function inShort(verdict: Parameters<typeof outcomeOf>[0]): unknown {
  return verdict.status === 'replayed' ? 'replayed' : outcomeOf(verdict)
}

/** The shop as the database has it when that is written. */
function after(
  given: ReturnType<typeof open>,
  { sales, accounts }: ReturnType<typeof checkOut>,
): ReturnType<typeof open> {
  const changed = new Map<string, LockedAccount>(accounts.map((one) => [one.id, one]))
  const stock = { ...given.stock }
  for (const { itemId, quantity } of sales.flatMap(({ taken }) => taken)) {
    stock[itemId] = stock[itemId]! - quantity
  }
  const paidBy = new Map(sales.map(({ order }) => [order.cartId, order.transactionId]))
  return {
    carts: given.carts.map((one) => ({ ...one, paidBy: paidBy.get(one.id) ?? one.paidBy })),
    stock,
    accounts: given.accounts.map((one) => changed.get(one.id) ?? one),
  }
}
