import { execFile, execSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newDatabase, type TestDatabase } from '../harness/database'
import { projectFolder, spawnProgram } from '../harness/program'
import { onServer } from '../harness/server'

const programs = [
  'api',
  'migrate',
  'populate',
  'database',
  'verify',
  'credential',
  'simulator',
  'worker',
  'outbox',
  'generate',
]
const served = /^Tillbook serves on (http:\S+)$/m

let database: TestDatabase
beforeAll(async () => {
  database = await newDatabase()
})
afterAll(() => database.close())

const serve = (env: NodeJS.ProcessEnv = {}) =>
  spawnProgram('api', ['config/api/local.json'], { DATABASE_URL: database.url, PORT: '0', ...env })

describe.each(programs)('tillbook-%s', (name) => {
  const run = (...args: string[]) => spawnProgram(name, args).exited

  test('--help tells the usage and --version the version, both with exit code 0', async () => {
    const [help, told] = await Promise.all([run('--help'), run('--version')])
    expect(help).toMatchObject({ code: 0, stderr: '' })
    expect(help.stdout).toContain(`Usage: tillbook-${name}`)
    const { version } = jest.requireActual<{ version: string }>('../../package.json')
    expect(told).toMatchObject({ code: 0, stderr: '', stdout: `tillbook-${name} ${version}\n` })
  })

  test('exits 2 with the way to get help when it is called wrongly', async () => {
    for (const { code, stdout, stderr } of await Promise.all([run(), run('--nonsense')])) {
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toContain(`tillbook-${name} --help`)
      expect(stderr).not.toMatch(/^ +at /m)
    }
  })
})

test('a wrong config exits 2 and lists every mistake with its key', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tillbook cli '))
  const path = join(folder, 'wrong.json')
  writeFileSync(path, '{"environment":"local","http":{"port":"x"},"database":{},"colour":1}')
  const { code, stderr } = await spawnProgram('api', [path]).exited
  rmSync(folder, { recursive: true })
  expect(code).toBe(2)
  expect(stderr.split('\n').slice(0, 4)).toEqual([
    `tillbook-api: ${path} cannot be used:`,
    '  database: must have exactly one of `url` and `embedded`',
    '  http.port: must be a whole number from 0 to 65535, not "x"',
    '  colour: is no known key',
  ])
})

test('a failure exits 1 with one line, and with its stack when DEBUG is set', async () => {
  const env = { DATABASE_URL: 'postgres://postgres@127.0.0.1:1/nothing' }
  const short = await spawnProgram('migrate', ['config/migrate/local.json'], env).exited
  expect(short.code).toBe(1)
  expect(short.stderr).toMatch(/^tillbook-migrate: [^\n]*ECONNREFUSED 127\.0\.0\.1:1\n$/)
  const args = ['config/migrate/local.json']
  const long = await spawnProgram('migrate', args, { ...env, DEBUG: '1' }).exited
  expect(long.stderr).toMatch(/^ +at /m)
})

test('a port in use exits 1 and names it', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const { code, stderr } = await serve({ PORT: String(port) }).exited
  server.close()
  expect(code).toBe(1)
  const what = `port ${port} on 127.0.0.1 is in use: stop what holds it, or choose another with PORT=…`
  expect(stderr.trim().split('\n').at(-1)).toBe(`tillbook-api: ${what}`)
})

test.each(['SIGTERM', 'SIGINT'] as const)('%s closes what runs and exits 0', async (signal) => {
  const api = serve()
  const [, url] = await api.ready(served)
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  api.kill(signal)
  expect(await api.exited).toMatchObject({ code: 0, signal: null })
})

test('a second signal leaves at once with exit code 130', async () => {
  const api = serve()
  const [, url] = await api.ready(served)
  // A request that never ends keeps the first signal waiting.
  const { port } = new URL(url!)
  const held = connect(Number(port), '127.0.0.1')
  held.on('error', () => {})
  held.write(
    'POST /users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
  )
  await once(held, 'ready')
  await (await fetch(`${url}/healthz`)).text()
  api.kill('SIGTERM')
  api.kill('SIGINT')
  const { code } = await api.exited
  held.destroy()
  expect(code).toBe(130)
})

test('bin/tillbook-api is found by a link, and serves from a folder that holds nothing else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tillbook alone '))
  symlinkSync(join(projectFolder, 'bin/tillbook-api'), join(folder, 'linked'))
  const child = execFile(join(folder, 'linked'), [join(projectFolder, 'config/api/local.json')], {
    cwd: folder,
    env: { PATH: process.env.PATH, DATABASE_URL: database.url, PORT: '0' },
  })
  const [text] = (await once(child.stdout!, 'data')) as [string]
  child.kill('SIGTERM')
  await once(child, 'exit')
  rmSync(folder, { recursive: true })
  expect(text).toMatch(served)
})

test('the API serves on when the readers of its output and of its log have gone', async () => {
  const api = spawn(join(projectFolder, 'bin/tillbook-api'), ['config/api/local.json'], {
    cwd: projectFolder,
    env: { PATH: process.env.PATH, DATABASE_URL: database.url, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  while (!served.test(text)) text += String(((await once(api.stdout, 'data')) as [Buffer])[0])
  const [, url] = served.exec(text)!
  api.stdout.destroy()
  api.stderr.destroy()
  // A defect is a line in the log, which nobody takes.
  await onServer(database.url, 'alter table app_user rename to app_user_away')
  const failed = await fetch(`${url}/users`)
  await onServer(database.url, 'alter table app_user_away rename to app_user')
  expect(failed.status).toBe(500)
  expect((await fetch(`${url}/users`)).status).toBe(200)
  api.kill('SIGTERM')
  expect(await once(api, 'exit')).toEqual([0, null])
})

test('a program whose reader has seen enough ends without a word', () => {
  const verify = `./bin/tillbook-verify config/verify/local.json | head -n 0; exit "\${PIPESTATUS[0]}"`
  const env = { PATH: process.env.PATH, DATABASE_URL: database.url }
  const { status, stderr } = spawnSync('bash', ['-c', verify], { cwd: projectFolder, env })
  // It may be done before its reader leaves.
  expect([0, 141]).toContain(status)
  expect(String(stderr)).not.toMatch(/EPIPE|^ +at /m)
})

test.each([
  ['an empty book', false],
  ['a filled one', true],
])('--hints tells what is served, and what works on %s', async (_title, isFilled) => {
  const own = await newDatabase()
  const env = { DATABASE_URL: own.url, PORT: '0' }
  const fill = ['--users', '1', '--transactions', '20', 'config/populate/local.json']
  if (isFilled) await spawnProgram('populate', fill, env).exited
  const api = spawnProgram('api', ['--hints', 'config/api/local.json'], env)
  await api.ready(/Try the shop:\n(?: +curl .*\n)+\nCtrl-C/)
  expect(api.output()).toMatch(/^The reference: +http:\S+\/docs$/m)
  expect(api.output()).toMatch(/^The simulator: +http:\S+$/m)
  expect(api.output()).toMatch(/^Ctrl-C stops it\.$/m)
  const lines = api.output().match(/curl .*/g)!
  expect(lines.some((line) => line.includes('/checkout'))).toBe(isFilled)
  for (const line of lines) {
    const status = execSync(`${line} -s -o /dev/null -w '%{http_code}'`, { encoding: 'utf8' })
    expect({ line, is2xx: /^20[01]$/.test(status) }).toEqual({ line, is2xx: true })
  }
  // Not gently: it would wait for the reservation that the hints began, which takes half a minute.
  api.kill('SIGKILL')
  await api.exited
  await own.close()
})
