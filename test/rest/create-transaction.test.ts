import { startApi, type Sent, type TestApi } from './api'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.close())

const sent = (json: object): Sent => ({ method: 'POST', path: '/transactions', json })

test('creates a transaction, says where it is and what the balance is after it', async () => {
  const account = await api.anAccount({ balance: '100.00' })
  const json = { account_id: account.id, amount: '-12.50', description: 'Groceries' }
  const answer = await api.send(sent(json))
  expect(answer).toMatchObject({
    status: 201,
    body: {
      ...json,
      currency: 'EUR',
      balance_after: '87.50',
      counterparty_id: 'world:EUR',
      metadata: null,
      reverses_id: null,
    },
  })
  const created = answer.body as { id: string; effective_at: string; created_at: string }
  expect(answer.headers).toMatchObject({ location: `/transactions/${created.id}` })
  expect(answer.headers).not.toHaveProperty('idempotency-replayed')
  expect(created.effective_at).toBe(created.created_at)
  expect((await api.account(account.id)).balance).toBe('87.50')
})

test.each([
  ['EUR', '0.01', '0.01'],
  ['EUR', 12.5, '12.50'],
  ['EUR', '12.500', '12.50'],
  ['EUR', 1e3, '1000.00'],
  ['EUR', 0.1, '0.10'],
  ['EUR', '90071992547409.91', '90071992547409.91'],
  ['JPY', '1250', '1250'],
  ['JPY', 1250.0, '1250'],
  ['JPY', '9007199254740991', '9007199254740991'],
  ['KWD', '1.25', '1.250'],
  ['KWD', 0.001, '0.001'],
])('takes %s %j as %s', async (currency, amount, shown) => {
  const account = await api.anAccount({ currency })
  const created = await api.create({ account_id: account.id, amount })
  expect(created).toMatchObject({ amount: shown, balance_after: shown, currency })
})

test('keeps balances exact over many amounts that no double can hold', async () => {
  const account = await api.anAccount({ balance: '0.30' })
  for (const amount of ['-0.10', 0.2, '-0.3', 0.7, '-0.1']) {
    await api.create({ account_id: account.id, amount })
  }
  expect((await api.account(account.id)).balance).toBe('0.70')
})

test('moves money between two accounts and never more than there is', async () => {
  const [from, to] = [await api.anAccount({ balance: '10.00' }), await api.anAccount()]
  const json = { account_id: from.id, amount: '-10.00', counterparty_id: to.id }
  await api.create(json)
  expect((await api.account(from.id)).balance).toBe('0.00')
  expect((await api.account(to.id)).balance).toBe('10.00')
  const refused = { status: 422, code: 'account.insufficient_funds' }
  await api.refuses(sent({ ...json, amount: '-0.01' }), refused)
  // The other way round: posted to the one that gets it, taken from the one that has not enough.
  const taken = { account_id: from.id, amount: '10.01', counterparty_id: to.id }
  const problem = await api.refuses(sent(taken), refused)
  expect(problem).toMatchObject({
    account_id: to.id,
    balance: '10.00',
    min_balance: '0.00',
    amount: '-10.01',
  })
})

test('uses a credit line down to exactly min_balance and not a cent further', async () => {
  const account = await api.anAccount({ min_balance: '-500.00' })
  const created = await api.create({ account_id: account.id, amount: '-500.00' })
  expect(created.balance_after).toBe('-500.00')
  const json = { account_id: account.id, amount: '-0.01' }
  const refused = { status: 422, code: 'account.insufficient_funds' }
  const problem = await api.refuses(sent(json), refused)
  expect(problem).toMatchObject({
    account_id: account.id,
    balance: '-500.00',
    min_balance: '-500.00',
    amount: '-0.01',
  })
  expect((await api.create({ account_id: account.id, amount: '0.01' })).balance_after).toBe(
    '-499.99',
  )
})

test('accepts exactly those of 50 concurrent expenses that fit', async () => {
  const account = await api.anAccount({ balance: '30.00' })
  const json = { account_id: account.id, amount: '-1.00' }
  const answers = await Promise.all(Array.from({ length: 50 }, () => api.send(sent(json))))
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(30)
  expect(answers.filter(({ status }) => status === 422)).toHaveLength(20)
  expect((await api.account(account.id)).balance).toBe('0.00')
})

test('refuses accounts that are not there, on either side', async () => {
  const { id } = await api.anAccount({ balance: '1.00' })
  const refused = { status: 404, code: 'account.not_found' }
  await api.refuses(sent({ account_id: 'nothing', amount: '1' }), refused)
  await api.refuses(sent({ account_id: id, amount: '-1', counterparty_id: 'nothing' }), refused)
})

test('refuses a closed account, on either side', async () => {
  const [open, closed] = [await api.anAccount({ balance: '1.00' }), await api.anAccount()]
  await api.sql('update account set closed_at = now() where id = $1', [closed.id])
  const refused = { status: 422, code: 'account.closed' }
  await api.refuses(sent({ account_id: closed.id, amount: '1' }), refused)
  const transfer = { account_id: open.id, amount: '-1', counterparty_id: closed.id }
  await api.refuses(sent(transfer), refused)
})

test('refuses a transfer from one currency into another', async () => {
  const [euro, yen] = [
    await api.anAccount({ balance: '1.00' }),
    await api.anAccount({ currency: 'JPY' }),
  ]
  const json = { account_id: euro.id, amount: '-1', counterparty_id: yen.id }
  await api.refuses(sent(json), { status: 422, code: 'transaction.currency_mismatch' })
})

test.each([
  ['EUR', '90071992547409.91', '0.01'],
  ['JPY', '9007199254740991', '1'],
  ['KWD', '9007199254740.990', '0.002'],
])('refuses what would bring a balance in %s out of its range', async (currency, full, more) => {
  const account = await api.anAccount({ currency, balance: full })
  const refused = { status: 422, code: 'account.balance_out_of_range' }
  await api.refuses(sent({ account_id: account.id, amount: more }), refused)
  // Out of its range on the other side.
  const from = await api.anAccount({ currency, balance: more })
  const transfer = { account_id: from.id, amount: `-${more}`, counterparty_id: account.id }
  await api.refuses(sent(transfer), refused)
})

test('answers that the ledger is busy while somebody else holds the account, and then goes on', async () => {
  const [held, free] = [await api.anAccount(), await api.anAccount()]
  const json = { account_id: held.id, amount: '1.00' }
  await api.db.withClient(async (client) => {
    await client.query({ text: 'begin', values: [] })
    await client.query({ text: 'select from account where id = $1 for update', values: [held.id] })
    const [refused, created] = await Promise.all([
      api.send(sent(json)),
      api.send(sent({ ...json, account_id: free.id })),
    ])
    await client.query({ text: 'rollback', values: [] })
    expect(refused).toMatchObject({ status: 503, body: { code: 'ledger.busy' } })
    expect(refused.headers['retry-after']).toBe('1')
    // Its neighbour in the group does not suffer.
    expect(created.status).toBe(201)
  })
  expect((await api.create(json)).balance_after).toBe('1.00')
})

test('brings the books to zero with the outside world, in every currency', async () => {
  const world = await api.sql<{ currency: string; sum: string; balances: string }>(
    `select a.currency, sum(a.balance)::text as balances,
       (select sum(t.amount)::text from transaction t
        where t.currency = a.currency and t.counterparty_id is null) as sum
     from account a group by a.currency order by a.currency`,
  )
  expect(world.map(({ currency }) => currency)).toEqual(['EUR', 'JPY', 'KWD'])
  for (const { sum, balances } of world) expect(sum).toBe(balances)
})
