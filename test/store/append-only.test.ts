import { sqlStateOf } from '../../internal/postgres/errors'
import { newGiven } from '../conformance/stores'
import { openSqlStores } from './sql-stores'

let stores: Awaited<ReturnType<typeof openSqlStores>>
beforeAll(async () => {
  stores = await openSqlStores()
  const { anAccount, create } = newGiven(() => stores)
  const [a, b] = [await anAccount({ balance: 100n }), await anAccount()]
  await create(a, -10n, { counterpartyId: b })
})
afterAll(() => stores.close())

const restrictViolation = '23001'

// The tests connect as the owner of the tables, or as a superuser: nobody has more rights.
test.each([
  ['update transaction set amount = amount + 1', restrictViolation],
  [`update transaction set description = 'x' where amount < 0`, restrictViolation],
  ['update transaction set id = id', restrictViolation],
  ['delete from transaction', restrictViolation],
  ['delete from transaction where counterparty_id is null', restrictViolation],
  ['truncate transaction cascade', restrictViolation],
  ['truncate account cascade', restrictViolation],
  ['truncate app_user cascade', restrictViolation],
  [
    `insert into transaction
     select t.* from transaction t on conflict (id) do update set amount = 1`,
    restrictViolation,
  ],
  ['delete from account', restrictViolation],
  [`delete from account where id = 'nobody'`, restrictViolation],
  ['truncate account, transaction, hold cascade', restrictViolation],
  [`update account set id = id || 'x'`, restrictViolation],
  [`update account set currency = 'JPY'`, restrictViolation],
  ['update account set user_id = user_id', restrictViolation],
  ['update account set created_at = now(), balance = balance', restrictViolation],
  [
    `insert into account select a.* from account a on conflict (id) do update set currency = 'JPY'`,
    restrictViolation,
  ],
  ['delete from app_user', restrictViolation],
  [`update app_user set id = id || 'x'`, restrictViolation],
  ['delete from hold', restrictViolation],
  ['update hold set amount = 1', restrictViolation],
  ['update idempotency set refusal = null', restrictViolation],
  ['truncate idempotency', restrictViolation],
])('the database refuses: %s', async (text, state) => {
  const rows = async () =>
    (await stores.pool.query({ text: 'select t::text from transaction t order by id', values: [] }))
      .rows
  const before = await rows()
  expect(before).toHaveLength(2)
  const error = await stores.pool.query({ text, values: [] }).catch((thrown: unknown) => thrown)
  expect(sqlStateOf(error)).toBe(state)
  expect(await rows()).toEqual(before)
})

test('old keys may be deleted by the owner, who may change what has to change', async () => {
  for (const text of [
    'delete from idempotency',
    `update account set name = 'x', balance = balance, closed_at = null`,
    `update app_user set first_name = 'x'`,
  ]) {
    await stores.pool.query({ text, values: [] })
  }
})

test.each([
  [
    'a balance below its limit',
    `update account set balance = -1`,
    'account_available_covers_limit',
  ],
  [
    'a balance beyond its range',
    `update account set balance = 9007199254740992`,
    'account_balance_range',
  ],
  ['a limit above zero', `update account set min_balance = 1`, 'account_min_balance_range'],
  [
    'an account of the outside world',
    `insert into account (id, user_id, name, currency) select 'world:EUR', id, 'x', 'EUR' from app_user`,
    'account_id_not_world',
  ],
])('the database refuses %s', async (_name, text, constraint) => {
  await expect(stores.pool.query({ text, values: [] })).rejects.toMatchObject({ constraint })
})
