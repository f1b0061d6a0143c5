import type { z } from 'zod'
import { bulkDto, bulkTransactionsMax } from '../../pkg/transaction/dto/transaction'
import type { Answer, Problem } from './answer'
import { startApi, type Refused, type Sent, type TestApi } from './api'

let api: TestApi
beforeAll(async () => {
  // As many as can be sent at once need more than the 64 KiB of a usual request.
  api = await startApi({ http: { request_timeout_ms: 20_000 } })
})
afterAll(() => api.close())

type Verdicts = z.output<typeof bulkDto>['data']
type Item = Record<string, unknown>

const sent = (transactions: unknown, query = ''): Sent => ({
  ...{ method: 'POST', path: `/transactions/bulk${query}`, json: { transactions } },
})
const atomic = (transactions: unknown) => sent(transactions, '?mode=atomic')

let keys = 0
const newKey = () => `bulk-${++keys}`
const keyed = (item: Item): Item => ({ ...item, idempotency_key: newKey() })

async function post(items: Item[], query = ''): Promise<Verdicts> {
  const answer = await api.send(sent(items, query))
  expect(answer.status).toBe(200)
  return bulkDto.parse(answer.body).data
}

/** Each verdict in short: the balance after it, or the code of the refusal. */
const outcomes = (verdicts: Verdicts) =>
  verdicts.map(({ status, transaction, problem }) =>
    status === 'refused' ? problem!.code : transaction!.balance_after,
  )
const statuses = (verdicts: Verdicts) => verdicts.map(({ status }) => status)
const funds = 'account.insufficient_funds'
const bulkRefused: Refused = { status: 422, code: 'transaction.bulk_refused' }
const anonymous = ({ problem, ...rest }: Problem) => ({
  ...rest,
  instance: '',
  problem: { ...(problem as Problem), instance: '' },
})

describe('independent', () => {
  test('gives each its verdict, in order; later ones see the effect of earlier ones', async () => {
    const [a, b] = [await api.anAccount(), await api.anAccount()]
    const verdicts = await post([
      { account_id: a.id, amount: '-1.00' },
      { account_id: a.id, amount: '5.00', description: 'x', metadata: { b: 1, a: 2 } },
      { account_id: a.id, counterparty_id: b.id, amount: '-3.00' },
      { account_id: b.id, amount: '-3.01' },
      { account_id: b.id, amount: '-3.00', effective_at: '2026-01-01T00:00:00Z' },
    ])
    expect(outcomes(verdicts)).toEqual([funds, '5.00', '2.00', funds, '0.00'])
    expect(statuses(verdicts)).toEqual(['refused', 'created', 'created', 'refused', 'created'])
    for (const { transaction } of verdicts) {
      if (transaction) expect(await api.transaction(transaction.id)).toEqual(transaction)
    }
    expect(verdicts[1]!.transaction).toMatchObject({ description: 'x', metadata: { a: 2, b: 1 } })
    expect(verdicts[0]!.problem).toMatchObject({ status: 422, balance: '0.00', amount: '-1.00' })
    expect((await api.account(a.id)).balance).toBe('2.00')
  })

  test('mixes refusals of every kind with what is posted, and none touches another', async () => {
    const [a, closed] = [await api.anAccount({ balance: '1.00' }), await api.anAccount()]
    const yen = await api.anAccount({ currency: 'JPY' })
    const full = await api.anAccount({ balance: '90071992547409.91' })
    await api.closeAccount(closed.id)
    const verdicts = await post([
      { account_id: a.id, amount: '1.00' },
      { account_id: 'nothing', amount: '1.00' },
      { account_id: a.id, counterparty_id: 'nothing', amount: '-1.00' },
      { account_id: closed.id, amount: '1.00' },
      { account_id: yen.id, amount: '0.5' },
      { account_id: yen.id, counterparty_id: a.id, amount: '1' },
      { account_id: full.id, amount: '0.01' },
      { account_id: a.id, amount: '-9.00' },
      { account_id: a.id, amount: '1.00' },
    ])
    expect(outcomes(verdicts)).toEqual([
      ...['2.00', 'account.not_found', 'account.not_found', 'account.closed', 'request.invalid'],
      ...['transaction.currency_mismatch', 'account.balance_out_of_range', funds, '3.00'],
    ])
    for (const { problem } of verdicts) {
      if (problem) expect(problem).toMatchObject({ type: `/docs/problems#${problem.code}` })
    }
  })

  test('replays the whole: the same transactions and refusals, byte for byte', async () => {
    const { id } = await api.anAccount({ balance: '1.00' })
    const items = ['1.00', '-9.00', '2.00'].map((amount) => keyed({ account_id: id, amount }))
    const first = await post(items)
    expect(statuses(first)).toEqual(['created', 'refused', 'created'])
    await api.deposit({ id }, '100.00')
    await api.restart()
    const again = await post(items)
    expect(statuses(again)).toEqual(['replayed', 'refused', 'replayed'])
    expect(again.map(({ transaction }) => JSON.stringify(transaction))).toEqual(
      first.map(({ transaction }) => JSON.stringify(transaction)),
    )
    expect({ ...again[1]!.problem, instance: '' }).toEqual({ ...first[1]!.problem, instance: '' })
    expect((await api.account(id)).balance).toBe('104.00')
  })

  test('replays a part, and posts the rest', async () => {
    const { id } = await api.anAccount()
    const [one, two] = [1, 2].map(() => keyed({ account_id: id, amount: '1.00' }))
    const [first] = await post([one!])
    const verdicts = await post([two!, one!])
    expect(statuses(verdicts)).toEqual(['created', 'replayed'])
    expect(verdicts[1]!.transaction).toEqual(first!.transaction)
    // A key is the whole ledger's: in a bulk, by itself, in another bulk.
    const { idempotency_key, ...json } = two!
    const alone = await api.send({
      ...{ method: 'POST', path: '/transactions', json },
      headers: { 'Idempotency-Key': idempotency_key as string },
    })
    expect(alone).toMatchObject({ status: 201, body: verdicts[0]!.transaction })
    expect(alone.headers['idempotency-replayed']).toBe('true')
    expect((await api.account(id)).balance).toBe('2.00')
  })

  test('a key twice in one bulk is carried out once; with another meaning it is refused', async () => {
    const { id } = await api.anAccount()
    const one = keyed({ account_id: id, amount: '1.00' })
    const verdicts = await post([one, { ...one, amount: 1 }, { ...one, amount: '2.00' }, one])
    expect(statuses(verdicts)).toEqual(['created', 'replayed', 'refused', 'replayed'])
    expect(verdicts[2]!.problem!.code).toBe('idempotency.key_reused')
    expect((await api.account(id)).balance).toBe('1.00')
  })

  test('items without a key are posted each time', async () => {
    const { id } = await api.anAccount()
    for (const balance of ['1.00', '2.00']) {
      expect(outcomes(await post([{ account_id: id, amount: '1.00' }]))).toEqual([balance])
    }
  })

  test('passes over an account that somebody else holds, and does not remember it', async () => {
    const [held, free] = [await api.anAccount(), await api.anAccount()]
    const items = [held, free].map(({ id }) => keyed({ account_id: id, amount: '1.00' }))
    const verdicts = await whileHeld(held.id, () => post(items))
    expect(outcomes(verdicts)).toEqual(['ledger.busy', '1.00'])
    expect(statuses(await post(items))).toEqual(['created', 'replayed'])
  })
})

describe('atomic', () => {
  test('posts all of them, and says so', async () => {
    const [a, b] = [await api.anAccount(), await api.anAccount()]
    const items = [
      { account_id: a.id, amount: '5.00' },
      { account_id: a.id, counterparty_id: b.id, amount: '-5.00' },
      { account_id: b.id, amount: '-5.00' },
    ].map(keyed)
    expect(outcomes(await post(items, '?mode=atomic'))).toEqual(['5.00', '0.00', '0.00'])
    expect(statuses(await post(items, '?mode=atomic'))).toEqual(Array(3).fill('replayed'))
  })

  test('posts none when one is refused: the first refusal, with its index and why', async () => {
    const { id } = await api.anAccount({ balance: '1.00' })
    const items = ['1.00', '-2.01', '-9.00', '1.00'].map((amount) => ({ account_id: id, amount }))
    const problem = await api.refuses(atomic(items), bulkRefused)
    expect(problem).toMatchObject({
      index: 1,
      // As it would have been: the first one's money was there.
      problem: { code: funds, status: 422, account_id: id, balance: '2.00', amount: '-2.01' },
    })
    expect(problem.detail).toContain('number 1')
    expect((problem.problem as Problem).instance).toBe(problem.instance)
  })

  test('remembers the refusal with the refused item’s key, even when the cause is gone', async () => {
    const { id } = await api.anAccount({ balance: '1.00' })
    const items = ['1.00', '-9.00', '2.00'].map((amount) => keyed({ account_id: id, amount }))
    const first = await api.refuses(atomic(items), { ...bulkRefused, remembered: true })
    await api.deposit({ id }, '100.00')
    await api.restart()
    const again = await api.refuses(atomic(items), bulkRefused)
    expect(anonymous(again)).toEqual(anonymous(first))
    const replayed = await api.send(atomic(items))
    expect(replayed.headers['idempotency-replayed']).toBe('true')
    // By itself it is refused for the same reason.
    const verdicts = await post([items[1]!])
    expect(verdicts[0]!.problem).toMatchObject({ code: funds, balance: '2.00' })
    // Those around it have posted nothing and can be posted under their own keys.
    expect(outcomes(await post([items[0]!, items[2]!], '?mode=atomic'))).toEqual([
      '102.00',
      '104.00',
    ])
  })

  test('a refusal of old comes first, wherever it stands, and nothing before it is posted', async () => {
    const { id } = await api.anAccount({ balance: '1.00' })
    const refused = keyed({ account_id: id, amount: '-9.00' })
    expect(outcomes(await post([refused]))).toEqual([funds])
    const items = [
      keyed({ account_id: 'nothing', amount: '1' }),
      keyed({ account_id: id, amount: '1' }),
    ]
    const problem = await api.refuses(atomic([...items, refused]), bulkRefused)
    expect(problem).toMatchObject({ index: 2, problem: { code: funds } })
  })

  test('goes with what was posted before: those are replayed, the others posted', async () => {
    const { id } = await api.anAccount()
    const items = [1, 2, 3].map(() => keyed({ account_id: id, amount: '1.00' }))
    await post([items[1]!])
    expect(statuses(await post(items, '?mode=atomic'))).toEqual(['created', 'replayed', 'created'])
    expect((await api.account(id)).balance).toBe('3.00')
  })

  test('a key with two meanings has it refused, whether it is new or old', async () => {
    const { id } = await api.anAccount()
    const one = keyed({ account_id: id, amount: '1.00' })
    const other = { ...one, amount: '2.00' }
    const reused = { problem: { code: 'idempotency.key_reused' } }
    expect(await api.refuses(atomic([one, other]), bulkRefused)).toMatchObject({
      index: 1,
      ...reused,
    })
    expect(statuses(await post([one, one], '?mode=atomic'))).toEqual(['created', 'replayed'])
    const late = await api.refuses(
      atomic([keyed({ account_id: id, amount: '5' }), other]),
      bulkRefused,
    )
    expect(late).toMatchObject({ index: 1, ...reused })
  })

  test('a refusal without a key is not remembered: it can succeed the next time', async () => {
    const { id } = await api.anAccount()
    const items = [{ account_id: id, amount: '-1.00' }, keyed({ account_id: id, amount: '1.00' })]
    await api.refuses(atomic(items), bulkRefused)
    await api.deposit({ id }, '1.00')
    expect(outcomes(await post(items, '?mode=atomic'))).toEqual(['0.00', '1.00'])
  })

  test('a busy ledger is no refusal: nothing is posted or remembered, and the next try goes through', async () => {
    const [held, free] = [await api.anAccount(), await api.anAccount()]
    const items = [free, held].map(({ id }) => keyed({ account_id: id, amount: '1.00' }))
    const answer = await whileHeld(held.id, () => api.send(atomic(items)))
    expect(answer).toMatchObject({ status: 503, body: { code: 'ledger.busy' } })
    expect(answer.headers['retry-after']).toBe('1')
    expect((await api.account(free.id)).balance).toBe('0.00')
    expect(statuses(await post(items, '?mode=atomic'))).toEqual(['created', 'created'])
  })
})

async function whileHeld<T>(id: string, work: () => Promise<T>): Promise<T> {
  return api.db.withClient(async (client) => {
    await client.query({ text: 'begin', values: [] })
    await client.query({ text: 'select from account where id = $1 for update', values: [id] })
    try {
      return await work()
    } finally {
      await client.query({ text: 'rollback', values: [] })
    }
  })
}

describe.each(['independent', 'atomic'])('%s', (mode) => {
  const query = `?mode=${mode}`

  test('takes one', async () => {
    const { id } = await api.anAccount()
    expect(outcomes(await post([{ account_id: id, amount: '1.00' }], query))).toEqual(['1.00'])
  })

  test('takes as many as 10,000 with their keys, and gives them all again', async () => {
    expect(bulkTransactionsMax).toBe(10_000)
    const [a, b] = [await api.anAccount(), await api.anAccount()]
    const items = Array.from({ length: bulkTransactionsMax }, (_, i) =>
      keyed({ account_id: i % 2 ? a.id : b.id, amount: '0.01' }),
    )
    const first = await post(items, query)
    expect(new Set(statuses(first))).toEqual(new Set(['created']))
    expect(outcomes(first).slice(-2)).toEqual(['50.00', '50.00'])
    const again = await post(items, query)
    expect(new Set(statuses(again))).toEqual(new Set(['replayed']))
    expect(again.map(({ transaction }) => transaction)).toEqual(
      first.map(({ transaction }) => transaction),
    )
    expect((await api.account(a.id)).balance).toBe('50.00')
  }, 120_000)

  test('the same bulk many times at once, and its items alone, post each item once', async () => {
    const { id } = await api.anAccount()
    const items = Array.from({ length: 20 }, () => keyed({ account_id: id, amount: '1.00' }))
    const answers = await Promise.all([
      ...Array.from({ length: 5 }, () => api.send(sent(items, query))),
      ...items.map((item) => api.send(sent([item]))),
    ])
    const ids = answers.map(({ body }) =>
      (body as { data: Verdicts }).data.map(({ transaction }) => transaction!.id),
    )
    expect(new Set(ids.flat()).size).toBe(20)
    expect((await api.account(id)).balance).toBe('20.00')
  })
})

describe('is refused whole, before anything is looked at', () => {
  const invalid = { status: 400, code: 'request.invalid' }
  const item = { account_id: 'nothing', amount: '1' }

  test.each<[string, unknown, string[]]>([
    ['nothing', [], ['transactions']],
    ['10,001', Array.from({ length: bulkTransactionsMax + 1 }, () => item), ['transactions']],
    ['no list', item, ['transactions']],
    ['null', null, ['transactions']],
    ['an item that is null', [item, null], ['transactions.1']],
    ['an item of zero', [item, { ...item, amount: '0' }], ['transactions.1.amount']],
    ['an unknown field', [{ ...item, key: 'x' }], ['transactions.0.key']],
    ['an empty key', [{ ...item, idempotency_key: '' }], ['transactions.0.idempotency_key']],
    [
      'a key that is null',
      [{ ...item, idempotency_key: null }],
      ['transactions.0.idempotency_key'],
    ],
    [
      'a key with a space',
      [{ ...item, idempotency_key: 'a b' }],
      ['transactions.0.idempotency_key'],
    ],
    [
      'a key of 256',
      [{ ...item, idempotency_key: 'x'.repeat(256) }],
      ['transactions.0.idempotency_key'],
    ],
    ['a list as key', [{ ...item, idempotency_key: ['x'] }], ['transactions.0.idempotency_key']],
    ['the outside world', [{ ...item, account_id: 'world:EUR' }], ['transactions.0.account_id']],
    ['one side', [{ ...item, counterparty_id: 'nothing' }], ['transactions.0.counterparty_id']],
  ])('with %s', async (_name, transactions, paths) => {
    await api.refuses(sent(transactions), { ...invalid, paths })
  })

  test('with a mode or a parameter that is none', async () => {
    const items = [item]
    await api.refuses(sent(items, '?mode=both'), { ...invalid, paths: ['mode'] })
    await api.refuses(sent(items, '?mode='), { ...invalid, paths: ['mode'] })
    await api.refuses(sent(items, '?mode=atomic&mode=atomic'), { ...invalid, paths: ['mode'] })
    await api.refuses(sent(items, '?dry_run=1'), { ...invalid, paths: ['dry_run'] })
    await api.refuses(sent(items, '?limit=1'), { ...invalid, paths: ['limit'] })
  })

  test('with a body that is no object, or has other members', async () => {
    await api.refuses({ ...sent([]), json: [item] }, invalid)
    const json = { transactions: [item], mode: 'atomic' }
    await api.refuses({ ...sent([]), json }, { ...invalid, paths: ['mode'] })
  })

  test('with thousands of mistakes, of which the first are named', async () => {
    const transactions = Array.from({ length: bulkTransactionsMax }, () => ({}))
    const problem = await api.refuses(sent(transactions), invalid)
    expect(problem.errors!.length).toBeLessThanOrEqual(20)
  })
})

test('a body beyond the limit is refused with 413', async () => {
  const refused = { status: 413, code: 'request.too_large' }
  const raw = ' '.repeat(8 * 1024 * 1024 + 1)
  await api.refuses({ method: 'POST', path: '/transactions/bulk', raw }, refused)
})

test('bulks over the same accounts in another order neither deadlock nor lose a cent', async () => {
  const ids: string[] = []
  for (let i = 0; i < 6; i++) ids.push((await api.anAccount({ balance: '100.00' })).id)
  const around = (order: string[]) =>
    order.map((id, i) => ({
      ...{ account_id: id, counterparty_id: order[(i + 1) % order.length], amount: '-1.00' },
    }))
  const answers: Answer[] = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      api.send(sent(around(i % 2 ? ids : [...ids].reverse()), i % 3 ? '?mode=atomic' : '')),
    ),
  )
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  for (const id of ids) expect((await api.account(id)).balance).toBe('100.00')
})
