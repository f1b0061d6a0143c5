import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnProgram } from '../harness/program'

const folder = mkdtempSync(join(tmpdir(), 'tillbook simulator '))
afterAll(() => rmSync(folder, { recursive: true }))

function start(config: object) {
  const path = join(folder, 'config.json')
  writeFileSync(path, JSON.stringify({ environment: 'test', http: { port: 0 }, ...config }))
  // It has no database, and none is forced on it.
  return spawnProgram('simulator', [path], { DATABASE_URL: 'postgres://postgres@127.0.0.1:1/x' })
}

test('R5: tillbook-simulator serves until SIGTERM, which cuts what is under way', async () => {
  const program = start({ delay_scale: 0.01 })
  const [, url] = await program.ready(/^The simulator serves on (http:\S+)$/m)
  expect((await fetch(`${url}/health`)).status).toBe(200)
  const answer = await fetch(`${url}/users/7c11e1ce2741`)
  expect(await answer.json()).toEqual({
    id: '7c11e1ce2741',
    firstName: 'Ada',
    lastName: 'Lovelace',
  })
  const slow = fetch(`${url}/products/family-box`).catch(() => 'cut')
  program.kill('SIGTERM')
  expect((await program.exited).code).toBe(0)
  expect(await slow).toBe('cut')
})

test('tillbook-simulator is not for production', async () => {
  const { code, stderr } = await start({ environment: 'production' }).exited
  expect(code).toBe(2)
  expect(stderr).toContain('environment: must be one of local, compose, test, not "production"')
})
