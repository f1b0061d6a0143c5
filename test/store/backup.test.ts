import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { newDatabase, type TestDatabase } from '../harness/database'
import { projectFolder, spawnProgram } from '../harness/program'
import { onServer } from '../harness/server'
import { readText } from '../readme/markdown'

jest.setTimeout(60_000)

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'tillbook backup '))
afterAll(() => rmSync(folder, { recursive: true }))

/** The commands under the heading, as an operator would paste them. */
function commandsOf(heading: string): string[] {
  const [, section = ''] = readText('docs/operations.md').split(`### ${heading}\n`)
  return [
    ...section
      .split('\n## ')[0]!
      .split('\n### ')[0]!
      .matchAll(/```sh\n([^]*?)```/g),
  ].map(([, commands]) => commands!)
}

function shell(commands: string, url: string) {
  const here = commands
    .replaceAll('tillbook.dump', `'${join(folder, 'tillbook.dump')}'`)
    .replace(/^export DATABASE_URL=.*$/m, `export DATABASE_URL='${url}'`)
    .replace(/(?<=on database )\w+/, `"${new URL(url).pathname.slice(1)}"`)
  const env = { ...process.env, DATABASE_URL: url }
  return run('bash', ['-euc', here], { cwd: projectFolder, env })
}

async function fill({ url }: TestDatabase): Promise<void> {
  const fill = ['--users', '2', '--transactions', '50', 'config/populate/local.json']
  const filled = spawnProgram('populate', fill, { DATABASE_URL: url })
  expect(await filled.exited).toMatchObject({ code: 0 })
}

/** What is there in each currency, as `tillbook-verify` says it. */
async function sumsOf({ url }: TestDatabase): Promise<string[]> {
  const verify = spawnProgram('verify', ['config/verify/local.json'], { DATABASE_URL: url })
  return (await verify.exited).stdout.match(/^[A-Z]{3}: .*$/gm) ?? []
}

/** pg_dump refuses a server that is newer than itself. */
async function whyNot({ url }: TestDatabase): Promise<string | undefined> {
  const { stdout } = spawnSync('pg_dump', ['--version'], { encoding: 'utf8' })
  const own = Number(/\d+/.exec(stdout ?? '')?.[0] ?? 0)
  const { rows } = await onServer(url, `select current_setting('server_version_num')::int as n`)
  const theirs = Math.floor((rows as { n: number }[])[0]!.n / 10_000)
  return own < theirs ? `pg_dump ${own || 'is missing'}, PostgreSQL ${theirs}` : undefined
}

test('a dump is restored by the commands that the operator finds', async () => {
  const source = await newDatabase()
  const restored = await newDatabase({ empty: true })
  try {
    const why = await whyNot(source)
    if (why) return console.warn(`not tried: ${why}`)
    await fill(source)
    const [dump = '', restore = ''] = commandsOf('Backing up and restoring')
    await shell(dump, source.url)
    const { stdout } = await shell(restore, restored.url)
    expect(stdout).toMatch(/^Nothing is wrong\.$/m)
    const sums = await sumsOf(source)
    expect(sums.length).toBeGreaterThan(0)
    expect(await sumsOf(restored)).toEqual(sums)
    const { rows } = await onServer(
      restored.url,
      `select has_database_privilege('tillbook_api', current_database(), 'temporary') as may`,
    )
    expect(rows).toEqual([{ may: false }])
    const env = { DATABASE_URL: restored.url, PORT: '0' }
    const api = spawnProgram('api', ['config/api/local.json'], env)
    const [, url] = await api.ready(/ on (http:\S+)$/m)
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    expect((await fetch(`${url}/users/ada`)).status).toBe(200)
    await api.close()
  } finally {
    await source.close()
    await restored.close()
  }
})
