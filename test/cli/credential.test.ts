import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { newDatabase, type TestDatabase } from '../harness/database'
import { projectFolder, type Exit } from '../harness/program'
import { onServer } from '../harness/server'
import { startApi, type TestApi } from '../rest/api'
import { as } from '../rest/credentials'

const secret = 'nobody expects this'

/** Runs it with that on its standard input. */
function run(databaseUrl: string, input: string, ...args: string[]): Promise<Exit> {
  const file = join(projectFolder, 'bin/tillbook-credential')
  const child = spawn(file, [...args, 'config/credential/local.json'], {
    cwd: projectFolder,
    env: { PATH: process.env.PATH, DATABASE_URL: databaseUrl },
    stdio: 'pipe',
  })
  const written = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => (written[stream] += text))
  }
  // It may have ended before it has read anything.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, ...written }))
  })
}

describe('on the database of an API that lets nobody in', () => {
  let api: TestApi
  beforeAll(async () => {
    api = await startApi({ auth: { demo_operator: false, remember_ms: 1 } })
  })
  afterAll(() => api.close())
  const set = (input: string, ...args: string[]) => run(api.databaseUrl, input, ...args)

  test('makes the first operator, who can create users from then on', async () => {
    const named = ['--first-name', 'Ada', '--last-name', 'Lovelace']
    const made = await set(`${secret}\n`, '--user', 'root', '--role', 'operator', ...named)
    expect(made).toMatchObject({ code: 0, stdout: 'root can sign in.\n', stderr: '' })
    const json = { id: 'eve', first_name: 'Eve', last_name: 'Test' }
    const created = await api.send(as('root', { method: 'POST', path: '/users', json }, secret))
    expect(created.status).toBe(201)
  })

  test('changes the password of who is there, whatever the line ends with, and keeps the role', async () => {
    const named = ['--first-name', 'Other', '--last-name', 'Name']
    expect(await set('another one: later\r\n', '--user', 'root', ...named)).toMatchObject({
      code: 0,
    })
    const me = await api.send(as('root', { path: '/me' }, 'another one: later'))
    expect(me.body).toEqual({ user_id: 'root', role: 'operator' })
    const { body } = await api.send(as('root', { path: '/users/root' }, 'another one: later'))
    expect(body).toMatchObject({ first_name: 'Ada', last_name: 'Lovelace' })
  })

  test.each<[string, string, string[], RegExp]>([
    ['a user who is not there', secret, ['--user', 'nobody'], /no user "nobody": --first-name and/],
    ['a weak password', 'password1\n', ['--user', 'eve'], /password: must not be one of those/],
    ['no password', '', ['--user', 'eve'], /the password is missing/],
    ['an empty one', '\n', ['--user', 'eve'], /must have at least 8 characters/],
    ['a role that is none', secret, ['--user', 'eve', '--role', 'king'], /--role must be one of/],
  ])('exits 2 and changes nothing for %s', async (_what, input, args, sentence) => {
    const before = await api.sql('select * from credential')
    const { code, stdout, stderr } = await set(input, ...args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(sentence)
    expect(stderr).not.toContain(secret)
    expect(await api.sql('select * from credential')).toEqual(before)
  })
})

describe('on a database without the schema', () => {
  let empty: TestDatabase
  beforeAll(async () => {
    empty = await newDatabase({ empty: true })
  })
  afterAll(() => empty.close())

  test('says what is missing, exits 1 and makes nothing', async () => {
    const { code, stderr } = await run(empty.url, secret, '--user', 'root')
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'tillbook-credential: The database has no schema yet: run `make migrate`.\n',
    })
    const { rows } = await onServer(empty.url, `select from pg_class where relname = 'credential'`)
    expect(rows).toEqual([])
  })
})
