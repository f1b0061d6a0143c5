import { newDatabase, type TestDatabase } from '../harness/database'
import { newRandom, newSeed, type Random } from '../harness/random'
import { pollUntil } from '../harness/poll'
import { onServer } from '../harness/server'
import { get, openAccount, patch, post, spawnApi, type ApiProcess, type Reply } from './processes'

jest.setTimeout(120_000)

let database: TestDatabase
let apis: ApiProcess[]

beforeAll(async () => {
  database = await newDatabase()
  apis = await Promise.all([1, 2, 3].map(() => spawnApi(database.url)))
})

afterAll(async () => {
  await Promise.all((apis ?? []).map(({ program }) => program.close()))
  await database?.close()
})

const seed = newSeed()
const accountIds = ['hot', 'warm', 'mild', 'cool']
const clients = 12
const stepsEach = 40

interface Client {
  random: Random
  number: number
  url(): string
  count: number
}

interface Kept {
  request: { path: string; body: object; key: string }
  reply: Reply
}

const holdIds: string[] = []
const transactionIds: string[] = []
const kept: Kept[] = []
const statuses = new Map<string, number>()

const pick = <T>(random: Random, values: readonly T[]): T | undefined =>
  values[random.between(0, values.length - 1)]
const cents = (random: Random, most: number) => (random.between(1, most) / 100).toFixed(2)

/** Most of them end soon, while the others are still at work. */
function anExpiry(random: Random): string | null {
  if (random.between(0, 2) === 0) return null
  return new Date(Date.now() + random.between(20, 1500)).toISOString()
}

function aStep({ random }: Client): { path: string; body: object } {
  const account_id = pick(random, accountIds)!
  const others = accountIds.filter((id) => id !== account_id)
  const counterparty_id = pick(random, [null, ...others])
  const hold = pick(random, holdIds.slice(-30))
  const transaction = pick(random, transactionIds.slice(-30))
  const sides = { account_id, counterparty_id }
  const sign = pick(random, ['', '-', '-'])
  const moved = () => ({ ...sides, amount: `${sign}${cents(random, 900)}` })
  const kind = random.between(0, 9)
  if (kind < 2) return { path: '/transactions', body: moved() }
  if (kind === 2) {
    const transactions = Array.from({ length: random.between(1, 5) }, moved)
    return {
      path: `/transactions/bulk?mode=${pick(random, ['atomic', 'independent'])}`,
      body: { transactions },
    }
  }
  if (kind === 3 && transaction) return { path: `/transactions/${transaction}/reversal`, body: {} }
  if (kind < 6 || !hold) {
    const amount = cents(random, 700)
    return { path: '/holds', body: { ...sides, amount, expires_at: anExpiry(random) } }
  }
  if (kind === 6) return { path: `/holds/${hold}/release`, body: {} }
  if (kind === 7) return { path: `/holds/${hold}/extend`, body: { expires_at: anExpiry(random) } }
  const amount = pick(random, [null, cents(random, 300)])
  return { path: `/holds/${hold}/capture`, body: { amount } }
}

async function step(client: Client): Promise<void> {
  const { path, body } = aStep(client)
  const key = `client-${client.number}-${++client.count}`
  const request = { path, body, key }
  const reply = await post(`${client.url()}${path}`, body, key)
  const what = `${path.replace(/[0-9a-f-]{36}/, ':id').replace(/\?.*/, '')} ${reply.status}`
  statuses.set(what, (statuses.get(what) ?? 0) + 1)
  if (reply.status === 201 && path === '/holds') holdIds.push(reply.json.id)
  if (reply.status === 201 && path === '/transactions') transactionIds.push(reply.json.id)
  if (reply.status === 201) transactionIds.push(...[reply.json.transaction?.id ?? []].flat())
  if (!path.includes('bulk')) kept.push({ request, reply })
}

/** Accounts that are wrong in any way, by what their rows say. */
async function listWrong(): Promise<unknown[]> {
  const { rows } = await onServer(
    database.url,
    `with entry as (
       select account_id as id, entry_no, amount, balance_after from transaction
       union all
       select counterparty_id, counterparty_entry_no, -amount, counterparty_balance_after
       from transaction where counterparty_id is not null
     ), running as (
       select *, sum(amount) over w as running, row_number() over w as number
       from entry window w as (partition by id order by entry_no)
     )
     select a.id, a.balance, a.held, a.min_balance
     from account a
     where a.balance - a.held < a.min_balance
       or a.held <> (select coalesce(sum(amount - captured), 0) from hold
                     where account_id = a.id and closed_at is null)
       or a.balance <> (select coalesce(sum(amount), 0) from entry where id = a.id)
       or a.entry_no <> (select count(*) from entry where id = a.id)
       or exists (select from running where id = a.id and (balance_after <> running or entry_no <> number))`,
  )
  return rows
}

test(`holds, posts, captures, releases, bulks and expiry at once from three processes (seed ${seed})`, async () => {
  for (const id of accountIds) await openAccount(apis[0]!.url, id, '50.00')
  const limits = ['-5.00', '0']
  let isDone = false
  const changeLimits = async () => {
    for (let i = 0; !isDone; i++) {
      const body = { min_balance: limits[i % 2] }
      const { status } = await patch(`${apis[i % 3]!.url}/accounts/${accountIds[i % 4]}`, body)
      statuses.set(`limit ${status}`, (statuses.get(`limit ${status}`) ?? 0) + 1)
    }
  }
  const work = async (number: number) => {
    const random = newRandom(seed + number)
    const client = { random, number, count: 0, url: () => apis[random.between(0, 2)]!.url }
    for (let i = 0; i < stepsEach; i++) await step(client)
  }
  const changing = changeLimits()
  await Promise.all(Array.from({ length: clients }, (_, number) => work(number)))
  isDone = true
  await changing

  // Whatever was refused was refused for a reason that is promised, and nothing went wrong.
  const seen = [...statuses.keys()].sort()
  expect(seen.filter((what) => /\b50[0-9]$/.test(what) && !what.endsWith('503'))).toEqual([])
  expect(seen).toEqual(
    expect.arrayContaining([
      ...['/holds 201', '/holds 422', '/holds/:id/capture 201', '/holds/:id/capture 409'],
      ...['/holds/:id/extend 200', '/holds/:id/release 200', '/transactions 201', 'limit 200'],
      ...['/transactions/:id/reversal 201', '/transactions/bulk 200', '/transactions 422'],
    ]),
  )
  expect(await listWrong()).toEqual([])

  // Each hold paid what its captures say, and never more than it had.
  const { rows } = await onServer(
    database.url,
    `select h.id from hold h
     where h.captured <> (select coalesce(-sum(amount), 0) from transaction where hold_id = h.id)
       or exists (select from transaction t where t.hold_id = h.id and h.expires_at is not null
                  and h.closed_as = 'expired' and t.created_at >= h.expires_at)`,
  )
  expect(rows).toEqual([])

  // Every answer stands: sent again, to any process, it is the same to the byte.
  const random = newRandom(seed)
  for (let i = 0; i < 60; i++) {
    const { request, reply } = pick(random, kept)!
    if (reply.status === 503) continue
    const again = await post(`${apis[i % 3]!.url}${request.path}`, request.body, request.key)
    const plain = ({ status, text }: Reply) => [status, text.replace(/\/requests\/[\w-]+/, '')]
    expect(plain(again)).toEqual(plain(reply))
  }

  // When all that can expire has expired, what is available is the balance less what is open still.
  await pollUntil(
    async () => {
      const text = `select count(*)::int as n from hold where closed_at is null and expires_at > clock_timestamp()`
      return (await onServer(database.url, text)).rows[0].n === 0
    },
    { what: 'end of all holds that have one' },
  )
  for (const id of accountIds) {
    const { balance, available } = (await get(`${apis[0]!.url}/accounts/${id}`)).json
    const text = `select coalesce(sum(amount - captured), 0)::int as open from hold
                  where account_id = $1 and closed_at is null and expires_at is null`
    const [row] = (await onServer(database.url, text, [id])).rows
    expect(Math.round(Number(balance) * 100 - Number(available) * 100)).toBe(row.open)
  }
})

test(`of 50 holds, captures and posts at once only what fits is accepted, over and over (seed ${seed})`, async () => {
  const random = newRandom(seed)
  for (let round = 0; round < 15; round++) {
    const id = `race-${round}`
    const funds = random.between(5, 30)
    await openAccount(apis[0]!.url, id, `${funds}.00`)
    const first = await post(`${apis[0]!.url}/holds`, { account_id: id, amount: '5.00' })
    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, i) => {
        const url = apis[i % 3]!.url
        const amount = '1.00'
        if (i % 5 === 0) return post(`${url}/holds/${first.json.id}/capture`, { amount })
        if (i % 2) return post(`${url}/holds`, { account_id: id, amount })
        return post(`${url}/transactions`, { account_id: id, amount: `-${amount}` })
      }),
    )
    const accepted = replies.map(({ status }) => status === 201)
    const captures = accepted.filter((is, i) => is && i % 5 === 0).length
    const others = accepted.filter((is, i) => is && i % 5 !== 0).length
    expect([captures, others]).toEqual([5, funds - 5])
    const { available } = (await get(`${apis[1]!.url}/accounts/${id}`)).json
    expect(available).toBe('0.00')
  }
  expect(await listWrong()).toEqual([])
})
