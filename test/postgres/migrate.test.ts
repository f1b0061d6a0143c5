import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrate } from '../../internal/postgres/migrate'
import { newPool } from '../../internal/postgres/pool'
import { checkSchema } from '../../internal/postgres/schema-check'
import { connectionSettings, newDatabase, type TestDatabase } from '../harness/database'
import { projectFolder, spawnProgram } from '../harness/program'
import { silentLog } from '../harness/log'

const migrations = join(projectFolder, 'migrations')
let folder: string
let database: TestDatabase
let files: string[]

beforeEach(async () => {
  // A space in the path, as in the name of many a home folder.
  folder = await mkdtemp(join(tmpdir(), 'tillbook migrate '))
  await cp(migrations, folder, { recursive: true })
  files = (await readdir(folder)).filter((name) => /^\d/.test(name)).sort()
  database = await newDatabase({ empty: true })
})

afterEach(async () => {
  await database.close()
  await rm(folder, { recursive: true })
})

function migrateAll() {
  const settings = connectionSettings(database.url, { statement_timeout_ms: 60_000 })
  return migrate({ settings, directory: folder, program: 'tillbook-test' })
}

async function check(known: string[]) {
  const log = silentLog()
  const pool = newPool(connectionSettings(database.url), log, { program: 'tillbook-test' })
  return checkSchema(pool, known).finally(() => pool.close())
}

const names = () => files.map((file) => file.replace('.sql', ''))

test('applies every migration to a fresh database, in order, and nothing the second time', async () => {
  expect(await migrateAll()).toEqual({ applied: names(), unknown: [] })
  expect(await migrateAll()).toEqual({ applied: [], unknown: [] })
})

test('applies only what is new', async () => {
  await migrateAll()
  await writeFile(join(folder, '900-late.sql'), 'create table late (id int)')
  await expect(migrateAll()).rejects.toThrow('non-consecutive')
  await rm(join(folder, '900-late.sql'))
  const next = String(files.length + 1).padStart(3, '0')
  await writeFile(join(folder, `${next}-late.sql`), 'create table late (id int)')
  expect(await migrateAll()).toEqual({ applied: [`${next}-late`], unknown: [] })
})

test('lets several migrate at once: all succeed, each migration is applied once', async () => {
  const results = await Promise.all([migrateAll(), migrateAll(), migrateAll()])
  expect(results.flatMap(({ applied }) => applied).sort()).toEqual(names())
})

test('undoes a migration that fails, keeps those before it, and says which and why', async () => {
  const next = String(files.length + 1).padStart(3, '0')
  await writeFile(join(folder, `${next}-bad.sql`), 'create table half (id int); select nonsense')
  await expect(migrateAll()).rejects.toThrow(/'bad'.*column "nonsense" does not exist/s)
  expect(await check([...files])).toMatchObject({ state: 'current' })
})

test('refuses a migration that was changed after it was applied', async () => {
  await migrateAll()
  await writeFile(join(folder, files[0]!), 'select 1')
  await expect(migrateAll()).rejects.toThrow(files[0])
})

test('leaves a database as it is that knows all of it and more', async () => {
  await migrateAll()
  await rm(join(folder, files.at(-1)!))
  expect(await migrateAll()).toEqual({ applied: [], unknown: [names().at(-1)!] })
  expect(await check(files)).toMatchObject({ state: 'current' })
})

test('refuses a database that is ahead and lacks something besides, and changes nothing', async () => {
  await migrateAll()
  await rm(join(folder, files.at(-1)!))
  await writeFile(join(folder, '900-other.sql'), 'create table other (id int)')
  await expect(migrateAll()).rejects.toMatchObject({
    code: 'schema.ahead',
    detail: expect.stringMatching(`${names().at(-1)!}, and lacks 900-other`),
  })
  expect(await check(files)).toMatchObject({ state: 'current' })
})

test('tells a missing schema, one that is behind, a current one and one that is ahead', async () => {
  expect(await check(files)).toEqual({ state: 'missing', pending: names(), unknown: [] })
  await migrateAll()
  expect(await check(files)).toEqual({ state: 'current', pending: [], unknown: [] })
  expect(await check([...files, '900-next.sql'])).toEqual({
    state: 'behind',
    pending: ['900-next'],
    unknown: [],
  })
  expect(await check(files.slice(0, -1))).toEqual({
    state: 'ahead',
    pending: [],
    unknown: names().slice(-1),
  })
})

describe('tillbook-migrate', () => {
  const config = 'config/migrate/local.json'
  const run = (args: string[], cwd?: string) =>
    spawnProgram('migrate', args, { DATABASE_URL: database.url }, cwd).exited

  test('says what it applied, and then that all is up to date', async () => {
    const first = await run([config])
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout.trim().split('\n')).toEqual(names().map((name) => `applied ${name}`))
    const again = await run([config])
    expect(again).toMatchObject({ code: 0, stderr: '' })
    expect(again.stdout).toMatch(/^up to date \(\d+ migrations, the last is .+\)\n$/)
  })

  test('finds the migrations from any folder, and takes others by name', async () => {
    const absolute = join(projectFolder, config)
    expect(await run([absolute], tmpdir())).toMatchObject({ code: 0 })
    const again = await run(['--migrations', folder, absolute], tmpdir())
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('up to date') })
  })

  test('says that it left a newer schema as it is', async () => {
    await migrateAll()
    await rm(join(folder, files.at(-1)!))
    const older = await run(['--migrations', folder, config])
    expect(older).toMatchObject({ code: 0, stderr: '' })
    expect(older.stdout).toBe(`left as it is: a newer version applied ${names().at(-1)!}\n`)
  })

  test('exits 1 with one line when a newer schema lacks something', async () => {
    await migrateAll()
    await rm(join(folder, files.at(-1)!))
    await writeFile(join(folder, '900-other.sql'), 'select 1')
    const { code, stderr } = await run(['--migrations', folder, config])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^tillbook-migrate: The database is ahead of this program[^\n]*\n$/)
  })
})
