import { mkdtempSync, chmodSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { removeEmbedded, startEmbedded } from '../../internal/postgres/embedded/embedded'
import { migrate } from '../../internal/postgres/migrate'
import { projectFolder } from '../harness/program'
import { connectionSettings } from '../harness/database'
import { newLogin, type TestLogin } from '../harness/login'
import { onServer, urlOf } from '../harness/server'

// A server of its own: on the one of the other tests the role is there already.
let folder: string
let server: { url: string }
const owners: TestLogin[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), `tillbook-test-${process.pid}-role-`))
  chmodSync(folder, 0o755)
  server = await startEmbedded({
    ...{ directory: join(folder, 'data'), database: 'tillbook', isThrownAway: true },
  })
})

afterAll(async () => {
  await removeEmbedded({ directory: join(folder, 'data'), database: 'tillbook' })
  rmSync(folder, { recursive: true, force: true })
})

async function newOwnedDatabase(name: string, attributes: string): Promise<string> {
  const owner = await newLogin(attributes, server.url)
  owners.push(owner)
  await onServer(server.url, `create database ${name} owner ${owner.name}`)
  return owner.urlOf(urlOf(server, name))
}

function migrateAll(url: string) {
  const settings = connectionSettings(url, {
    statement_timeout_ms: 60_000,
    lock_timeout_ms: 20_000,
  })
  const directory = join(projectFolder, 'migrations')
  return migrate({ settings, directory, program: 'tillbook-test' })
}

async function asRole(url: string): Promise<unknown> {
  const client = new Client({ connectionString: url, options: '-c role=tillbook_api' })
  await client.connect()
  const { rows } = await client.query('select current_user::text as name')
  return client.end().then(() => rows[0] as unknown)
}

test('an owner who may not create roles is told what to have run, and that is all it takes', async () => {
  const url = await newOwnedDatabase('plain', '')
  await expect(migrateAll(url)).rejects.toThrow(
    /may not create roles: have "create role tillbook_api nologin" run by somebody who may/,
  )
  await onServer(server.url, 'create role tillbook_api nologin')
  await migrateAll(url)
  // It was somebody else's to give.
  await expect(asRole(url)).rejects.toMatchObject({ code: '42501' })
})

test('a role that may do more than the API should is refused', async () => {
  await onServer(server.url, 'alter role tillbook_api createrole')
  const url = await newOwnedDatabase('careless', '')
  await expect(migrateAll(url)).rejects.toThrow(/alter role tillbook_api nosuperuser nocreaterole/)
  await onServer(server.url, 'alter role tillbook_api nocreaterole')
})

test('databases that are migrated at once share the role, and who created it may work as it', async () => {
  await onServer(server.url, 'drop database plain with (force)')
  await onServer(server.url, 'drop database careless with (force)')
  await onServer(server.url, 'drop role tillbook_api')
  const urls = await Promise.all(
    ['one', 'two', 'three'].map((name) => newOwnedDatabase(name, 'createrole')),
  )
  const applied = await Promise.all(urls.map(migrateAll))
  expect(new Set(applied.map(({ applied }) => applied.length)).size).toBe(1)
  const taken = await Promise.allSettled(urls.map(asRole))
  expect(taken).toContainEqual({ status: 'fulfilled', value: { name: 'tillbook_api' } })
})
