import { startApi, type TestApi } from './api'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.close())

const january = (day: number) => `2026-01-${String(day).padStart(2, '0')}T00:00:00.000000Z`

test('answers an empty object when nothing was ever spent', async () => {
  const none = { from: null, to: null, largest_expenses: {} }
  expect(await api.largest((await api.aUser()).id)).toEqual(none)
  const account = await api.anAccount({ balance: '10.00' })
  expect(await api.largest(account.user_id)).toEqual(none)
})

test('finds the largest expense over all accounts, one for each currency', async () => {
  const { id: user_id } = await api.aUser()
  const open = (currency: string) => api.anAccount({ user_id, currency, balance: '1000' })
  const [a, b, yen, dinar] = [
    await open('EUR'),
    await open('EUR'),
    await open('JPY'),
    await open('KWD'),
  ]
  await api.deposit(a, '-10.00')
  const euros = await api.deposit(b, '-10.01')
  await api.deposit(a, '-9.99')
  const yens = await api.deposit(yen, '-900')
  await api.deposit(dinar, '-0.001')
  const dinars = await api.deposit(dinar, '-0.002')
  // Nobody else's.
  await api.deposit(await api.anAccount({ balance: '500.00' }), '-500.00')
  const { largest_expenses } = await api.largest(user_id)
  expect(largest_expenses).toEqual({
    EUR: { transaction: euros },
    JPY: { transaction: yens },
    KWD: { transaction: dinars },
  })
  const only = await api.largest(user_id, 'currency=JPY')
  expect(only.largest_expenses).toEqual({ JPY: { transaction: yens } })
  expect((await api.largest(user_id, 'currency=USD')).largest_expenses).toEqual({})
})

test('takes both ends as inclusive, to the microsecond, and says them in UTC', async () => {
  const account = await api.anAccount({ balance: '100.00' })
  const at = (micros: number) => `2026-01-31T09:30:00.00000${micros}Z`
  for (const micros of [1, 2, 3, 4]) {
    await api.deposit(account, `-${5 - micros}.00`, { effective_at: at(micros) })
  }
  const amount = async (query: string) =>
    (await api.largest(account.user_id, query)).largest_expenses.EUR?.transaction.amount
  expect(await amount(`from=${at(2)}&to=${at(3)}`)).toBe('-3.00')
  expect(await amount(`from=${at(4)}`)).toBe('-1.00')
  expect(await amount(`to=${at(1)}`)).toBe('-4.00')
  expect(await amount(`from=${at(3)}&to=${at(3)}`)).toBe('-2.00')
  expect(await amount(`from=${at(5)}`)).toBeUndefined()
  expect(await api.largest(account.user_id, 'to=2026-01-31T10:00:00%2B01:00')).toEqual({
    from: null,
    to: '2026-01-31T09:00:00.000000Z',
    largest_expenses: {},
  })
})

test('takes the earliest of equals, by when it counts and then by when it was posted', async () => {
  const { id: user_id } = await api.aUser()
  const [a, b] = [
    await api.anAccount({ user_id, balance: '100.00' }),
    await api.anAccount({ user_id, balance: '100.00' }),
  ]
  await api.deposit(a, '-7.00', { effective_at: january(20) })
  const earliest = await api.deposit(b, '-7.00', { effective_at: january(10) })
  const across = await api.largest(user_id)
  expect(across.largest_expenses).toEqual({ EUR: { transaction: earliest } })
  await api.deposit(a, '-7.00', { effective_at: january(10) })
  await api.deposit(b, '-7.00', { effective_at: january(30) })
  const { largest_expenses } = await api.largest(user_id)
  expect(largest_expenses).toEqual({ EUR: { transaction: earliest } })
})

test('leaves transfers between accounts of the same user out, whichever side posted them', async () => {
  const { id: user_id } = await api.aUser()
  const [a, b] = [
    await api.anAccount({ user_id, balance: '100.00' }),
    await api.anAccount({ user_id, balance: '100.00' }),
  ]
  await api.deposit(a, '-50.00', { counterparty_id: b.id })
  await api.deposit(a, '60.00', { counterparty_id: b.id })
  expect((await api.largest(user_id)).largest_expenses).toEqual({})
  const expense = await api.deposit(a, '-1.00')
  const { largest_expenses } = await api.largest(user_id)
  expect(largest_expenses).toEqual({ EUR: { transaction: expense } })
})

test('counts a transfer to somebody else, also when the other side posted it', async () => {
  const [mine, theirs] = [await api.anAccount({ balance: '100.00' }), await api.anAccount()]
  const posted = await api.deposit(mine, '-20.00', { counterparty_id: theirs.id })
  const first = await api.largest(mine.user_id)
  expect(first.largest_expenses).toEqual({ EUR: { transaction: posted } })
  const collected = await api.deposit(theirs, '30.00', { counterparty_id: mine.id })
  const { largest_expenses } = await api.largest(mine.user_id)
  expect(largest_expenses).toEqual({
    EUR: {
      transaction: {
        ...collected,
        account_id: mine.id,
        counterparty_id: theirs.id,
        amount: '-30.00',
        balance_after: '50.00',
      },
    },
  })
  // For who got it, it is none.
  expect((await api.largest(theirs.user_id)).largest_expenses).toEqual({})
})

test('refuses a user that is not there, with a period or without', async () => {
  const refused = { status: 404, code: 'user.not_found' }
  await api.refuses({ path: '/users/nobody/transactions/max' }, refused)
  const path = `/users/nobody/transactions/max?from=${january(1)}&to=${january(2)}`
  await api.refuses({ path }, refused)
})

test.each([
  [`from=${january(2)}&to=${january(1)}`, ['from']],
  ['from=yesterday', ['from']],
  ['from=2026-01-31&to=1769851800', ['from', 'to']],
  ['currency=eur', ['currency']],
  ['limit=1', ['limit']],
])('refuses ?%s', async (query, paths) => {
  const { id } = await api.aUser()
  const refused = { status: 400, code: 'request.invalid', paths }
  await api.refuses({ path: `/users/${id}/transactions/max?${query}` }, refused)
})
