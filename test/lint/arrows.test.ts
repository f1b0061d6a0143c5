import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { projectFolder } from '../harness/program'

const config = join(projectFolder, '.dependency-cruiser.cjs')
const depcruise = join(projectFolder, 'node_modules/.bin/depcruise')

/** For each rule a file that breaks it, and what it imports. */
const violations: Record<string, [from: string, to: string]> = {
  'internal-knows-no-domain': ['internal/clock/a.ts', 'pkg/user/user.ts'],
  'domain-root-is-pure': ['pkg/order/order.ts', 'internal/postgres/pool.ts'],
  'app-knows-no-transport-and-no-store': ['pkg/user/app/user.ts', 'pkg/user/sql/store.ts'],
  'dto-knows-the-domain-only': ['pkg/user/dto/user.ts', 'pkg/user/app/other.ts'],
  'store-knows-the-domain-only': ['pkg/item/sql/store.ts', 'pkg/item/dto/item.ts'],
  'memory-needs-no-database': ['pkg/user/memory/store.ts', 'internal/postgres/pool.ts'],
  'siblings-keep-out': ['pkg/cart/app/cart.ts', 'pkg/user/dto/other.ts'],
  'api-cannot-reach-memory': ['cmd/api/run.ts', 'pkg/item/memory/store.ts'],
  'wiring-in-run-only': ['cmd/api/rest/user.ts', 'pkg/user/sql/store.ts'],
  'programs-stand-apart': ['cmd/migrate/run.ts', 'cmd/api/other.ts'],
  'no-tests-in-programs': ['cmd/populate/run.ts', 'bench/a.ts'],
  'no-dev-dependency': ['cmd/database/run.ts', 'only-for-development'],
  'no-cycle': ['internal/id/a.ts', 'internal/id/b.ts'],
  resolvable: ['internal/log/a.ts', 'internal/log/missing.ts'],
}

interface Report {
  summary: {
    violations: { rule: { name: string }; from: string }[]
    ruleSetUsed: { forbidden: { name: string }[] }
  }
}

const folder = mkdtempSync(join(tmpdir(), 'tillbook-arrows-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true })
  await writeFile(join(folder, path), text)
}

async function breakAll(): Promise<void> {
  for (const [, to] of Object.values(violations)) {
    if (to.endsWith('.ts') && !to.includes('missing')) await put(to, 'export const x = 1\n')
  }
  for (const [from, to] of Object.values(violations)) {
    const way = to.endsWith('.ts') ? join('../'.repeat(from.split('/').length - 1), to) : to
    await put(from, `import { x } from '${way.replace('.ts', '')}'\nexport const y = x\n`)
  }
  await put('internal/id/b.ts', "import { y } from './a'\nexport const x = y\n")
  await put('node_modules/only-for-development/index.js', 'exports.x = 1\n')
  await put('node_modules/only-for-development/package.json', '{"main":"index.js"}')
  await put('package.json', '{"devDependencies":{"only-for-development":"1.0.0"}}')
  symlinkSync(join(projectFolder, 'tsconfig.json'), join(folder, 'tsconfig.json'))
}

async function cruise(): Promise<Report> {
  const args = ['--config', config, '--output-type', 'json', 'cmd', 'internal', 'pkg', 'bench']
  // The report comes on standard output, whatever the exit code.
  const { stdout } = await promisify(execFile)(depcruise, args, { cwd: folder }).catch(
    (error: unknown) => error as { stdout: string },
  )
  return JSON.parse(stdout) as Report
}

test('each rule of the arrows bites', async () => {
  await breakAll()
  const { violations: found, ruleSetUsed } = (await cruise()).summary
  const rules = ruleSetUsed.forbidden.map(({ name }) => name)
  expect(Object.keys(violations).sort()).toEqual([...rules].sort())
  for (const [rule, [from]] of Object.entries(violations)) {
    expect(found).toContainEqual(
      expect.objectContaining({ from, rule: expect.objectContaining({ name: rule }) }),
    )
  }
})
