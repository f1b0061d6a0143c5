import { startApi, type Account, type TestApi, type Transaction } from './api'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.close())

const idsOf = ({ data }: { data: { id: string }[] }) => data.map(({ id }) => id)

/** All pages, one after the other; `between` happens after each. */
async function readAll(account: Account, query: string, between?: () => Promise<unknown>) {
  const rows: Transaction[] = []
  let cursor: string | null = null
  do {
    const page = await api.entries(account.id, cursor ? `${query}&cursor=${cursor}` : query)
    rows.push(...page.data)
    cursor = page.next_cursor
    await between?.()
  } while (cursor !== null)
  return rows
}

/** As the list is promised to be ordered. */
function newestFirst(rows: Transaction[]): Transaction[] {
  const key = ({ effective_at, id }: Transaction) => `${effective_at} ${id}`
  return [...rows].sort((a, b) => (key(a) > key(b) ? -1 : 1))
}

async function postMany(account: Account, count: number, more: object = {}) {
  const posted: Transaction[] = []
  for (let i = 1; i <= count; i++) posted.push(await api.deposit(account, `${i}.00`, more))
  return posted
}

test('answers an empty page for an account without transactions', async () => {
  const { id } = await api.anAccount()
  expect(await api.entries(id)).toEqual({ data: [], next_cursor: null })
})

test('pages through 53 transactions by 7: every one once, newest first', async () => {
  const account = await api.anAccount()
  const posted = await postMany(account, 53)
  expect(await readAll(account, 'limit=7')).toEqual(newestFirst(posted))
  expect((await api.entries(account.id)).data).toHaveLength(20)
  const all = await api.entries(account.id, 'limit=53')
  expect(all.next_cursor).toBeNull()
})

test('pages through transactions of one and the same moment', async () => {
  const account = await api.anAccount()
  const posted = await postMany(account, 23, { effective_at: '2026-01-31T09:30:00Z' })
  expect(await readAll(account, 'limit=7')).toEqual(newestFirst(posted))
})

test('neither skips nor repeats a row while newer and older ones are being posted', async () => {
  const account = await api.anAccount()
  const posted = await postMany(account, 50)
  const rows = await readAll(account, 'limit=7', async () => {
    await api.deposit(account, '0.01')
    await api.deposit(account, '0.02', { effective_at: '2001-01-01T00:00:00Z' })
  })
  // What was there when the first page was read; the older ones stand behind it.
  expect(rows.slice(0, 50)).toEqual(newestFirst(posted))
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
  expect(rows.slice(50).map(({ amount }) => amount)).toContain('0.02')
})

test('shows a transfer on both accounts, each from its own side', async () => {
  const [a, b] = [
    await api.anAccount({ balance: '10.00' }),
    await api.anAccount({ balance: '1.00' }),
  ]
  const created = await api.create({ account_id: a.id, amount: '-2.50', counterparty_id: b.id })
  const [ofA] = (await api.entries(a.id)).data
  const [ofB] = (await api.entries(b.id)).data
  expect(ofA).toEqual(created)
  expect(created).toMatchObject({ amount: '-2.50', balance_after: '7.50', counterparty_id: b.id })
  expect(ofB).toEqual({
    ...created,
    account_id: b.id,
    counterparty_id: a.id,
    amount: '2.50',
    balance_after: '3.50',
  })
})

test('merges the entries of both sides in their order, page by page', async () => {
  const [a, b] = [
    await api.anAccount({ balance: '99.00' }),
    await api.anAccount({ balance: '99.00' }),
  ]
  const amounts = ['-1.00', '-2.00', '3.00', '-4.00', '5.00', '6.00', '-7.00']
  for (const [i, amount] of amounts.entries()) {
    const [from, to] = i % 2 ? [a, b] : [b, a]
    await api.create({ account_id: from.id, amount, counterparty_id: to.id })
  }
  const rows = await readAll(a, 'limit=2')
  expect(rows.map(({ amount, balance_after }) => [amount, balance_after])).toEqual([
    ['7.00', '99.00'],
    ['6.00', '92.00'],
    ['-5.00', '86.00'],
    ['-4.00', '91.00'],
    ['-3.00', '95.00'],
    ['-2.00', '98.00'],
    ['1.00', '100.00'],
    ['99.00', '99.00'],
  ])
})

test('takes from and to as inclusive, to the microsecond', async () => {
  const account = await api.anAccount()
  const at = (micros: string) => `2026-01-31T09:30:00.${micros}Z`
  for (const micros of ['000001', '000002', '000003', '000004']) {
    await api.deposit(account, '1.00', { effective_at: at(micros), description: micros })
  }
  const within = async (query: string) =>
    (await api.entries(account.id, query)).data.map(({ description }) => description)
  expect(await within(`from=${at('000002')}&to=${at('000003')}`)).toEqual(['000003', '000002'])
  expect(await within(`from=${at('000004')}`)).toEqual(['000004'])
  expect(await within(`to=${at('000001')}`)).toEqual(['000001'])
  expect(await within(`from=${at('000002')}&to=${at('000002')}`)).toEqual(['000002'])
  expect(await within(`from=${at('000005')}`)).toEqual([])
  expect(await within('from=2026-01-31T10:30:00.000004%2B01:00')).toEqual(['000004'])
})

test('keeps from and to over all pages', async () => {
  const account = await api.anAccount()
  for (let day = 10; day < 30; day++) {
    await api.deposit(account, '1.00', { effective_at: `2026-01-${day}T00:00:00Z` })
  }
  const rows = await readAll(account, 'limit=3&from=2026-01-12T00:00:00Z&to=2026-01-27T00:00:00Z')
  expect(rows).toHaveLength(16)
  expect(rows.at(0)!.effective_at).toBe('2026-01-27T00:00:00.000000Z')
  expect(rows.at(-1)!.effective_at).toBe('2026-01-12T00:00:00.000000Z')
})

test('puts a backdated transaction in its place, with the balance of when it was posted', async () => {
  const account = await api.anAccount()
  const on = (day: string) => ({ effective_at: `2026-01-${day}T00:00:00Z`, description: day })
  await api.deposit(account, '10.00', on('10'))
  await api.deposit(account, '20.00', on('20'))
  const late = await api.deposit(account, '5.00', on('15'))
  expect(late.balance_after).toBe('35.00')
  const { data } = await api.entries(account.id)
  expect(data.map((row) => [row.description, row.balance_after])).toEqual([
    ['20', '30.00'],
    ['15', '35.00'],
    ['10', '10.00'],
  ])
  expect(late.created_at > late.effective_at).toBe(true)
})

test('refuses an account that is not there, and the outside world', async () => {
  const refused = { status: 404, code: 'account.not_found' }
  await api.refuses({ path: '/accounts/nothing/transactions' }, refused)
  await api.refuses({ path: '/accounts/world:EUR/transactions' }, refused)
})

test('refuses from after to', async () => {
  const { id } = await api.anAccount()
  const query = 'from=2026-01-31T09:30:00.000001Z&to=2026-01-31T09:30:00Z'
  const refused = { status: 400, code: 'request.invalid', paths: ['from'] }
  await api.refuses({ path: `/accounts/${id}/transactions?${query}` }, refused)
})

test('refuses a cursor of another account, of other filters or of the users', async () => {
  const [a, b] = [await api.anAccount(), await api.anAccount()]
  for (const account of [a, a, b, b]) await api.deposit(account, '1.00')
  const from = 'from=2026-01-01T00:00:00Z'
  const { next_cursor } = await api.entries(a.id, 'limit=1')
  const filtered = await api.entries(a.id, `limit=1&${from}`)
  const users = await api.users('limit=1')
  const refused = { status: 400, code: 'page.invalid_cursor', paths: ['cursor'] }
  const refuse = (account: Account, query: string) =>
    api.refuses({ path: `/accounts/${account.id}/transactions?${query}` }, refused)
  await refuse(b, `cursor=${next_cursor}`)
  await refuse(a, `cursor=${next_cursor}&${from}`)
  await refuse(a, `cursor=${filtered.next_cursor}`)
  await refuse(a, `cursor=${users.next_cursor}`)
  // The same moment written otherwise is the same filter; another limit is no filter at all.
  const same = 'from=2026-01-01T01:00:00.000%2B01:00'
  const page = await api.entries(a.id, `limit=9&${same}&cursor=${filtered.next_cursor}`)
  expect(idsOf(page)).toHaveLength(1)
})
