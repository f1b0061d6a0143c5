import { verificationDto } from '../../pkg/seal/dto/verification'
import { pollUntil } from '../harness/poll'
import { startProxy, type Proxy } from '../harness/proxy'
import { startApi, type TestApi } from './api'

const path = '/ledger/verification'
const hasty = { enabled: true, interval_ms: 10, check_interval_ms: 10, transactions_max: 5 }

let api: TestApi
beforeAll(async () => {
  api = await startApi({ seal: hasty })
})
afterAll(() => api.close())

const read = async () => {
  const { status, body } = await api.send({ path })
  return status === 200 ? verificationDto.parse(body) : undefined
}

/** The first answer that is as it should be. */
function eventually(
  what: string,
  isRight: (answer: NonNullable<Awaited<ReturnType<typeof read>>>) => boolean,
) {
  return pollUntil(
    async () => {
      const answer = await read()
      return answer && isRight(answer) && answer
    },
    { what },
  )
}

test('an empty ledger is right', async () => {
  expect(await eventually('answer', () => true)).toMatchObject({
    intact: true,
    currencies: {},
    wrong_accounts: 0,
    seals: { intact: true, last: null },
    verified_transactions: 0,
    unverified_transactions: 0,
    findings: [],
  })
})

test('all balances of a currency sum to zero, and the answer says how far it has come', async () => {
  const a = await api.anAccount({ balance: '100.00' })
  const b = await api.anAccount()
  await api.anAccount({ currency: 'JPY', balance: '500' })
  for (let i = 1; i <= 9; i++)
    await api.deposit(a, `-${i}.00`, i % 2 ? { counterparty_id: b.id } : {})
  const answer = await eventually('verification of all', (one) => one.verified_transactions === 11)
  const [last] = await api.sql<{ no: bigint; digest: Buffer; to_id: string }>(
    'select no, digest, to_id from seal order by no desc limit 1',
  )
  expect(answer).toMatchObject({ intact: true, wrong_accounts: 0, unverified_transactions: 0 })
  expect(answer.seals).toEqual({
    intact: true,
    last: {
      no: Number(last!.no),
      digest: last!.digest.toString('hex'),
      transaction_id: last!.to_id,
    },
  })
  expect(answer.currencies).toEqual({
    EUR: { accounts: 2, balance: '80.00', world: '-80.00', sum: '0.00' },
    JPY: { accounts: 1, balance: '500', world: '-500', sum: '0' },
  })
})

test('tells of an account whose balance is not the sum of its transactions, until it is', async () => {
  const { id } = await api.anAccount({ balance: '7.00' })
  await api.sql('update account set balance = balance + 1 where id = $1', [id])
  const answer = await eventually('finding', ({ intact }) => !intact)
  expect(answer.wrong_accounts).toBe(1)
  expect(answer.currencies!.EUR!.sum).toBe('0.01')
  expect(answer.findings).toContainEqual({
    code: 'account.wrong_balance',
    detail: `account ${id} has a balance of 7.01 EUR, its transactions sum to 7.00 EUR`,
    seal_no: null,
    transaction_id: null,
    account_id: id,
  })
  await api.sql('update account set balance = balance - 1 where id = $1', [id])
  await eventually('end of the finding', ({ intact }) => intact)
})

test('tells of a seal that is gone, though the sealer made another one in its place', async () => {
  const before = await eventually('verification', (one) => one.unverified_transactions === 0)
  const { no } = before.seals.last!
  await api.sql('create table kept as select * from seal where no = $1', [no])
  const replaceFrom = (text: string) =>
    api.db.withClient(async (client) => {
      const run = (text: string) => client.query({ text, values: [] })
      await run('begin')
      await run(`select pg_advisory_xact_lock(hashtextextended('seal', 0))`)
      await run('set local session_replication_role = replica')
      await run(`delete from seal where no >= ${no}`)
      await run(text)
      await run('commit')
    })
  await replaceFrom('select')
  const answer = await eventually('finding', ({ seals }) => !seals.intact)
  expect(['seal.missing', 'seal.unexpected']).toContain(answer.findings[0]!.code)
  expect(answer.findings[0]!.seal_no).toBe(no)
  const again = await eventually(
    'seal in its place',
    (one) => one.findings[0]?.code === 'seal.unexpected',
  )
  expect(again.findings).toMatchObject([{ seal_no: no }])
  await replaceFrom('insert into seal select * from kept')
  await eventually('end of the finding', ({ intact }) => intact)
})

test('is right under load, whenever it is asked', async () => {
  const accounts = await Promise.all([1, 2, 3, 4].map(() => api.anAccount({ balance: '1000' })))
  const posting = Array.from({ length: 8 }, async (_, lane) => {
    for (let i = 0; i < 25; i++) {
      const [from, to] = [accounts[(lane + i) % 4]!, accounts[(lane * 3 + i + 1) % 4]!]
      await api.deposit(from, '-1.00', from.id === to.id ? {} : { counterparty_id: to.id })
    }
  })
  let isPosting = true
  const all = Promise.all(posting).finally(() => (isPosting = false))
  while (isPosting) expect(await read()).toMatchObject({ intact: true, findings: [] })
  await all
})

test('takes no query', async () => {
  await api.refuses({ path: `${path}?full=true` }, { status: 400, code: 'request.invalid' })
})

test('503 when it does not run, has not come so far, or not for a long time', async () => {
  const idle = await startApi({ seal: { enabled: false, check_age_ms_max: 1000 } })
  const refused = { status: 503, code: 'verification.not_running' }
  expect((await idle.refuses({ path }, refused)).detail).toMatch(
    /has not looked at the balances yet/,
  )
  await idle.sql(`update verification set checked_at = now() - interval '1 hour',
    report = '{"seal_no": "0", "digest": "", "transaction_id": "", "transactions": "0", "balances": null,
      "behind": {"transactions": "0", "is_at_least": false}, "findings": []}'`)
  expect((await idle.refuses({ path }, refused)).detail).toMatch(/the last check was at/)
  await idle.close()
})

test('503 while the database is away, and right again when it is back', async () => {
  let proxy: Proxy | undefined
  const reach = async (url: string) => (proxy = await startProxy(url)).url
  const distant = await startApi({ reach, seal: hasty })
  const isRight = async () => (await distant.send({ path })).status === 200
  await pollUntil(isRight, { what: 'verification' })
  proxy!.mode = 'closed'
  const answer = await distant.send({ path })
  expect(answer).toMatchObject({ status: 503, body: { code: 'database.unavailable' } })
  proxy!.mode = 'open'
  await distant.anAccount({ balance: '1.00' })
  await pollUntil(
    async () => {
      const { status, body } = await distant.send({ path })
      return status === 200 && verificationDto.parse(body).verified_transactions === 1
    },
    { what: 'verification of what was posted since' },
  )
  await distant.close()
  await proxy!.close()
})
