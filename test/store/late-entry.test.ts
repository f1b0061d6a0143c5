import { readDecimal } from '../../internal/money/decimal'
import { single, type Instruction } from '../../pkg/transaction/instruction'
import { created, january, newGiven, postEach, request } from '../conformance/stores'
import { openSqlStores } from './sql-stores'

let stores: Awaited<ReturnType<typeof openSqlStores>>
beforeAll(async () => {
  stores = await openSqlStores()
})
afterAll(() => stores.close())
const { aUser, anAccount } = newGiven(() => stores)

async function sql(text: string, values: unknown[]) {
  return (await stores.pool.query({ text, values })).rows as Record<string, unknown>[]
}

/** An account that is rolled up until the tenth of January. */
async function aRolledUpAccount(given: Parameters<typeof anAccount>[0] = {}) {
  const id = await anAccount(given)
  await sql('update account set rolled_up_until = $2 where id = $1', [id, january(10)])
  return id
}

async function lateEntries(...ids: string[]) {
  return sql(
    `select l.account_id, l.transaction_id, l.amount::int, l.is_expense, l.effective_at = t.effective_at as is_dated,
       l.xmin = t.xmin as is_one_commit
     from late_entry l join transaction t on t.id = l.transaction_id
     where l.account_id = any($1) order by l.account_id, l.transaction_id`,
    [ids],
  )
}

async function create(...args: Parameters<typeof request>) {
  const [verdict] = await postEach(stores.transactions, [request(...args)])
  return created(verdict!)
}

const seen = { is_dated: true, is_one_commit: true }

test('what is dated into a time that is rolled up is noted for each side, in the same commit', async () => {
  const [a, b] = [await aRolledUpAccount({ balance: 100n }), await aRolledUpAccount()]
  const more = { counterpartyId: b, effectiveAt: january(9) }
  const { id: transaction_id } = await create(a, -30n, more)
  expect(await lateEntries(a, b)).toEqual([
    { account_id: a, transaction_id, amount: -30, is_expense: true, ...seen },
    { account_id: b, transaction_id, amount: 30, is_expense: false, ...seen },
  ])
})

test('only for the side that is rolled up so far, and not from that moment on', async () => {
  const [a, b] = [await aRolledUpAccount({ balance: 100n }), await anAccount()]
  await create(a, -1n, { effectiveAt: january(10) })
  await create(a, -1n)
  expect(await lateEntries(a)).toEqual([])
  const { id: transaction_id } = await create(b, 5n, {
    ...{ counterpartyId: a, effectiveAt: january(9) },
  })
  expect(await lateEntries(a, b)).toEqual([
    { account_id: a, transaction_id, amount: -5, is_expense: true, ...seen },
  ])
})

test('money that stays with the user is no expense', async () => {
  const userId = await aUser()
  const [a, b] = [await aRolledUpAccount({ userId, balance: 100n }), await anAccount({ userId })]
  await create(a, -5n, { counterpartyId: b, effectiveAt: january(1) })
  expect(await lateEntries(a, b)).toMatchObject([{ amount: -5, is_expense: false }])
})

test('nothing is noted of what was refused, replayed or only tried', async () => {
  const a = await aRolledUpAccount({ balance: 100n })
  const post = (amount: string): Instruction => ({
    ...{ kind: 'post', ...request(a, '1'), effectiveAt: january(1) },
    amount: readDecimal(amount)!,
  })
  await stores.transactions.post([
    single(post('-900')),
    single(post('1'), true),
    { instructions: [post('1'), post('-900')], isAtomic: true, isDryRun: false },
  ])
  expect(await lateEntries(a)).toEqual([])
})
