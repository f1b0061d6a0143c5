import type { Finding } from '../../pkg/seal/finding'
import { openBook, type Book } from './book'

let book: Book
let columns: { name: string; type: string }[]
let accounts: string[]

const posted = 30
const inOneSeal = 8

beforeAll(async () => {
  book = await openBook()
  accounts = [await book.anAccount({ balance: 1000n }), await book.anAccount({ balance: 1000n })]
  for (let i = 0; i < posted - 2; i++) {
    const [from, to] = i % 2 === 0 ? accounts : [...accounts].reverse()
    await book.create(from!, -BigInt(i + 1), {
      counterpartyId: i % 4 < 2 ? to! : null,
      description: `number ${i}`,
      metadata: { number: i },
    })
  }
  await book.sealAll(inOneSeal)
  columns = await book.sql(`
    select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
    where attrelid = 'transaction'::regclass and attnum > 0 and not attisdropped order by attnum`)
  for (const table of ['transaction', 'seal', 'account', 'hold']) {
    await book.sql(`create table kept_${table} as select * from ${table}`)
  }
})
afterAll(() => book.close())

afterEach(async () => {
  for (const table of ['transaction', 'seal', 'account', 'hold']) {
    await book.tamper(`delete from ${table}`)
    await book.tamper(`insert into ${table} select * from kept_${table}`)
  }
  await book.forget()
  expect((await book.recheck()).findings).toEqual([])
  expect((await book.verify()).findings).toEqual([])
  await book.forget()
})

/** A transfer in the middle of a seal in the middle of the chain. */
async function aVictim(): Promise<{ id: string; sealNo: bigint }> {
  const [row] = await book.sql<{ id: string; no: bigint }>(`
    select t.id, s.no from transaction t
    join seal s on (t.xact_no, t.id) > (from_xact_no, from_id) and (t.xact_no, t.id) < (to_xact_no, to_id)
    where counterparty_id is not null and no = 2 order by t.id limit 1`)
  return { id: row!.id, sealNo: row!.no }
}

/** What both ways of verifying tell. */
async function found(): Promise<{ full: Finding[]; stepByStep: Finding[] }> {
  return { full: await book.findings(), stepByStep: (await book.verify()).findings }
}

function expectIn(findings: Finding[], wanted: Partial<Finding>): void {
  expect(findings).toContainEqual(expect.objectContaining(wanted))
}

const changes: Record<string, (name: string) => string> = {
  uuid: () => 'gen_random_uuid()',
  bigint: (name) => `coalesce(${name}, 0) + 1`,
  'timestamp with time zone': (name) => `${name} + interval '1 microsecond'`,
  text: (name) => `${name} || 'x'`,
  jsonb: (name) => `${name} || '{"number": 1000}'`,
}

test('has seals to tamper with, and every transaction in one of them', async () => {
  const result = await book.recheck()
  expect(result).toMatchObject({ findings: [], transactions: 30n, sealed: 30n, unsealed: 0n })
  expect(result.link.no).toBeGreaterThanOrEqual(4n)
})

test('finds and names a transaction of which one byte was changed, in whichever column', async () => {
  expect(columns.length).toBeGreaterThanOrEqual(16)
  for (const { name, type } of columns) {
    const { id, sealNo } = await aVictim()
    const change = changes[type]
    if (!change) throw new Error(`no change of a ${type} is known yet`)
    await book.tamper(`update transaction set ${name} = ${change(name)} where id = $1`, [id])
    const { full, stepByStep } = await found()
    for (const findings of [full, stepByStep]) {
      const named = findings.filter((one) => one.transactionId === id && one.sealNo === sealNo)
      expect({ name, named: named.length }).toEqual({ name, named: 1 })
    }
    if (name === 'id') expectIn(full, { code: 'transaction.deleted', transactionId: id })
    await book.tamper('delete from transaction')
    await book.tamper('insert into transaction select * from kept_transaction')
    await book.forget()
  }
})

test('finds and names a transaction that was moved out of its seal', async () => {
  const { id, sealNo } = await aVictim()
  await book.tamper('update transaction set xact_no = xact_no + 1000000 where id = $1', [id])
  const { full, stepByStep } = await found()
  expectIn(full, { code: 'transaction.moved', sealNo, transactionId: id })
  expectIn(stepByStep, { code: 'transaction.deleted', sealNo, transactionId: id })
})

test('finds and names a transaction that was deleted', async () => {
  const { id, sealNo } = await aVictim()
  await book.tamper('delete from transaction where id = $1', [id])
  const { full, stepByStep } = await found()
  for (const findings of [full, stepByStep]) {
    expectIn(findings, { code: 'transaction.deleted', sealNo, transactionId: id })
    expectIn(findings, { code: 'account.wrong_balance', accountId: accounts[0] })
  }
  expectIn(full, { code: 'entry.broken' })
})

test('finds and names a transaction that was inserted, its balances made to fit', async () => {
  const { sealNo, id: beside } = await aVictim()
  const [row] = await book.sql<{ id: string }>('select gen_random_uuid() as id')
  const { id } = row!
  const copy = `
    insert into transaction (id, amount, balance_after, entry_no, effective_at, created_at, account_id, currency, xact_no)
    select $1, 5, balance + 5, account.entry_no + 1, effective_at, t.created_at, account.id, account.currency, xact_no
    from transaction t join account on account.id = t.account_id where t.id = $2`
  await book.tamper(copy, [id, beside])
  await book.tamper(`update account a set balance = t.balance_after, entry_no = t.entry_no
    from transaction t where t.id = '${id}' and a.id = t.account_id`)
  const { full, stepByStep } = await found()
  expect(full).toEqual([
    expect.objectContaining({ code: 'transaction.inserted', sealNo, transactionId: id }),
  ])
  expectIn(stepByStep, { code: 'transaction.inserted', sealNo, transactionId: id })
})

test('finds a transaction that was put where no seal will ever look', async () => {
  await book.tamper(`
    insert into transaction (id, amount, balance_after, entry_no, effective_at, created_at, account_id, currency, xact_no)
    select '00000000-0000-0000-0000-000000000000', 5, 5, 1, now(), now(), id, currency, -9223372036854775808
    from account limit 1`)
  expectIn(await book.findings(), { code: 'transaction.unsealed' })
})

test('finds and names an account with another balance, and a currency that is not zero', async () => {
  const [id] = accounts
  await book.tamper('update account set balance = balance + 1 where id = $1', [id])
  const { full, stepByStep } = await found()
  for (const findings of [full, stepByStep]) {
    expectIn(findings, { code: 'account.wrong_balance', accountId: id })
    expectIn(findings, { code: 'currency.not_zero' })
  }
})

test('finds entries that do not continue one another though all sums are right', async () => {
  const { id } = await aVictim()
  await book.tamper('update transaction set balance_after = balance_after + 1 where id = $1', [id])
  // The seals as if they had always been so.
  await book.tamper('delete from seal')
  await book.sealAll(inOneSeal)
  const { full, stepByStep } = await found()
  expectIn(full, { code: 'entry.broken', transactionId: id, accountId: accounts[0] })
  expectIn(stepByStep, { code: 'account.wrong_balance', accountId: accounts[0] })
})

test.each(['9223372036854775807', '-9223372036854775808'])(
  'is not stopped by a balance and a number of %s',
  async (number) => {
    const { id } = await aVictim()
    const change = `update transaction set balance_after = ${number}, entry_no = ${number} where id = $1`
    await book.tamper(change, [id])
    const { full, stepByStep } = await found()
    expectIn(full, { code: 'entry.broken', transactionId: id })
    for (const findings of [full, stepByStep]) {
      expectIn(findings, { code: 'transaction.changed', transactionId: id })
    }
  },
)

test.each([
  ['no', 'no = 200'],
  ['encoding', 'encoding = 2'],
  ['from_xact_no', 'from_xact_no = from_xact_no - 1'],
  ['from_id', `from_id = '00000000-0000-0000-0000-000000000000'`],
  ['to_xact_no', 'to_xact_no = to_xact_no + 1'],
  ['to_id', `to_id = 'ffffffff-ffff-ffff-ffff-ffffffffffff'`],
  ['created_at', `created_at = created_at + interval '1 microsecond'`],
  ['rows_digest', `rows_digest = sha256('x')`],
  ['digest', `digest = sha256('x')`],
  ['row_ids', 'row_ids = set_byte(row_ids, 20, 255 - get_byte(row_ids, 20))'],
  ['row_digests', 'row_digests = set_byte(row_digests, 9, 255 - get_byte(row_digests, 9))'],
])(
  'finds and names a seal of which %s was changed, and blames no transaction',
  async (_name, change) => {
    await book.tamper(`update seal set ${change} where no = 2`)
    const { full, stepByStep } = await found()
    for (const findings of [full, stepByStep]) {
      const [first] = findings
      expect(first).toMatchObject({ sealNo: 2n, code: expect.stringMatching(/^seal\./) as string })
      expect(findings.filter(({ code }) => code === 'transaction.changed')).toEqual([])
    }
  },
)

test('names the transaction whose short digest was changed in the seal', async () => {
  const [row] = await book.sql<{ ids: Buffer }>('select row_ids as ids from seal where no = 2')
  await book.tamper(
    'update seal set row_digests = set_byte(row_digests, 9, 255 - get_byte(row_digests, 9)) where no = 2',
  )
  const second = row!.ids.toString('hex', 16, 32)
  const { full, stepByStep } = await found()
  for (const findings of [full, stepByStep]) {
    const named = findings.filter(
      ({ transactionId }) => transactionId?.replaceAll('-', '') === second,
    )
    expect(named).toMatchObject([{ code: 'seal.changed', sealNo: 2n }])
  }
})

test('finds and names a seal that was deleted from the middle', async () => {
  await book.tamper('delete from seal where no = 2')
  const { full, stepByStep } = await found()
  for (const findings of [full, stepByStep])
    expectIn(findings, { code: 'seal.missing', sealNo: 2n })
  expectIn(full, { code: 'transaction.unsealed' })
})

test('finds a chain that was cut off at its end by a digest that was kept, or where it was verified', async () => {
  const { link } = await book.recheck()
  const kept = { expected: { no: link.no, digest: link.digest } }
  expect((await book.recheck(kept)).findings).toEqual([])
  await book.tamper('delete from seal where no = $1', [link.no])
  const gone = { code: 'seal.missing', sealNo: link.no } as const
  // Without it there is nothing to see: those transactions might not have been sealed yet.
  expect((await book.recheck()).findings).toEqual([])
  expectIn((await book.recheck(kept)).findings, gone)
  await book.tamper('insert into seal select * from kept_seal where no = $1', [link.no])
  await book.verify()
  await book.tamper('delete from seal where no = $1', [link.no])
  const { full, stepByStep } = await found()
  for (const findings of [full, stepByStep]) expectIn(findings, gone)
})

test('finds a chain that was made anew as a whole by a digest that was kept', async () => {
  const { id, sealNo: no } = await aVictim()
  const [kept] = await book.sql<{ digest: Buffer }>('select digest from seal where no = $1', [no])
  await book.tamper(`update transaction set description = 'never said' where id = $1`, [id])
  await book.tamper('delete from seal')
  await book.sealAll(inOneSeal)
  expect((await book.recheck()).findings).toEqual([])
  const expected = { no, digest: kept!.digest }
  expectIn((await book.recheck({ expected })).findings, {
    code: 'seal.unexpected',
    sealNo: no,
  })
})

test('finds and names an account that holds another sum than its open holds', async () => {
  const [id, other] = accounts
  await book.tamper('update account set held = 10 where id = $1', [id])
  await book.tamper(
    `insert into hold (id, amount, captured, created_at, account_id, currency)
     select gen_random_uuid(), 50, 30, now(), id, currency from account where id = $1`,
    [other],
  )
  const full = await book.findings()
  for (const accountId of [id, other]) expectIn(full, { code: 'account.wrong_held', accountId })
})

test('finds and names an account below its limit', async () => {
  const [id] = accounts
  await book.sql('alter table account drop constraint account_available_covers_limit')
  await book
    .tamper('update account set min_balance = balance + 1 where id = $1', [id])
    .catch(() => {})
  await book.tamper('update account set held = balance + 1 where id = $1', [id])
  expectIn(await book.findings(), { code: 'account.below_limit', accountId: id })
  await book.tamper('update account set held = 0 where id = $1', [id])
  await book.sql(
    'alter table account add constraint account_available_covers_limit check (balance - held >= min_balance)',
  )
})

test('finds an account that is gone', async () => {
  const [id] = accounts
  await book.tamper('delete from account where id = $1', [id])
  const { full, stepByStep } = await found()
  for (const findings of [full, stepByStep]) {
    expectIn(findings, { code: 'account.wrong_balance', accountId: id })
  }
})

test('the database refuses to change or delete a seal', async () => {
  for (const text of ['update seal set no = no', 'delete from seal', 'truncate seal']) {
    await expect(book.sql(text)).rejects.toMatchObject({ code: '23001' })
  }
})
