import { newDatabase, type TestDatabase } from '../harness/database'
import { spawnProgram } from '../harness/program'
import { onServer } from '../harness/server'
import { pollUntil } from '../harness/poll'

let database: TestDatabase
beforeAll(async () => {
  database = await newDatabase()
  const args = ['--users=5', '--transactions=500', 'config/populate/local.json']
  const filled = await spawnProgram('populate', args, { DATABASE_URL: database.url }).exited
  expect(filled).toMatchObject({ code: 0 })
})
afterAll(() => database.close())

const verify = (...args: string[]) =>
  spawnProgram('verify', [...args, 'config/verify/local.json'], { DATABASE_URL: database.url })
    .exited

test('exits 0 on a book that is right, and tells what to keep', async () => {
  const before = await verify()
  expect(before).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^Rechecking …\n/) as string,
  })
  expect(before.stdout).toMatch(
    /^500 transactions rechecked in [\d.]+ s: 0 in 0 seals, 500 behind them\n/,
  )
  expect(before.stdout).toMatch(/\nNothing is wrong\.\n$/)

  // Others on the server may have transactions under way, behind which nothing is sealed.
  const sealed = await pollUntil(
    async () => {
      const { code, stdout } = await verify('--incremental')
      expect({ code, stdout }).toMatchObject({ code: 0 })
      return stdout.startsWith('500 transactions verified up to seal 1, 0 behind it') && stdout
    },
    { what: 'seal' },
  )
  const [, kept] = /^Keep elsewhere: --expect (1:[0-9a-f]{64})$/m.exec(sealed)!
  const after = await verify('--full', '--expect', kept!)
  expect(after.code).toBe(0)
  expect(after.stdout).toMatch(/: 500 in 1 seals, 0 behind them\n/)
  expect(after.stdout).toContain(`Keep elsewhere: --expect ${kept}\n`)

  const other = await verify('--expect', `1:${'0'.repeat(64)}`)
  expect(other.code).toBe(1)
  expect(other.stdout).toContain('WRONG seal.unexpected: seal 1 has another digest')
})

test('exits 1 and names each thing that is wrong', async () => {
  const text = `update account set balance = balance + 1 where id = 'ada-checking'`
  await onServer(database.url, text)
  for (const mode of ['--full', '--incremental']) {
    const { code, stdout, stderr } = await verify(mode)
    expect(code).toBe(1)
    expect(stdout).toMatch(/^WRONG account\.wrong_balance: account ada-checking has a balance of/m)
    expect(stdout).toMatch(/^WRONG currency\.not_zero: the balances in EUR sum to 0\.01 EUR/m)
    expect(stderr).toContain('tillbook-verify: the book is not right: 2 findings\n')
  }
  await onServer(database.url, text.replace('+ 1', '- 1'))
})

test('exits 1 when the database is away, and on a schema that lacks a migration', async () => {
  const env = { DATABASE_URL: 'postgres://postgres@127.0.0.1:1/nothing' }
  const away = await spawnProgram('verify', ['config/verify/local.json'], env).exited
  expect(away).toMatchObject({ code: 1, stdout: '' })
  const empty = await newDatabase({ empty: true })
  const args = ['config/verify/local.json']
  const missing = await spawnProgram('verify', args, { DATABASE_URL: empty.url }).exited
  await empty.close()
  expect(missing).toMatchObject({ code: 1, stdout: '' })
  expect(missing.stderr).toContain('run `make migrate`')
})

test('exits 2 when it is called wrongly', async () => {
  for (const args of [['--expect', '1:abc'], ['--full', '--incremental'], ['more']]) {
    const { code, stderr } = await verify(...args)
    expect(code).toBe(2)
    expect(stderr).toContain('tillbook-verify --help')
  }
})
