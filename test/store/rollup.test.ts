import fc from 'fast-check'
import type { Instant } from '../../internal/clock/instant'
import { newPool } from '../../internal/postgres/pool'
import { newRollUpStore } from '../../pkg/transaction/sql/rollup'
import { connectionSettings } from '../harness/database'
import { silentLog } from '../harness/log'
import { pollUntil } from '../harness/poll'
import { newRandom, newSeed } from '../harness/random'
import {
  listBrokenRollups,
  naive,
  postEntry,
  rolledUpEntries,
  type NewEntry,
  type PostedEntry,
} from './rollup-book'
import { openSqlStores } from './sql-stores'

jest.setTimeout(120_000)

const seed = newSeed()
const programs = Number(process.env.PROGRAMS ?? 40)
// Small, so that a few entries make several steps and several levels.
const limits = { entriesMin: 1n, entriesMax: 4n, splitAbove: 2n }

let stores: Awaited<ReturnType<typeof openSqlStores>>
beforeAll(async () => {
  stores = await openSqlStores()
})
afterAll(async () => {
  const broken = await listBrokenRollups(stores.pool)
  await stores.close()
  expect(broken).toEqual([])
})

let count = 0
/** Two accounts of one user, and one of somebody else. */
async function openAccounts() {
  const n = ++count
  const users = [`own-${n}`, `other-${n}`]
  const accounts = { a: `a-${n}`, b: `b-${n}`, c: `c-${n}` }
  for (const id of users) await stores.users.insert({ id, firstName: 'A', lastName: 'B' })
  for (const [name, id] of Object.entries(accounts)) {
    const userId = name === 'c' ? users[1]! : users[0]!
    await stores.accounts.insert({ id, userId, name, currency: 'EUR', minBalance: 0n })
  }
  return { userId: users[0]!, ...accounts, own: [accounts.a, accounts.b] }
}

function instant(micros: bigint): Instant {
  const [seconds, rest] = [micros / 1_000_000n, micros % 1_000_000n]
  const [whole, fraction] = rest < 0n ? [seconds - 1n, rest + 1_000_000n] : [seconds, rest]
  const text = new Date(Number(whole) * 1000).toISOString().slice(0, 19)
  return `${text}.${String(fraction).padStart(6, '0')}Z` as Instant
}

// Borders of buckets and places next to them, the epoch among them, and a time that is still to come.
const homes = [
  '1970-01-01',
  '2026-03-01',
  '2024-02-29T13:05:15Z',
  '0001-01-01T00:00:01Z',
  '9000-01-01',
]
const widths = [0n, 1n, 25n, 1000n, 40_000n, 1_000_000n, 15_000_000n, 300_000_000n, 86_400_000_000n]

const moment = fc
  .record({
    home: fc.constantFrom(...homes.map((home) => BigInt(Date.parse(home)) * 1000n)),
    width: fc.constantFrom(...widths),
    times: fc.bigInt({ min: 0n, max: 3n }),
    off: fc.constantFrom(-1n, 0n, 0n, 1n),
  })
  .map(({ home, width, times, off }) => instant(home + width * times + off))

type Name = 'a' | 'b' | 'c'
const name = fc.constantFrom<Name>('a', 'b', 'c')
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      is: fc.constant('post' as const),
      on: name,
      other: fc.option(name),
      amount: fc.constantFrom(-3n, -2n, -2n, -1n, 1n, 2n),
      at: moment,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      is: fc.constant('fold' as const),
      on: name,
      steps: fc.integer({ min: 1, max: 9 }),
    }),
  },
)
const period = fc.record({ from: fc.option(moment), to: fc.option(moment) })
const program = fc.record({
  steps: fc.array(step, { minLength: 10, maxLength: 60 }),
  periods: fc.array(period, { minLength: 10, maxLength: 10 }),
})

test(`answers as if every entry was read, whenever it was folded (SEED=${seed})`, async () => {
  const store = newRollUpStore(stores.pool, limits)
  const seen = { folded: 0n, late: 0, found: 0 }
  const property = fc.asyncProperty(program, async ({ steps, periods }) => {
    const accounts = await openAccounts()
    const entries: PostedEntry[] = []
    for (const one of steps) {
      if (one.is === 'fold') {
        for (let i = 0; i < one.steps; i++) await store.rollUp(accounts[one.on])
        continue
      }
      const counterpartyId = one.other === null || one.other === one.on ? null : accounts[one.other]
      const entry = {
        accountId: accounts[one.on],
        counterpartyId,
        amount: one.amount,
        effectiveAt: one.at,
      }
      entries.push(await postEntry(stores.pool, entry))
    }
    const book = naive(entries, accounts.own)
    const moments = [
      ...entries.map(({ effectiveAt }) => effectiveAt),
      ...periods.flatMap(({ from, to }) => [from, to]),
    ]
    const ends = moments.filter((one) => one !== null)
    for (const [i, at] of ends.entries()) {
      const balances = await Promise.all(
        (['a', 'b', 'c'] as const).map((on) => store.findBalanceAt(accounts[on], at)),
      )
      expect(balances).toEqual(
        (['a', 'b', 'c'] as const).map((on) => book.balanceAt(accounts[on], at)),
      )
      // Also periods that begin and end on entries.
      const { from, to } =
        i % 2 ? periods[i % periods.length]! : { from: ends[(i * 7) % ends.length]!, to: at }
      const [largest] = await store.listLargestExpenses(accounts.userId, {
        from,
        to,
        currency: null,
      })
      const wanted = book.largestExpense(from, to)
      expect(
        largest && { id: largest.id, accountId: largest.accountId, amount: largest.amount },
      ).toEqual(wanted && { id: wanted.id, accountId: wanted.accountId, amount: wanted.amount })
      if (wanted) seen.found++
    }
    seen.folded += await rolledUpEntries(stores.pool, accounts.a)
  })
  // Long before jest gives up, which would not say which program failed.
  await fc.assert(property, { seed, numRuns: programs, interruptAfterTimeLimit: 90_000 })
  // Otherwise the programs were too tame to prove anything.
  expect(Number(seen.folded)).toBeGreaterThan(programs)
  expect(seen.found).toBeGreaterThan(programs)
})

/** A thousand entries within an hour of 2026, some at the same time. */
function anHour(accountId: string, n: number, random = newRandom(seed)): NewEntry[] {
  const start = BigInt(Date.parse('2026-03-01T10:00:00Z')) * 1000n
  return Array.from({ length: n }, () => ({
    accountId,
    counterpartyId: null,
    amount: BigInt(random.between(-50, 60)) || 1n,
    effectiveAt: instant(start + BigInt(random.between(0, 3600)) * 1_000_000n),
  }))
}

test(`stays right while others post and two fold at once (SEED=${seed})`, async () => {
  const { a, c, own, userId } = await openAccounts()
  const store = newRollUpStore(stores.pool, { entriesMin: 1n, entriesMax: 7n, splitAbove: 5n })
  const entries: PostedEntry[] = []
  let posting = true
  const fold = async () => {
    while (posting) for (const id of [a, c]) await store.rollUp(id)
  }
  const post = async (lane: number) => {
    for (const entry of anHour(a, 80, newRandom(seed + lane))) {
      const counterpartyId = entry.amount % 2n ? c : null
      const effectiveAt =
        entry.amount % 3n
          ? entry.effectiveAt
          : (new Date().toISOString().replace('Z', '000Z') as Instant)
      entries.push(await postEntry(stores.pool, { ...entry, counterpartyId, effectiveAt }))
    }
  }
  const folding = [fold(), fold()]
  await Promise.all([post(1), post(2), post(3), post(4)])
  posting = false
  await Promise.all(folding)
  expect(await rolledUpEntries(stores.pool, a)).toBeGreaterThan(0n)
  const book = naive(entries, own)
  for (const { effectiveAt: at } of entries.slice(0, 100)) {
    expect(await store.findBalanceAt(a, at)).toBe(book.balanceAt(a, at))
    expect(await store.findBalanceAt(c, at)).toBe(book.balanceAt(c, at))
    const [largest] = await store.listLargestExpenses(userId, {
      from: at,
      to: null,
      currency: null,
    })
    expect(largest?.id).toBe(book.largestExpense(at, null)?.id)
  }
})

test('a fold that is cut off before its commit leaves everything as it was', async () => {
  const { a, own } = await openAccounts()
  const store = newRollUpStore(stores.pool, limits)
  const entries: PostedEntry[] = []
  for (const entry of anHour(a, 12)) entries.push(await postEntry(stores.pool, entry))
  await store.rollUp(a)
  // One that is late by then.
  entries.push(
    await postEntry(stores.pool, {
      ...anHour(a, 1)[0]!,
      effectiveAt: '2026-02-01T00:00:00.000000Z' as Instant,
    }),
  )
  const tables = () =>
    stores.pool.query({
      text: `select (select jsonb_agg(r order by r.level, r.starts_at) from entry_rollup r where account_id = $1) as rollups,
               (select jsonb_agg(l) from late_entry l where account_id = $1) as late,
               (select to_jsonb(a) from account a where id = $1) as account`,
      values: [a],
    })
  const before = (await tables()).rows
  const cut = stores.pool.withClient(async (client) => {
    await client.query({ text: 'begin', values: [] })
    await client.query({ text: `select roll_up($1, 1, 4, 2)`, values: [a] })
    await client.query({ text: 'select pg_terminate_backend(pg_backend_pid())', values: [] })
  })
  await expect(cut).rejects.toThrow()
  expect((await tables()).rows).toEqual(before)
  while ((await store.rollUp(a)) === 'more');
  expect(await rolledUpEntries(stores.pool, a)).toBe(13n)
  const at = entries[3]!.effectiveAt
  expect(await store.findBalanceAt(a, at)).toBe(naive(entries, own).balanceAt(a, at))
})

test('throws a rollup away that misses an entry, and makes it again', async () => {
  const { a, own } = await openAccounts()
  const store = newRollUpStore(stores.pool, limits)
  const entries: PostedEntry[] = []
  for (const entry of anHour(a, 20)) entries.push(await postEntry(stores.pool, entry))
  while ((await store.rollUp(a)) === 'more');
  const forgotten = { ...entries[0]!, effectiveAt: '2026-01-01T00:00:00.000000Z' as Instant }
  entries.push(await postEntry(stores.pool, forgotten, true))
  entries.push(
    await postEntry(stores.pool, {
      ...entries[0]!,
      effectiveAt: instant(BigInt(Date.now()) * 1000n),
    }),
  )
  const outcomes: string[] = []
  do outcomes.push(await store.rollUp(a))
  while (outcomes.at(-1) !== 'done' && outcomes.length < 200)
  expect(outcomes).toContain('given up')
  expect(await rolledUpEntries(stores.pool, a)).toBe(22n)
  const { effectiveAt: at } = entries[5]!
  expect(await store.findBalanceAt(a, at)).toBe(naive(entries, own).balanceAt(a, at))
})

test('leaves what is still to come to be read, and folds it when its time has come', async () => {
  const { a } = await openAccounts()
  const store = newRollUpStore(stores.pool, limits)
  const soon = instant(BigInt(Date.now() + 200) * 1000n)
  for (const effectiveAt of ['9000-01-01T00:00:00.000000Z' as Instant, soon]) {
    await postEntry(stores.pool, { accountId: a, counterpartyId: null, amount: 5n, effectiveAt })
  }
  expect(await store.findBalanceAt(a, soon)).toBe(5n)
  const isFolded = async () => {
    await store.rollUp(a)
    return (await rolledUpEntries(stores.pool, a)) === 1n
  }
  await pollUntil(isFolded, { what: 'fold of the entry that was due' })
  expect(await store.rollUp(a)).toBe('done')
  expect(await rolledUpEntries(stores.pool, a)).toBe(1n)
  expect(await store.findBalanceAt(a, '9999-12-31T23:59:59.999999Z' as Instant)).toBe(10n)
})

test('a step takes no more than its bound, also of entries at one and the same time', async () => {
  const { a } = await openAccounts()
  const store = newRollUpStore(stores.pool, limits)
  const effectiveAt = '2026-03-01T00:00:00.000000Z' as Instant
  for (let i = 0; i < 11; i++) {
    await postEntry(stores.pool, { accountId: a, counterpartyId: null, amount: 1n, effectiveAt })
  }
  for (const folded of [4n, 8n, 11n]) {
    expect(await store.rollUp(a)).toBe(folded < 11n ? 'more' : 'done')
    expect(await rolledUpEntries(stores.pool, a)).toBe(folded)
    expect(await store.findBalanceAt(a, effectiveAt)).toBe(11n)
  }
})

test('lists the accounts that are due, and how far it looked', async () => {
  const { a, b } = await openAccounts()
  const store = newRollUpStore(stores.pool, { ...limits, entriesMin: 2n })
  for (const entry of anHour(a, 2)) await postEntry(stores.pool, entry)
  for (const entry of anHour(b, 1)) await postEntry(stores.pool, entry)
  const ids = (page: { id: string }[]) => page.map(({ id }) => id)
  const before = (id: string) =>
    id.slice(0, -1) + String.fromCharCode(id.charCodeAt(id.length - 1) - 1) + '~'
  expect(await store.listToRollUp({ afterId: before(a), limit: 1 })).toEqual([
    { id: a, isDue: true },
  ])
  expect(await store.listToRollUp({ afterId: before(b), limit: 1 })).toEqual([
    { id: b, isDue: false },
  ])
  expect(ids(await store.listToRollUp({ afterId: '', limit: 10_000 }))).toEqual(
    expect.arrayContaining([a]),
  )
  expect(await store.listToRollUp({ afterId: 'z', limit: 10_000 })).toEqual([])
  await store.rollUp(a)
  expect(await store.listToRollUp({ afterId: before(a), limit: 1 })).toEqual([
    { id: a, isDue: false },
  ])
})

test('refuses to fold in a snapshot that may be older than the lock', async () => {
  const { a } = await openAccounts()
  const settings = connectionSettings(stores.url)
  const serializable = {
    program: 'test',
    sessionOptions: '-c default_transaction_isolation=serializable',
  }
  const pool = newPool(settings, silentLog(), serializable)
  await expect(newRollUpStore(pool, limits).rollUp(a)).rejects.toThrow('READ COMMITTED')
  await pool.close()
})
