import { Client } from 'pg'
import { newDatabase, type TestDatabase } from '../harness/database'
import { newRandom, newSeed, type Random } from '../harness/random'
import { openAccount, post, spawnApi, type ApiProcess, type Reply } from './processes'

jest.setTimeout(120_000)

let database: TestDatabase
let client: Client
let apis: ApiProcess[]

beforeAll(async () => {
  database = await newDatabase()
  client = new Client({ connectionString: database.url })
  await client.connect()
  apis = await Promise.all([1, 2, 3].map(() => spawnApi(database.url)))
})

afterAll(async () => {
  await Promise.all((apis ?? []).map(({ program }) => program.close()))
  await client?.end()
  await database?.close()
})

const cents = (amount: string) => Math.round(Number(amount) * 100)

interface Ask {
  amount: number
  reply: Reply
}

/** 50 withdrawals at once from one account, spread over the processes. */
async function withdrawAtOnce(id: string, amounts: number[], urls: string[]): Promise<Ask[]> {
  return Promise.all(
    amounts.map(async (amount, i) => {
      const body = { account_id: id, amount: (-amount / 100).toFixed(2) }
      return { amount, reply: await post(`${urls[i % urls.length]}/transactions`, body) }
    }),
  )
}

function newRound(random: Random, processes: number, round: number) {
  const amounts = Array.from({ length: 50 }, () => random.between(1, 10_000))
  const total = amounts.reduce((sum, amount) => sum + amount, 0)
  return { id: `fits-${processes}-${round}`, amounts, balance: random.between(1, total - 1) }
}

async function readAccount(id: string) {
  const { rows } = await client.query(
    `select a.balance::int as balance, a.entry_no::int as entry_no,
       coalesce(sum(t.amount), 0)::int as sum, count(t.id)::int as entries,
       coalesce(min(t.balance_after), 0)::int as lowest,
       count(t.id) filter (where t.balance_after <> t.running)::int as broken
     from account a
     left join (
       select *, sum(amount) over (partition by account_id order by entry_no) as running
       from transaction
     ) t on t.account_id = a.id
     where a.id = $1 group by a.id`,
    [id],
  )
  return rows[0]
}

const seed = newSeed()

test.each([
  ['one process', 1],
  ['three processes', 3],
])(
  `of 50 withdrawals at once exactly those that fit are accepted, in 100 rounds on %s (seed ${seed})`,
  async (_name, processes) => {
    const random = newRandom(seed)
    const urls = apis.slice(0, processes).map((api) => api.url)
    const rounds = Array.from({ length: 100 }, (_, round) => newRound(random, processes, round))
    await Promise.all(
      rounds.map(({ id, balance }) => openAccount(urls[0]!, id, (balance / 100).toFixed(2))),
    )
    for (const { id, amounts, balance } of rounds) {
      const asks = await withdrawAtOnce(id, amounts, urls)
      const accepted = asks.filter(({ reply }) => reply.status === 201)
      const refused = asks.filter(({ reply }) => reply.status === 422)
      expect(accepted.length + refused.length).toBe(50)

      const left = balance - accepted.reduce((sum, { amount }) => sum + amount, 0)
      expect(left).toBeGreaterThanOrEqual(0)
      for (const { amount, reply } of refused) {
        expect(reply.json.code).toBe('account.insufficient_funds')
        // Nothing was refused that fitted: neither then nor, as money only left, in the end.
        expect(amount).toBeGreaterThan(cents(reply.json.balance))
        expect(amount).toBeGreaterThan(left)
      }
      const entries = accepted.length + 1
      expect(await readAccount(id)).toEqual({
        balance: left,
        sum: left,
        entry_no: entries,
        entries,
        lowest: left,
        broken: 0,
      })
    }
  },
)

test(`transfers in circles between few accounts neither deadlock nor lose a cent (seed ${seed})`, async () => {
  const random = newRandom(seed)
  const ids = Array.from({ length: 5 }, (_, i) => `circle-${i}`)
  for (const id of ids) await openAccount(apis[0]!.url, id, '10.00')
  const transfers = Array.from({ length: 600 }, () => {
    const from = random.between(0, 4)
    const to = (from + random.between(1, 4)) % 5
    const amount = (-random.between(1, 800) / 100).toFixed(2)
    return { account_id: ids[from], counterparty_id: ids[to], amount }
  })
  const replies = await Promise.all(
    transfers.map((transfer, i) => post(`${apis[i % 3]!.url}/transactions`, transfer)),
  )
  const statuses = new Set(replies.map((reply) => reply.status))
  expect([...statuses].sort()).toEqual([201, 422])
  const { rows } = await client.query(
    `select sum(balance)::int as total, min(balance)::int >= 0 as covered from account where id like 'circle-%'`,
  )
  expect(rows).toEqual([{ total: 5000, covered: true }])
})

test('one key sent 20 times at once to three processes is one transaction and 20 equal answers', async () => {
  await openAccount(apis[0]!.url, 'same-key', '100.00')
  for (let round = 0; round < 25; round++) {
    const key = `same-key-${round}`
    const body = { account_id: 'same-key', amount: '-1.00', metadata: { b: 1, a: [round] } }
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, i) => post(`${apis[i % 3]!.url}/transactions`, body, key)),
    )
    expect(new Set(replies.map((reply) => reply.status))).toEqual(new Set([201]))
    expect(new Set(replies.map((reply) => reply.text)).size).toBe(1)
    const first = replies.filter((reply) => !reply.headers.has('idempotency-replayed'))
    expect(first).toHaveLength(1)
  }
  expect(await readAccount('same-key')).toMatchObject({ balance: 7500, entries: 26, broken: 0 })
})

test('one key whose request is refused is refused alike 20 times at once, and ever after', async () => {
  await openAccount(apis[0]!.url, 'refused-key', '5.00')
  const body = { account_id: 'refused-key', amount: '-5.01' }
  const ask = (i: number) => post(`${apis[i % 3]!.url}/transactions`, body, 'refused-key')
  const replies = await Promise.all(Array.from({ length: 20 }, (_, i) => ask(i)))
  const first = { ...replies[0]!.json, instance: undefined }
  for (const { status, json } of replies) {
    expect(status).toBe(422)
    expect({ ...json, instance: undefined }).toEqual(first)
  }
  await post(`${apis[0]!.url}/transactions`, { account_id: 'refused-key', amount: '50.00' })
  expect((await ask(1)).json).toMatchObject({ code: 'account.insufficient_funds', balance: '5.00' })
})

test('one key with different requests at once: one is carried out, the others are told', async () => {
  await openAccount(apis[0]!.url, 'mixed-a', '100.00')
  await openAccount(apis[0]!.url, 'mixed-b', '100.00')
  for (let round = 0; round < 25; round++) {
    const replies = await Promise.all(
      Array.from({ length: 12 }, (_, i) => {
        const body = { account_id: i % 2 ? 'mixed-a' : 'mixed-b', amount: '-0.01' }
        return post(`${apis[i % 3]!.url}/transactions`, body, `mixed-${round}`)
      }),
    )
    const created = replies.filter((reply) => reply.status === 201)
    expect(new Set(created.map((reply) => reply.text)).size).toBe(1)
    expect(created).toHaveLength(6)
    for (const { status, json } of replies.filter((reply) => reply.status !== 201)) {
      expect([status, json.code]).toEqual([422, 'idempotency.key_reused'])
    }
  }
})
