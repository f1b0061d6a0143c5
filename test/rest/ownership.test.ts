import { transactionDto } from '../../pkg/transaction/dto/transaction'
import { accountDto } from '../../pkg/account/dto/account'
import { capturedHoldDto } from '../../cmd/api/rest/hold'
import { holdDto } from '../../pkg/hold/dto/hold'
import { startApi, type Sent, type TestApi } from './api'
import { as, aSignIn, password } from './credentials'

// Whoever sends no credentials is the demo operator here: what the customers are measured against.
let api: TestApi
beforeAll(async () => {
  api = await startApi()
  for (const id of ['ada', 'eve']) await aSignIn(api, id)
  await aSignIn(api, 'shop', 'merchant')
  await api.anAccount({ id: 'ada-a', user_id: 'ada', balance: '100.00' })
  await api.anAccount({ id: 'ada-b', user_id: 'ada' })
  await api.anAccount({ id: 'shop-a', user_id: 'shop', balance: '7.00' })
})
afterAll(() => api.close())

const posting = (json: object, headers = {}): Sent => ({
  method: 'POST',
  path: '/transactions',
  json: { account_id: 'ada-a', ...json },
  headers,
})
const forbidden = { status: 403, code: 'auth.forbidden' }
const notFound = (what: string) => ({ status: 404, code: `${what}.not_found` })

describe('a transaction of a customer', () => {
  test('takes money out of their own account, to anybody', async () => {
    for (const more of [{}, { counterparty_id: 'ada-b' }, { counterparty_id: 'shop-a' }]) {
      const { status } = await api.send(as('ada', posting({ amount: '-1.00', ...more })))
      expect(status).toBe(201)
    }
    expect((await api.account('shop-a')).balance).toBe('8.00')
  })

  test.each<[string, object]>([
    ['makes money', { amount: '1.00' }],
    ['takes money from somebody', { amount: '1.00', counterparty_id: 'shop-a' }],
    ['takes money from another account of their own', { amount: '1.00', counterparty_id: 'ada-b' }],
    ['counts at another time', { amount: '-1.00', effective_at: '2026-01-31T09:30:00Z' }],
  ])('that %s is refused with 403', async (_what, json) => {
    await api.refuses(as('ada', posting(json)), forbidden)
    const dryRun = { ...posting(json), path: '/transactions?dry_run=true' }
    await api.refuses(as('ada', dryRun), forbidden)
  })

  test('of another’s account is refused as of none, and nothing is remembered with its key', async () => {
    const headers = { 'Idempotency-Key': 'theft' }
    for (const account_id of ['ada-a', 'nothing']) {
      for (let i = 0; i < 2; i++) {
        const sent = as('eve', posting({ account_id, amount: '-1.00' }, headers))
        const { detail } = await api.refuses(sent, notFound('account'))
        expect(detail).toBe(`There is no account "${account_id}".`)
      }
    }
  })

  test('cannot be one of many', async () => {
    const transactions = [{ account_id: 'ada-a', amount: '-1' }]
    const sent = { method: 'POST', path: '/transactions/bulk', json: { transactions } } as const
    await api.refuses(as('ada', sent), forbidden)
  })
})

describe('a transaction', () => {
  test('is shown to each side as its own account sees it, and to nobody else', async () => {
    await api.anAccount({ id: 'shop-b', user_id: 'shop', balance: '50.00' })
    const sent = posting({ amount: '-2.00', counterparty_id: 'shop-b' })
    const posted = transactionDto.parse((await api.send(as('ada', sent))).body)
    const path = `/transactions/${posted.id}`
    expect((await api.send(as('ada', { path }))).body).toEqual(posted)
    const seen = await api.send(as('shop', { path }))
    expect(transactionDto.parse(seen.body)).toEqual({
      ...posted,
      ...{ account_id: 'shop-b', counterparty_id: 'ada-a', amount: '2.00' },
      balance_after: '52.00',
    })
    expect(seen.text).not.toContain(posted.balance_after)
    await api.refuses(as('eve', { path }), notFound('transaction'))
  })

  test('between two accounts of one user is shown as it was posted', async () => {
    const posted = await api.create({ account_id: 'ada-a', amount: '-1', counterparty_id: 'ada-b' })
    expect((await api.send(as('ada', { path: `/transactions/${posted.id}` }))).body).toEqual(posted)
  })
})

describe('a hold', () => {
  const open = async (more: object = {}) => {
    const json = { account_id: 'ada-a', amount: '3.00', counterparty_id: 'shop-a', ...more }
    const answer = await api.send(as('ada', { method: 'POST', path: '/holds', json }))
    expect(answer.status).toBe(201)
    return holdDto.parse(answer.body)
  }
  const change = (id: string, what: string, json?: object): Sent => ({
    method: 'POST',
    path: `/holds/${id}/${what}`,
    json,
  })

  test('is seen by the one whose money it is and by the one whom it pays', async () => {
    const { id } = await open()
    for (const who of ['ada', 'shop']) {
      expect((await api.send(as(who, { path: `/holds/${id}` }))).status).toBe(200)
    }
    await api.refuses(as('eve', { path: `/holds/${id}` }), notFound('hold'))
  })

  test('is captured by the one whom it pays, who sees nothing of the payer’s balance', async () => {
    const { id } = await open()
    const headers = { 'Idempotency-Key': 'capture-1' }
    const sent = as('shop', { ...change(id, 'capture', { amount: '1.00' }), headers })
    const before = await api.account('ada-a')
    const first = await api.send(sent)
    expect(first.status).toBe(201)
    const { hold, transaction } = capturedHoldDto.parse(first.body)
    expect(hold).toMatchObject({ id, remaining: '2.00' })
    expect(transaction).toMatchObject({
      ...{ account_id: 'shop-a', counterparty_id: 'ada-a', amount: '1.00', hold_id: id },
      balance_after: (await api.account('shop-a')).balance,
    })
    expect((await api.account('ada-a')).balance).not.toBe(before.balance)
    expect(first.text).not.toContain((await api.account('ada-a')).balance)
    await api.replays(sent, first)
    await api.refuses(as('shop', change(id, 'capture', { amount: '9.00' })), {
      status: 422,
      code: 'hold.amount_exceeded',
    })
  })

  test('is given back, and prolonged, by the one whose money it is', async () => {
    const { id } = await open()
    expect((await api.send(as('ada', change(id, 'extend', { expires_at: null })))).status).toBe(200)
    await api.refuses(as('shop', change(id, 'extend', { expires_at: null })), forbidden)
    await api.refuses(as('shop', change(id, 'release')), forbidden)
    await api.refuses(as('ada', change(id, 'capture')), forbidden)
    expect((await api.send(as('ada', change(id, 'release')))).status).toBe(200)
  })

  test('that pays the outside world is captured by an operator', async () => {
    const { id } = await open({ counterparty_id: null })
    await api.refuses(as('ada', change(id, 'capture')), forbidden)
    await api.refuses(as('shop', change(id, 'capture')), notFound('hold'))
    expect((await api.send(change(id, 'capture'))).status).toBe(201)
  })

  test('of a stranger cannot be told from one that is not there', async () => {
    const { id } = await open()
    for (const what of ['capture', 'release']) {
      await api.refuses(as('eve', change(id, what)), notFound('hold'))
    }
    const json = { account_id: 'ada-a', amount: '1' }
    await api.refuses(as('eve', { method: 'POST', path: '/holds', json }), notFound('account'))
  })
})

describe('an account', () => {
  const opening = (json: object, userId = 'eve'): Sent => ({
    method: 'POST',
    path: `/users/${userId}/accounts`,
    json: { name: 'Mine', currency: 'EUR', ...json },
  })

  test('is opened by its owner, who can use it at once', async () => {
    const answer = await api.send(as('eve', opening({})))
    expect(answer.status).toBe(201)
    const { id } = accountDto.parse(answer.body)
    expect((await api.send(as('eve', { path: `/accounts/${id}` }))).status).toBe(200)
    expect(
      (await api.send(as('eve', { method: 'POST', path: `/accounts/${id}/close` }))).status,
    ).toBe(200)
  })

  test('gets a credit line, another limit, or an id from an operator only', async () => {
    await api.refuses(as('eve', opening({ min_balance: '-1.00' })), forbidden)
    const chosen = await api.refuses(as('eve', opening({ id: 'eve-mine' })), forbidden)
    const taken = await api.refuses(as('eve', opening({ id: 'ada-a' })), forbidden)
    expect(chosen.detail).toBe(taken.detail)
    await api.refuses(as('eve', opening({}, 'ada')), notFound('user'))
    const limit = { method: 'PATCH', path: '/accounts/ada-a', json: { min_balance: '-1' } } as const
    await api.refuses(as('ada', limit), forbidden)
  })
})

describe('an Idempotency-Key', () => {
  const headers = { 'Idempotency-Key': 'order-1' }

  test('of one user is none of another, nor of an operator', async () => {
    await api.anAccount({ id: 'eve-x', user_id: 'eve', balance: '10.00' })
    const ada = as('ada', posting({ amount: '-0.10' }, headers))
    const eve = as('eve', posting({ account_id: 'eve-x', amount: '-0.20' }, headers))
    const [first, second] = [await api.send(ada), await api.send(eve)]
    const third = await api.send(posting({ amount: '0.30' }, headers))
    expect([first.status, second.status, third.status]).toEqual([201, 201, 201])
    await api.replays(ada, first)
    await api.replays(eve, second)
    await api.replays(posting({ amount: '0.30' }, headers), third)
    const other = as('ada', posting({ amount: '-0.11' }, headers))
    await api.refuses(other, { status: 422, code: 'idempotency.key_reused' })
  })

  test('may be as long as any', async () => {
    const long = { 'Idempotency-Key': 'k'.repeat(255) }
    const sent = as('ada', posting({ amount: '-0.10' }, long))
    const first = await api.send(sent)
    expect(first.status).toBe(201)
    await api.replays(sent, first)
  })
})

test('a merchant has the rights of a customer in the ledger, and no more', async () => {
  const sent = {
    method: 'POST',
    path: '/users/ada/accounts',
    json: { name: 'A', currency: 'EUR' },
  } as const
  await api.refuses(as('shop', sent), notFound('user'))
  await api.refuses(as('shop', posting({ amount: '-1' })), notFound('account'))
  const json = { password, role: 'operator' }
  await api.refuses(as('shop', { method: 'PUT', path: '/users/shop/credential', json }), forbidden)
})
