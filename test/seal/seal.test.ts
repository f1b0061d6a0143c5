import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Executor } from '../../internal/postgres/query'
import { beginning, idAt } from '../../pkg/seal/seal'
import { findRows, newSealStore } from '../../pkg/seal/sql/store'
import { pollUntil } from '../harness/poll'
import { spawnProgram } from '../harness/program'
import { openBook, type Book } from './book'

let book: Book
beforeEach(async () => {
  book = await openBook()
})
afterEach(() => book.close())

const end = { xactNo: 2n ** 63n - 1n, id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }
const run = (db: Executor, text: string) => db.query({ text, values: [] })

async function post(howMany: number): Promise<string> {
  const id = await book.anAccount()
  for (let i = 0; i < howMany; i++) await book.create(id, 1n)
  return id
}

test('an empty ledger has no seal, and nothing is wrong with it', async () => {
  expect(await book.seals.sealNext(10)).toBe('none')
  expect(await book.recheck()).toMatchObject({ findings: [], transactions: 0n, unsealed: 0n })
  expect(await book.verify()).toMatchObject({
    findings: [],
    balances: { currencies: [], wrongAccounts: 0n },
  })
})

test('a seal has no more transactions than it may, also of one database transaction', async () => {
  await book.anAccount({ id: 'x' })
  await book.tamper(`
    insert into transaction (id, amount, balance_after, entry_no, effective_at, created_at, account_id, currency, xact_no)
    select gen_random_uuid(), 1, n, n, now(), now(), id, currency, 0
    from account, generate_series(1, 25) as n`)
  await book.tamper('update account set balance = 25, entry_no = 25')
  await book.sealAll(10)
  const sizes = await book.sql<{ transactions: number }>(
    'select transactions from seal order by no',
  )
  expect(sizes.map(({ transactions }) => transactions)).toEqual([10, 10, 5])
  expect(await book.recheck()).toMatchObject({ findings: [], sealed: 25n, unsealed: 0n })
})

test('a transaction that commits late, with a lower number, is not missed', async () => {
  const late = await book.anAccount()
  const { pool } = book
  const later = await pool.withClient(async (client) => {
    await run(client, 'begin')
    await run(client, 'select pg_current_xact_id()')
    const id = await post(3)
    for (let i = 0; i < 5; i++) expect(await book.seals.sealNext(10)).toBe('none')
    expect((await book.recheck()).unsealed).toBe(3n)
    await client.query({
      text: `insert into transaction (id, amount, balance_after, entry_no, effective_at, created_at, account_id, currency)
        values ('00000000-0000-7000-8000-000000000001', 5, 5, 1, now(), now(), $1, 'EUR')`,
      values: [late],
    })
    await client.query({
      text: 'update account set balance = 5, entry_no = 1 where id = $1',
      values: [late],
    })
    await run(client, 'commit')
    return id
  })
  await book.sealAll()
  const [first] = await book.sql<{ ids: Buffer }>('select row_ids as ids from seal where no = 1')
  expect(idAt(first!.ids, 0)).toBe('00000000-0000-7000-8000-000000000001')
  expect(await book.recheck()).toMatchObject({ findings: [], sealed: 4n })
  expect(later).toBeDefined()
})

test('entries that come in another order than their positions are verified across seals', async () => {
  const id = await post(6)
  // As when two groups got their numbers in one order and the account in the other.
  await book.tamper(`
    update transaction t set xact_no = swapped.xact_no
    from (select xact_no, row_number() over (order by xact_no desc) as n from transaction) as swapped,
      (select id, row_number() over (order by xact_no) as n from transaction) as own
    where own.n = swapped.n and t.id = own.id`)
  await book.sealAll(2)
  for (let verified = 0; (await book.verifications.advance()) === 'more'; verified++) {
    expect(await book.verifications.check()).toBe('done')
    expect((await book.verifications.find()).checked!.report.findings).toEqual([])
  }
  expect((await book.verifications.find()).link.no).toBe(3n)
  expect(await book.findings()).toEqual([])
  expect(id).toBeDefined()
})

test('sealers at once take turns: one chain, every transaction in it once', async () => {
  await post(60)
  const pools = [book.newPool(), book.newPool(), book.newPool()]
  const busy: unknown[] = []
  const seal = async (pool: (typeof pools)[number]) => {
    const seals = newSealStore({ pool })
    await pollUntil(
      async () => {
        const sealed = await seals.sealNext(3)
        if (sealed === 'busy') busy.push(sealed)
        return sealed === 'none' && (await book.recheck()).unsealed === 0n
      },
      { what: 'the end of sealing' },
    )
  }
  await Promise.all(pools.map(seal))
  await Promise.all(pools.map((pool) => pool.close()))
  expect(await book.recheck()).toMatchObject({ findings: [], sealed: 60n })
  expect((await book.verify()).findings).toEqual([])
})

test('a sealer does not wait for another one', async () => {
  await post(1)
  await book.pool.withClient(async (client) => {
    await run(client, 'begin')
    await run(client, `select pg_advisory_xact_lock(hashtextextended('seal', 0))`)
    await run(client, `select pg_advisory_xact_lock(hashtextextended('verification', 0))`)
    expect(await book.seals.sealNext(10)).toBe('busy')
    expect(await book.verifications.advance()).toBe('busy')
    expect(await book.verifications.check()).toBe('busy')
    await run(client, 'rollback')
  })
})

test('no setting of a session has a say in the digests', async () => {
  const id = await book.anAccount({ balance: 100n })
  await book.create(id, -5n, { description: 'Größe', metadata: { z: [1.5, null, 'ß'], a: {} } })
  const before = await findRows(book.pool, beginning, end, 10)
  await book.pool.withClient(async (client) => {
    for (const setting of [
      `datestyle = 'German, DMY'`,
      `timezone = 'Asia/Kathmandu'`,
      `bytea_output = 'escape'`,
      `extra_float_digits = -10`,
      `quote_all_identifiers = on`,
      `standard_conforming_strings = on`,
      `enable_indexscan = off`,
    ]) {
      await run(client, `set ${setting}`)
      if (setting.startsWith('bytea')) continue
      expect((await findRows(client, beginning, end, 10)).rowsDigest).toEqual(before.rowsDigest)
    }
    await run(client, 'reset all')
  })
})

test('a row gives the digest that it gave when encoding 1 was made', async () => {
  await book.tamper(`
    insert into transaction (
      id, xact_no, amount, balance_after, entry_no, counterparty_balance_after, counterparty_entry_no,
      effective_at, created_at, reverses_id, hold_id, account_id, counterparty_id, currency,
      description, metadata
    ) values (
      '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e', 42, -1250, 8750, 7, 1250, 3,
      '2026-01-31 09:30:00.123456Z', '2026-02-01 00:00:00Z', null,
      '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6f', 'ada-checking', 'grace-till', 'EUR',
      'Größe 42', '{"order": 1042, "rate": 1.50, "tags": ["a", null]}'
    )`)
  const { rowsDigest, digests, transactions } = await findRows(book.pool, beginning, end, 10)
  expect({ transactions, rows: rowsDigest.toString('hex'), row: digests.toString('hex') }).toEqual({
    transactions: 1,
    rows: '9a5f6f156a4ba41373d0ace510b3c37dadd746f5755c576539297e0f12ba238e',
    row: '07d2536852ecc429',
  })
})

test('a sealer that is killed leaves a chain that the next one continues', async () => {
  await post(40)
  const folder = mkdtempSync(join(tmpdir(), 'tillbook seal '))
  const path = join(folder, 'api.json')
  const config = JSON.parse(readFileSync('config/api/local.json', 'utf8')) as Record<
    string,
    unknown
  >
  const seal = { interval_ms: 1, transactions_max: 1, check_interval_ms: 1 }
  writeFileSync(path, JSON.stringify({ ...config, seal }))
  for (const wanted of [1n, 3n, 5n]) {
    const api = spawnProgram('api', [path], { DATABASE_URL: book.stores.url, PORT: '0' })
    await pollUntil(async () => (await book.count('seal')) >= wanted, { what: `${wanted} seals` })
    api.kill('SIGKILL')
    await api.exited
    expect((await book.recheck()).findings).toEqual([])
  }
  rmSync(folder, { recursive: true })
  await book.sealAll(10)
  expect(await book.recheck()).toMatchObject({ findings: [], sealed: 40n, unsealed: 0n })
  expect((await book.verify()).findings).toEqual([])
})
