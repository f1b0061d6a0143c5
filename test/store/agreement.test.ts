import type { Verdict } from '../../pkg/transaction/instruction'
import type { NewTransaction, Transaction } from '../../pkg/transaction/transaction'
import {
  january,
  keyed,
  openMemoryStores,
  postEach,
  request,
  type Stores,
} from '../conformance/stores'
import { newRandom, newSeed, type Random } from '../harness/random'
import { openSqlStores } from './sql-stores'

const seed = newSeed()
const accountIds = ['eur-1', 'eur-2', 'eur-3', 'jpy-1', 'jpy-2', 'kwd-1', 'nothing']
const groups = 60

let stores: Stores[]
beforeAll(async () => {
  stores = await Promise.all([openSqlStores(), openMemoryStores()])
  for (const { users, accounts } of stores) {
    for (const id of ['ada', 'grace']) await users.insert({ id, firstName: 'A', lastName: 'B' })
    for (const [i, id] of accountIds.slice(0, -1).entries()) {
      const currency = id.slice(0, 3).toUpperCase()
      const userId = i % 2 ? 'ada' : 'grace'
      await accounts.insert({ id, userId, name: id, currency, minBalance: BigInt(-100 * i) })
    }
  }
})
afterAll(() => Promise.all(stores.map((store) => store.close())))

function pick<T>(random: Random, values: readonly T[]): T {
  return values[random.between(0, values.length - 1)]!
}

function aRequest(random: Random): NewTransaction {
  const accountId = pick(random, accountIds)
  const counterpartyId = pick(random, [null, null, ...accountIds.filter((id) => id !== accountId)])
  const scale = pick(random, ['', '', '.5', '.25', '.125'])
  const amount = `${pick(random, ['', '-'])}${random.between(1, 9)}${scale}`
  const effectiveAt = january(random.between(1, 28), random.between(0, 1))
  const key = pick(random, [{}, keyed(`key-${random.between(1, 40)}`, random.between(1, 2))])
  return request(accountId, amount, { counterpartyId, effectiveAt, ...key })
}

/** Apart from ids and times, which no two stores share. */
function comparable({ id: _id, ...transaction }: Transaction) {
  const { accountId, counterpartyId, amount, balanceAfter, effectiveAt } = transaction
  return { accountId, counterpartyId, amount, balanceAfter, effectiveAt }
}

function comparableVerdict(verdict: Verdict) {
  if (verdict.status === 'refused') return verdict
  return { ...verdict, transaction: comparable(verdict.transaction!) }
}

test(`PostgreSQL and memory come to the same verdicts and the same books (SEED=${seed})`, async () => {
  const random = newRandom(seed)
  const seen = new Set<string>()
  for (let i = 0; i < groups; i++) {
    const group = Array.from({ length: random.between(1, 12) }, () => aRequest(random))
    const [sql, memory] = await Promise.all(
      stores.map((store) => postEach(store.transactions, group)),
    )
    expect(sql!.map(comparableVerdict)).toEqual(memory!.map(comparableVerdict))
    for (const verdict of sql!) {
      seen.add(verdict.status === 'refused' ? verdict.refusal.code : verdict.status)
    }
  }
  // Otherwise the groups were too tame to prove anything.
  expect([...seen]).toEqual(
    expect.arrayContaining([
      ...['created', 'replayed', 'account.not_found', 'account.insufficient_funds'],
      ...['transaction.currency_mismatch', 'idempotency.key_reused', 'request.invalid'],
    ]),
  )

  const period = { from: january(5), to: january(20, 1) }
  const [sql, memory] = await Promise.all(
    stores.map(async ({ users, accounts, transactions }) => ({
      balances: await Promise.all(accountIds.map(async (id) => (await accounts.find(id))?.balance)),
      entries: await Promise.all(accountIds.map(async (id) => (await accounts.find(id))?.entryNo)),
      lists: await Promise.all(
        accountIds.map(async (id) =>
          (await transactions.listByAccount(id, { ...period, after: undefined, limit: 100 })).map(
            comparable,
          ),
        ),
      ),
      largest: await Promise.all(
        ['ada', 'grace'].map(async (id) =>
          (await transactions.listLargestExpenses(id, { ...period, currency: null })).map(
            comparable,
          ),
        ),
      ),
      users: (await users.list({ afterId: undefined, limit: 9 })).map(({ id }) => id),
    })),
  )
  expect(sql).toEqual(memory)
})
