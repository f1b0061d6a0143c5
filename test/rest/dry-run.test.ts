import { readState } from './ledger'
import { startApi, type Sent, type TestApi, type Transaction } from './api'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.close())

let keys = 0
const newKey = () => `dry-${++keys}`
const single = (json: object, key?: string, query = '?dry_run=true'): Sent => ({
  ...{ method: 'POST', path: `/transactions${query}`, json },
  ...(key !== undefined && { headers: { 'Idempotency-Key': key } }),
})
const bulk = (transactions: object[], query = '?dry_run=true'): Sent => ({
  ...{ method: 'POST', path: `/transactions/bulk${query}`, json: { transactions } },
})
const noFunds = { status: 422, code: 'account.insufficient_funds' }

/** What it answers, with nothing changed in any table. */
async function tries(sent: Sent) {
  const before = await readState(api.db)
  const answer = await api.send(sent)
  expect(answer.status).toBe(200)
  expect(answer.headers['dry-run']).toBe('true')
  expect(await readState(api.db)).toEqual(before)
  return answer
}

/** Apart from what is made anew each time. */
const comparable = (transaction: Transaction) => ({
  ...{ ...transaction, id: '', created_at: '' },
  effective_at: transaction.effective_at === transaction.created_at ? '' : transaction.effective_at,
})

interface Verdict {
  status: string
  transaction?: Transaction
  problem?: { code: string }
}
const verdictsOf = ({ body }: { body: unknown }) => (body as { data: Verdict[] }).data

describe('of one transaction', () => {
  test('answers what would be created, keeps nothing, and the real one comes to the same', async () => {
    const [account, other] = [await api.anAccount({ balance: '10.00' }), await api.anAccount()]
    const json = {
      ...{ account_id: account.id, counterparty_id: other.id, amount: '-4.00', description: 'x' },
      ...{ metadata: { a: 1 }, effective_at: '2026-01-01T00:00:00.000000Z' },
    }
    const answer = await tries(single(json))
    const would = answer.body as Transaction
    expect(would).toMatchObject({ ...json, balance_after: '6.00' })
    expect(answer.headers).not.toHaveProperty('location')
    await api.refuses(
      { path: `/transactions/${would.id}` },
      { status: 404, code: 'transaction.not_found' },
    )
    const did = await api.create(json)
    expect(comparable(did)).toEqual(comparable(would))
    // No number was taken either.
    const [row] = await api.sql('select entry_no::int from transaction where id = $1', [did.id])
    expect(row).toEqual({ entry_no: 2 })
  })

  test('refuses what would be refused, with the same problem, and remembers nothing', async () => {
    const account = await api.anAccount({ balance: '10.00' })
    await api.openHold(account, '9.00')
    const [json, key] = [{ account_id: account.id, amount: '-2.00' }, newKey()]
    const would = await api.refuses(single(json, key), noFunds)
    const did = await api.refuses(single(json, key, ''), { ...noFunds, remembered: true })
    expect({ ...would, instance: '' }).toEqual({ ...did, instance: '' })
    const refuse = (change: object, status: number, code: string) =>
      api.refuses(single({ ...json, ...change }), { status, code })
    await refuse({ account_id: 'nothing' }, 404, 'account.not_found')
    await refuse({ amount: '0.001' }, 400, 'request.invalid')
    await refuse({ counterparty_id: 'nothing' }, 404, 'account.not_found')
  })

  test('takes no key: it can be used afterwards, also for something else', async () => {
    const [account, key] = [await api.anAccount(), newKey()]
    await tries(single({ account_id: account.id, amount: '1.00' }, key))
    const other = { account_id: account.id, amount: '2.00' }
    const answer = await api.send(single(other, key, ''))
    expect(answer.status).toBe(201)
    expect(answer.headers).not.toHaveProperty('idempotency-replayed')
  })

  test('shows the first answer to a key that was used, a refusal included', async () => {
    const account = await api.anAccount()
    const json = { account_id: account.id, amount: '1.00' }
    const [done, refused] = [newKey(), newKey()]
    const first = await api.send(single(json, done, ''))
    await api.refuses(single({ ...json, amount: '-5' }, refused, ''), {
      ...noFunds,
      remembered: true,
    })
    await api.deposit(account, '100.00')
    const shown = await tries(single(json, done))
    expect(shown.text).toBe(first.text)
    expect(shown.headers['idempotency-replayed']).toBe('true')
    const problem = await api.refuses(single({ ...json, amount: '-5' }, refused), noFunds)
    expect(problem.balance).toBe('1.00')
    const reused = { status: 422, code: 'idempotency.key_reused' }
    await api.refuses(single({ ...json, amount: '3' }, done), reused)
  })

  test('leaves a hold that is over as it is, and counts its money as free', async () => {
    const account = await api.anAccount({ balance: '10.00' })
    await api.expire(await api.openHold(account, '10.00'))
    const { body } = await tries(single({ account_id: account.id, amount: '-10.00' }))
    expect(body).toMatchObject({ balance_after: '0.00' })
  })

  test('is what it says: dry_run=false posts, and anything else is refused', async () => {
    const account = await api.anAccount()
    const json = { account_id: account.id, amount: '1.00' }
    expect((await api.send(single(json, undefined, '?dry_run=false'))).status).toBe(201)
    const invalid = { status: 400, code: 'request.invalid', paths: ['dry_run'] }
    for (const value of ['', '1', 'TRUE', 'yes', 'true&dry_run=true', '%00']) {
      await api.refuses(single(json, undefined, `?dry_run=${value}`), invalid)
    }
    const unknown = { status: 400, code: 'request.invalid', paths: ['dryrun'] }
    await api.refuses(single(json, undefined, '?dryrun=true'), unknown)
  })

  test('many at once with real ones: the real ones are posted, nothing else', async () => {
    const account = await api.anAccount({ balance: '10.00' })
    const json = { account_id: account.id, amount: '-1.00' }
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        api.send(single(json, undefined, i % 2 ? '' : undefined)),
      ),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(10)
    expect((await api.account(account.id)).balance).toBe('0.00')
  })
})

describe('of a bulk', () => {
  async function someItems() {
    const [a, b] = [await api.anAccount(), await api.anAccount()]
    return [
      { account_id: a.id, amount: '5.00', idempotency_key: newKey() },
      { account_id: a.id, counterparty_id: b.id, amount: '-4.00' },
      { account_id: b.id, amount: '-4.01', idempotency_key: newKey() },
      { account_id: b.id, amount: '-4.00', idempotency_key: newKey() },
    ]
  }

  test('gives each its verdict, later ones seeing earlier ones; the real one comes to the same', async () => {
    const items = await someItems()
    const would = verdictsOf(await tries(bulk(items)))
    expect(would.map(({ status }) => status)).toEqual(['created', 'created', 'refused', 'created'])
    const did = verdictsOf(await api.send(bulk(items, '')))
    const plain = ({ status, transaction, problem }: Verdict) =>
      transaction ? comparable(transaction) : { status, ...problem, instance: '' }
    expect(did.map(plain)).toEqual(would.map(plain))
    expect(did.map(({ status }) => status)).toEqual(would.map(({ status }) => status))
    const again = verdictsOf(await tries(bulk(items)))
    expect(again.map(({ status }) => status)).toEqual([
      'replayed',
      'refused',
      'refused',
      'replayed',
    ])
    expect(again[0]!.transaction).toEqual(did[0]!.transaction)
  })

  test('as a whole: refused with index and reason and nothing remembered, or all created', async () => {
    const items = await someItems()
    const refused = { status: 422, code: 'transaction.bulk_refused' }
    const query = '?mode=atomic&dry_run=true'
    const problem = await api.refuses(bulk(items, query), refused)
    expect(problem).toMatchObject({ index: 2, problem: { code: noFunds.code } })
    // Its key is free still.
    items[2]!.amount = '-1.00'
    items[3]!.amount = '-3.00'
    const would = verdictsOf(await tries(bulk(items, query)))
    expect(would.map(({ transaction }) => transaction!.balance_after)).toEqual([
      ...['5.00', '1.00', '3.00', '0.00'],
    ])
    expect((await api.send(bulk(items, '?mode=atomic'))).status).toBe(200)
  })

  test('shows an atomic bulk the refusal of old that it would meet', async () => {
    const items = await someItems()
    const refused = { status: 422, code: 'transaction.bulk_refused' }
    await api.refuses(bulk(items, '?mode=atomic'), { ...refused, remembered: true })
    await api.deposit({ id: items[2]!.account_id }, '100.00')
    const problem = await api.refuses(bulk(items, '?mode=atomic&dry_run=true'), refused)
    expect(problem).toMatchObject({ index: 2, problem: { balance: '4.00' } })
  })
})
