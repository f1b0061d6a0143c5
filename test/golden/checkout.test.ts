import { buy } from '../checkout/buy'
import { openShop, type Shop } from '../checkout/shop'
import { startTill, type Till } from '../checkout/till'
import { expectGolden } from './golden'

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

const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
const noCart = '00000000-0000-7000-8000-000000000000'

/** With one line that is fine, and one of which there is one too few. */
async function aCustomerWithACart(wanted: number): Promise<string> {
  const ada = await shop.aCustomer()
  const book = await shop.anItem({ price: 1250n, onHand: 2n, name: 'Book' })
  const pen = await shop.anItem({ price: 99n, name: 'Pen' })
  await shop.aCart(ada, { [book]: wanted, [pen]: 1 })
  return ada
}

test.each([
  ['checkout.cart_empty', () => shop.aCustomer(), {}],
  ['checkout.lines_refused', () => aCustomerWithACart(3), {}],
  ['checkout.total_changed', () => aCustomerWithACart(2), { expected_total: '25.00' }],
  ['cart.not_found', () => shop.aCustomer(), { cart_id: noCart }],
])('%s', async (code, aCaller, ask) => {
  const { problem } = await buy(till.url, await aCaller(), ask)
  expect(problem?.code).toBe(code)
  const told = JSON.stringify({ ...problem, instance: '/requests/…' })
  expectGolden(`problem/${code}`, JSON.parse(told.replaceAll(uuid, noCart)))
})
