import { problemDto } from '../rest/answer'
import { startShop, type Sent, type ShopApi } from '../shop/api'
import { expectGolden } from './golden'

const nothing = '00000000-0000-7000-8000-000000000000'
const ordered = {
  cart: '00000000-0000-7000-8000-00000000000a',
  line: '00000000-0000-7000-8000-00000000000b',
}

let shop: ShopApi
beforeAll(async () => {
  shop = await startShop()
  const { cart_id } = await shop.add('ada', 'sand', 1_000_000)
  await shop.fillCart(cart_id, 1999)
  await shop.sql(
    `insert into cart (id, user_id, store_id, created_at, updated_at) values ($1, 'demo', 'main', now(), now())`,
    [ordered.cart],
  )
  await shop.sql(
    `insert into cart_line (id, cart_id, store_id, quantity, name, created_at, updated_at)
     values ($1, $2, 'main', 1, 'pen', now(), now())`,
    [ordered.line, ordered.cart],
  )
  await shop.order(ordered.cart)
})
afterAll(() => shop.close())

const add = (name: string): Sent => ({
  method: 'POST',
  path: '/items',
  json: { name, quantity: 1 },
})
const sell = (json: object): Sent => ({
  method: 'POST',
  path: '/catalogue',
  json,
  as: 'demo operator',
})

test.each<[string, Sent]>([
  ['item.not_found', { path: `/catalogue/${nothing}` }],
  ['store.not_found', sell({ name: 'pen', store_id: 'nothing' })],
  ['cart.line_not_found', { method: 'DELETE', path: `/items/${nothing}` }],
  ['cart.ordered', { method: 'DELETE', path: `/items/${ordered.line}`, as: 'demo' }],
  ['cart.too_many', add('sand')],
  ['cart.too_many_lines', add('one more')],
])('%s', async (code, sent) => {
  const problem = problemDto.parse((await shop.send(sent)).body)
  expect(problem.code).toBe(code)
  // The request id is the one thing that differs from time to time.
  expectGolden(`problem/${code}`, { ...problem, instance: '/requests/…' })
})
