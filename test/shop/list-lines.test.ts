import { startShop, type ShopApi } from './api'

let shop: ShopApi
beforeAll(async () => {
  shop = await startShop()
})
afterAll(() => shop.close())

test('R1: lists everything that was put in, in that order, what was taken out included', async () => {
  const as = await shop.aUser()
  expect(await shop.lines(as)).toEqual({ data: [], next_cursor: null })
  const { id } = await shop.add(as, 'b')
  await shop.add(as, 'a', 2)
  await shop.send({ method: 'DELETE', path: `/items/${id}`, as })
  await shop.add(as, 'b', 3)
  const { data } = await shop.lines(as)
  expect(data.map(({ name, quantity }) => [name, quantity])).toEqual([
    ['b', 1],
    ['a', 2],
    ['b', 3],
  ])
  expect(data.map((line) => line.removed_at === null)).toEqual([false, true, true])
})

// Somebody is at it.
const leased = {
  lease_token: '00000000-0000-7000-8000-000000000001',
  lease_until: '2100-01-01T00:00:00Z',
  next_at: '2100-01-01T00:00:00Z',
}

const states: [string, object, object][] = [
  ['pending', { actual: 'none' }, {}],
  ['pending', { actual: 'requesting', ...leased }, { next_attempt_at: null }],
  ['pending', { actual: 'unknown', attempts: 1, ...leased }, { next_attempt_at: null }],
  [
    'pending',
    { actual: 'unknown', attempts: 2, last_error: 'too late', next_at: '2100-01-01T00:00:00Z' },
    { attempts: 2, reason: 'too late', next_attempt_at: '2100-01-01T00:00:00.000000Z' },
  ],
  ['reserved', { actual: 'held', external_id: 1234, next_at: null }, { reservation_id: 1234 }],
  [
    'failed',
    { actual: 'failed', attempts: 8, last_error: 'sold out', next_at: null },
    { attempts: 8, reason: 'sold out', next_attempt_at: null },
  ],
  ['pending', { desired: 'released', actual: 'held', external_id: 5 }, { reservation_id: 5 }],
  ['released', { desired: 'released', actual: 'released', external_id: 5 }, {}],
  ['pending', { desired: 'released', actual: 'failed', external_id: 5 }, {}],
]

test.each(states)('R1: is %s of a reservation that is %j', async (status, state, shown) => {
  const as = await shop.aUser()
  const { id } = await shop.add(as, 'laptop')
  await shop.sql(
    `update reservation r
     set (desired, actual, external_id, attempts, last_error, next_at, lease_token, lease_until) = (
       select s.desired, s.actual, s.external_id, s.attempts, s.last_error, s.next_at,
         s.lease_token, s.lease_until
       from jsonb_populate_record(r, $2) s
     )
     where line_id = $1`,
    [id, JSON.stringify(state)],
  )
  const { data } = await shop.lines(as)
  expect(data).toMatchObject([{ id, status, reservation: { status, ...shown } }])
  expect(data[0]!.reservation_id).toBe(data[0]!.reservation.reservation_id)
})

test('pages by key: each line once while others are added', async () => {
  const as = await shop.aUser()
  const names = Array.from({ length: 25 }, (_, i) => `thing ${i}`)
  for (const name of names) await shop.add(as, name)
  const first = await shop.lines(as, 'limit=20')
  expect(first.data.map(({ name }) => name)).toEqual(names.slice(0, 20))
  await shop.add(as, 'late')
  const second = await shop.lines(as, `limit=20&cursor=${first.next_cursor}`)
  expect(second.data.map(({ name }) => name)).toEqual([...names.slice(20), 'late'])
  expect(second.next_cursor).toBeNull()
})

test('C4: a caller sees the own cart only, and no cursor of another’s', async () => {
  const [one, other] = [await shop.aUser(), await shop.aUser()]
  await shop.add(one, 'secret')
  await shop.add(one, 'secret too')
  expect((await shop.lines(other)).data).toEqual([])
  const { next_cursor } = await shop.lines(one, 'limit=1')
  const refused = { status: 400, code: 'page.invalid_cursor' }
  await shop.refuses({ path: `/items?cursor=${next_cursor}`, as: other }, refused)
})

test.each(['0', '101', '1000000000', '-1', '1.5', 'x', ''])(
  'refuses a limit of %j',
  async (limit) => {
    const invalid = { status: 400, code: 'request.invalid', paths: ['limit'] }
    await shop.refuses({ path: `/items?limit=${limit}` }, invalid)
  },
)
