import { cartDto } from '../../pkg/cart/dto/cart'
import { startShop, type Sent, type ShopApi } from './api'

let shop: ShopApi
beforeAll(async () => {
  shop = await startShop()
})
afterAll(() => shop.close())

const address = {
  ...{ line1: 'Unter den Linden 1', line2: '', line3: '', city: 'Berlin', province: '' },
  ...{ zip_code: '10117', country_code: 'DE', other: '' },
}
const put = (as: string, json: unknown): Sent => ({
  ...{ method: 'PUT', path: '/cart/address', json, as },
})

test('is there, empty, for whoever has put nothing in', async () => {
  const as = await shop.aUser()
  const cart = await shop.cart(as)
  expect(cart).toMatchObject({
    ...{ user_id: as, store_id: 'main', status: 'open', currency: 'EUR' },
    ...{ price_total: '0.00', address: null, lines: [] },
  })
  expect((await shop.cart(as)).id).toBe(cart.id)
  expect((await shop.add(as, 'pen')).cart_id).toBe(cart.id)
})

test('has the total of what has a price, exactly', async () => {
  const as = await shop.aUser()
  await shop.anItem({ name: 'dime', price: '0.10' })
  await shop.anItem({ name: 'palace', price: '9999999999999.99' })
  await shop.add(as, 'dime', 3)
  await shop.add(as, 'palace', 1_000_000)
  await shop.add(as, 'a free name', 7)
  const cart = await shop.cart(as)
  expect(cart.price_total).toBe('9999999999999990000.30')
  expect(cart.lines.map(({ name, price }) => [name, price])).toEqual([
    ['dime', '0.10'],
    ['palace', '9999999999999.99'],
    ['a free name', null],
  ])
})

test('keeps what was taken off the market, without a price', async () => {
  const as = await shop.aUser()
  const { id } = await shop.anItem({ name: 'fad', price: '5.00' })
  await shop.add(as, 'fad', 2)
  await shop.send({ method: 'DELETE', path: `/catalogue/${id}`, as: 'demo operator' })
  const { lines, price_total } = await shop.cart(as)
  expect(lines).toMatchObject([{ item_id: id, name: 'fad', price: null }])
  expect(price_total).toBe('0.00')
})

test('takes an address, changes it, and keeps its id and its first time', async () => {
  const as = await shop.aUser()
  const first = await shop.get(put(as, address), cartDto)
  expect(first.address).toMatchObject(address)
  const second = await shop.get(put(as, { city: 'Bern', country_code: 'CH' }), cartDto)
  expect(second.address).toMatchObject({
    ...{ id: first.address!.id, created_at: first.address!.created_at },
    ...{ line1: '', city: 'Bern', zip_code: '', country_code: 'CH' },
  })
  expect(second.address!.updated_at > first.address!.updated_at).toBe(true)
  expect((await shop.cart(as)).address).toEqual(second.address)
})

test.each<[string, unknown, string[]]>([
  ['nothing', {}, ['']],
  ['nothing but emptiness', { line1: '' }, ['']],
  ['a line of 201 characters', { line1: 'x'.repeat(201) }, ['line1']],
  ['a control character', { city: 'Ber\u0000lin', other: 'a\nb' }, ['city', 'other']],
  ['a country that is none', { country_code: 'Germany' }, ['country_code']],
  ['an unknown field', { ...address, zip: '1' }, ['zip']],
  ['what is no text', { line1: 1 }, ['line1']],
])('refuses an address of %s', async (_what, json, paths) => {
  await shop.refuses(put('ada', json), { status: 400, code: 'request.invalid', paths })
})

test('says of a caller who is no user that there is none', async () => {
  const refused = { status: 404, code: 'user.not_found' }
  await shop.refuses({ path: '/cart', as: 'nobody' }, refused)
})
