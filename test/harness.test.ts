import { newDatabase } from './harness/database'
import { pollUntil } from './harness/poll'
import { spawnProgram } from './harness/program'
import { dropLeftovers, dropRun, newRunName, onServer, sharedServer, urlOf } from './harness/server'

const { url } = sharedServer()

async function exists(name: string): Promise<boolean> {
  const { rowCount } = await onServer(url, 'select from pg_database where datname = $1', [name])
  return rowCount === 1
}

test('a new database is migrated, and nobody else writes to it', async () => {
  const [one, other] = await Promise.all([newDatabase(), newDatabase()])
  await onServer(one.url, "insert into app_user values ('ada', 'Ada', 'Lovelace')")
  expect((await onServer(other.url, 'select from app_user')).rowCount).toBe(0)
  await Promise.all([one.close(), other.close()])
  expect(await exists(new URL(one.url).pathname.slice(1))).toBe(false)
})

test('a new database waits for whoever is connected to the template', async () => {
  const template = urlOf({ url }, sharedServer().template)
  const busy = onServer(template, 'select pg_sleep(0.5)')
  const database = await newDatabase()
  await busy
  await database.close()
})

test('drops what crashed runs left once it is an hour old, and nothing younger', async () => {
  const twoHours = 2 * 3600 * 1000
  const [old, young] = [newRunName(Date.now() - twoHours), newRunName()]
  for (const run of [old, young])
    await onServer(url, `create database "${run}_1" template template0`)
  await dropLeftovers(url)
  expect([await exists(`${old}_1`), await exists(`${young}_1`)]).toEqual([false, true])
  await dropRun(url, young)
  expect(await exists(`${young}_1`)).toBe(false)
})

test('a program that ends early is reported with its output', async () => {
  const program = spawnProgram('migrate', ['nowhere.json'])
  await expect(program.ready(/never/)).rejects.toThrow('nowhere.json')
})

test('polling fails at its deadline and says for what', async () => {
  const never = pollUntil(() => false, { what: 'miracle', timeoutMs: 50 })
  await expect(never).rejects.toThrow('no miracle within 50 ms')
})
