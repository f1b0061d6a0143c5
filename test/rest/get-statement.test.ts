import { connect, type Socket } from 'node:net'
import { statementDto } from '../../cmd/api/rest/statement'
import { pollUntil } from '../harness/poll'
import { startProxy, type Proxy } from '../harness/proxy'
import { startApi, type Account, type TestApi, type Transaction } from './api'
import { readCsv } from './csv'

let api: TestApi
let proxy: Proxy
beforeAll(async () => {
  const reach = async (url: string) => (proxy = await startProxy(url)).url
  api = await startApi({ reach, statement: { concurrent_max: 2 } })
})
afterAll(async () => {
  await api.close()
  await proxy.close()
})

const statement = (account: { id: string }, query = '') =>
  api.get(`/accounts/${account.id}/statement?${query}`, statementDto)

async function csvOf(account: { id: string }, query = '') {
  const path = `/accounts/${account.id}/statement?${query}`
  const answer = await api.send({ path, headers: { Accept: 'text/csv' } })
  expect(answer.status).toBe(200)
  return { answer, rows: readCsv(answer.text) }
}

/** The whole list of an account, oldest first. */
async function readAll(account: Account, query = ''): Promise<Transaction[]> {
  const rows: Transaction[] = []
  let cursor: string | null = null
  do {
    const page = await api.entries(
      account.id,
      `limit=100&${query}${cursor ? `&cursor=${cursor}` : ''}`,
    )
    rows.push(...page.data)
    cursor = page.next_cursor
  } while (cursor !== null)
  return rows.reverse()
}

/** Cents of a decimal string. */
const cents = (amount: string) => BigInt(amount.replace('.', ''))

/** Rows by the database itself: thousands of requests would only take longer. */
async function postMany(account: Account, count: number, description = 'Many'): Promise<void> {
  await api.sql(
    `with posted as (
       insert into transaction (id, account_id, currency, amount, balance_after, entry_no, effective_at, created_at, description)
       select gen_random_uuid(), a.id, a.currency, 1, a.balance + n, a.entry_no + n, clock_timestamp(), clock_timestamp(), $3
       from account a, generate_series(1, $2::int) n
       where a.id = $1
     )
     update account set balance = balance + $2::int, entry_no = entry_no + $2::int where id = $1`,
    [account.id, count, description],
  )
}

const at = (day: number, time = '00:00:00Z') => `2026-01-${String(day).padStart(2, '0')}T${time}`

test('has every line of the list, with a running balance from the opening to the closing one', async () => {
  const [a, b] = [await api.anAccount(), await api.anAccount()]
  for (let i = 1; i <= 30; i++) await api.deposit(a, `${i}.00`, { effective_at: at(31 - i) })
  for (let i = 1; i <= 10; i++) {
    const sides =
      i % 2
        ? { account_id: a.id, counterparty_id: b.id, amount: `-${i}.00` }
        : { account_id: b.id, counterparty_id: a.id, amount: '0.10' }
    await api.create({ ...sides, effective_at: at(i) })
  }
  const whole = await statement(a)
  expect(whole).toMatchObject({
    account_id: a.id,
    currency: 'EUR',
    from: null,
    to: null,
    opening_balance: '0.00',
  })
  expect(whole.lines.map(({ balance: _balance, ...line }) => line)).toEqual(await readAll(a))
  let running = 0n
  for (const { amount, balance } of whole.lines)
    expect(cents(balance)).toBe((running += cents(amount)))
  expect(whole.closing_balance).toBe((await api.account(a.id)).balance)
  expect(whole.lines.at(-1)!.balance).toBe(whole.closing_balance)
})

test('opens with all that counts before from; from and to are inclusive, to the microsecond', async () => {
  const account = await api.anAccount()
  const of = (micros: string) => `2026-01-31T09:30:00.${micros}Z`
  for (const micros of ['000004', '000001', '000003', '000002']) {
    await api.deposit(account, `${Number(micros)}.00`, { effective_at: of(micros) })
  }
  const part = await statement(account, `from=${of('000002')}&to=${of('000003')}`)
  expect(part).toMatchObject({
    from: of('000002'),
    to: of('000003'),
    opening_balance: '1.00',
    closing_balance: '6.00',
  })
  expect(part.lines.map(({ amount, balance }) => [amount, balance])).toEqual([
    ['2.00', '3.00'],
    ['3.00', '6.00'],
  ])
  expect((await statement(account, `from=${of('000004')}`)).opening_balance).toBe('6.00')
  expect((await statement(account, `to=${of('000001')}`)).closing_balance).toBe('1.00')
  expect((await statement(account, `from=${of('000005')}`)).lines).toEqual([])
})

test('of a period without entries has its opening balance as the closing one', async () => {
  const account = await api.anAccount()
  await api.deposit(account, '7.00', { effective_at: at(10) })
  const query = `from=${at(11)}&to=${at(12)}`
  expect(await statement(account, query)).toMatchObject({
    opening_balance: '7.00',
    lines: [],
    closing_balance: '7.00',
  })
  const { rows } = await csvOf(account, query)
  expect(rows.map(({ line, balance }) => [line, balance])).toEqual([
    ['opening', '7.00'],
    ['closing', '7.00'],
  ])
  expect((await statement(await api.anAccount())).closing_balance).toBe('0.00')
})

test('of many pages, with entries of one and the same moment, has each line once', async () => {
  const account = await api.anAccount()
  await postMany(account, 1_501)
  const { lines, closing_balance } = await statement(account)
  expect(new Set(lines.map(({ id }) => id)).size).toBe(1_501)
  expect(lines).toHaveLength(1_501)
  const keys = lines.map(({ effective_at, id }) => `${effective_at} ${id}`)
  expect(keys).toEqual([...keys].sort())
  expect(closing_balance).toBe('15.01')
})

test('shows amounts in the scale of the currency', async () => {
  const yen = await api.anAccount({ currency: 'JPY', balance: '1250' })
  expect(await statement(yen)).toMatchObject({ opening_balance: '0', closing_balance: '1250' })
})

test('as CSV reads back as the same lines, between the opening and the closing balance', async () => {
  const account = await api.anAccount()
  const metadata = { order: 'a "quoted", one', list: [1, 2] }
  await api.deposit(account, '10.00', { effective_at: at(1), description: 'Before' })
  const descriptions = ['Plain', 'a, b', 'say "hello"', 'two\nlines', 'über 🐈', ' padded ', '']
  for (const [i, description] of descriptions.entries()) {
    await api.deposit(account, '1.00', { effective_at: at(2 + i), description, metadata })
  }
  const query = `from=${at(2)}`
  const { answer, rows } = await csvOf(account, query)
  expect(answer.headers).toMatchObject({
    'content-type': 'text/csv; charset=utf-8; header=present',
    'content-disposition': `attachment; filename="statement-${account.id}.csv"`,
    vary: 'Accept',
  })
  const json = await statement(account, query)
  const [opening, ...lines] = rows
  const closing = lines.pop()
  expect(opening).toMatchObject({ line: 'opening', effective_at: json.from, balance: '10.00' })
  expect(closing).toMatchObject({ line: 'closing', balance: json.closing_balance })
  expect(lines).toEqual(
    json.lines.map(({ account_id: _account, metadata: data, ...line }) => ({
      line: 'transaction',
      ...line,
      description: line.description ?? '',
      metadata: data === null ? '' : JSON.stringify(data),
      reverses_id: line.reverses_id ?? '',
      hold_id: line.hold_id ?? '',
    })),
  )
})

test('as CSV holds no cell of free text that a spreadsheet takes for a formula', async () => {
  const account = await api.anAccount()
  const hostile = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', "'=1", '＝1', '＠x']
  for (const [i, description] of hostile.entries()) {
    await api.deposit(account, '1.00', { effective_at: at(1 + i), description })
  }
  await api.create({ account_id: account.id, amount: '-1.00', effective_at: at(20) })
  const { rows } = await csvOf(account)
  const lines = rows.filter(({ line }) => line === 'transaction')
  expect(lines.slice(0, -1).map(({ description }) => description)).toEqual(
    hostile.map((text) => `'${text}`),
  )
  // A number is no free text.
  expect(lines.at(-1)).toMatchObject({ amount: '-1.00', description: '' })
})

test('refuses what is not there, a period the wrong way round, and other forms', async () => {
  const { id } = await api.anAccount()
  const notFound = { status: 404, code: 'account.not_found' }
  await api.refuses({ path: '/accounts/nothing/statement' }, notFound)
  await api.refuses({ path: '/accounts/world:EUR/statement' }, notFound)
  const path = `/accounts/${id}/statement`
  const invalid = { status: 400, code: 'request.invalid' }
  await api.refuses({ path: `${path}?from=${at(2)}&to=${at(1)}` }, { ...invalid, paths: ['from'] })
  await api.refuses({ path: `${path}?from=yesterday` }, { ...invalid, paths: ['from'] })
  await api.refuses({ path: `${path}?limit=1` }, { ...invalid, paths: ['limit'] })
  const headers = { Accept: 'application/pdf' }
  await api.refuses({ path, headers }, { status: 406, code: 'request.not_acceptable' })
})

/** Reads the statement with a socket of its own, which can stop reading. */
function open(account: Account) {
  const socket = connect(api.port(), '127.0.0.1').on('error', () => {})
  let text = ''
  socket.setEncoding('utf8').on('data', (more: string) => (text += more))
  socket.write(
    `GET /accounts/${account.id}/statement HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
  )
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(text)))
  const begun = () => pollUntil(() => text.includes('"lines":['), { what: 'beginning' })
  return { socket, begun, closed }
}

/** How many statements hold a transaction open in the database. */
async function snapshots(): Promise<number> {
  const [row] = await api.sql<{ count: number }>(
    `select count(*)::int as count from pg_stat_activity
     where datname = current_database() and application_name = 'tillbook-api statement'
       and state <> 'idle'`,
  )
  return row!.count
}

const noSnapshots = () =>
  pollUntil(async () => (await snapshots()) === 0, { what: 'connections given back' })

/** The body of an answer in chunks, or undefined when it broke off. */
function readChunks(text: string): string | undefined {
  let rest = text.slice(text.indexOf('\r\n\r\n') + 4)
  let body = ''
  for (;;) {
    const end = rest.indexOf('\r\n')
    const length = parseInt(rest.slice(0, end), 16)
    if (end < 0 || rest.length < end + 2 + length) return undefined
    if (length === 0) return body
    body += rest.slice(end + 2, end + 2 + length)
    rest = rest.slice(end + 4 + length)
  }
}

describe('while a client is in the middle of it', () => {
  let big: Account
  const clients: Socket[] = []
  const start = async () => {
    const client = open(big)
    clients.push(client.socket)
    await client.begun()
    client.socket.pause()
    return client
  }
  beforeAll(async () => {
    big = await api.anAccount()
    // More than all buffers between the two take.
    for (let i = 0; i < 10; i++) await postMany(big, 2_000, 'x'.repeat(500))
  })
  afterEach(async () => {
    for (const socket of clients.splice(0)) socket.destroy()
    proxy.mode = 'open'
    await pollUntil(async () => (await api.send({ path: '/readyz' })).status === 200, {
      what: 'ready API',
    })
    await noSnapshots()
  })

  test('it stays of one moment, whatever is posted meanwhile', async () => {
    const reader = await start()
    await api.deposit(big, '99.00', { effective_at: '2001-01-01T00:00:00Z' })
    await api.deposit(big, '98.00', { effective_at: '2999-01-01T00:00:00Z' })
    reader.socket.resume()
    const { lines, closing_balance } = statementDto.parse(
      JSON.parse(readChunks(await reader.closed)!),
    )
    expect([lines.length, closing_balance]).toEqual([20_000, '200.00'])
    expect((await statement(big)).closing_balance).toBe('397.00')
  })

  test('no more are read at once than are configured: 503, until one is over', async () => {
    const [first] = [await start(), await start()]
    const path = `/accounts/${big.id}/statement`
    const refused = await api.send({ path })
    expect(refused.body).toMatchObject({ status: 503, code: 'statement.busy' })
    expect(refused.headers['retry-after']).toBe('2')
    // Everything else is served: they have connections of their own.
    expect((await api.account(big.id)).id).toBe(big.id)
    first.socket.destroy()
    await pollUntil(async () => (await api.send({ path: `${path}?to=${at(1)}` })).status === 200, {
      what: 'statement after one was over',
    })
  })

  test('that goes away, its transaction is over at once', async () => {
    const reader = await start()
    expect(await snapshots()).toBe(1)
    reader.socket.destroy()
    await noSnapshots()
  })

  test('and the database dies, the answer breaks off and is not whole', async () => {
    const reader = await start()
    proxy.mode = 'closed'
    reader.socket.resume()
    expect(readChunks(await reader.closed)).toBeUndefined()
  })

  test('a HEAD is answered without a body, and lets go', async () => {
    const answer = await api.send({ method: 'HEAD', path: `/accounts/${big.id}/statement` })
    expect([answer.status, answer.text]).toEqual([200, ''])
    await noSnapshots()
    const missing = await api.send({ method: 'HEAD', path: '/accounts/nothing/statement' })
    expect(missing.status).toBe(404)
  })

  test('and the API is told to close, the answer is finished first', async () => {
    const reader = await start()
    const restarted = api.restart()
    reader.socket.resume()
    expect(readChunks(await reader.closed)).toBeDefined()
    await restarted
  })
})

test('that cannot be begun because the database is away is answered 503', async () => {
  const account = await api.anAccount()
  proxy.mode = 'closed'
  const answer = await api.send({ path: `/accounts/${account.id}/statement` })
  proxy.mode = 'open'
  expect(answer.body).toMatchObject({ status: 503, code: 'database.unavailable' })
  await pollUntil(async () => (await api.send({ path: '/readyz' })).status === 200, { what: 'API' })
})
