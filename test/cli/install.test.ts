import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectFolder } from '../harness/program'

jest.setTimeout(30_000)

const folder = mkdtempSync(join(tmpdir(), 'somebody else '))
const nobody = 65_534
// Nothing is closed to root, so it looks with the eyes of somebody else.
const asVisitor = process.getuid?.() === 0 ? { uid: nobody } : {}

beforeAll(() => {
  cpSync(join(projectFolder, 'scripts'), join(folder, 'scripts'), { recursive: true })
  execFileSync('chmod', ['-R', 'a+rX,a-w', folder])
})
afterAll(() => {
  execFileSync('chmod', ['-R', 'u+w', folder])
  rmSync(folder, { recursive: true })
})

test('installing into a folder that may not be written to says so, before npm does', () => {
  const script = join(folder, 'scripts/install')
  const { status, stdout, stderr } = spawnSync(script, { ...asVisitor, encoding: 'utf8' })
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toMatch(/^Tillbook installs and builds in its own folder, and \S+ may not write/)
  expect(stderr.trim().split('\n')).toHaveLength(1)
})

test('building into one says so once, whatever the number of programs', () => {
  chmodSync(folder, 0o755)
  symlinkSync(join(projectFolder, 'node_modules'), join(folder, 'node_modules'))
  cpSync(join(projectFolder, 'cmd'), join(folder, 'cmd'), { recursive: true })
  chmodSync(folder, 0o555)
  const args = [join(folder, 'scripts/build.mjs'), 'migrate', 'api']
  const { status, stderr } = spawnSync(process.execPath, args, { ...asVisitor, encoding: 'utf8' })
  expect(status).toBe(1)
  expect(stderr).toMatch(/^build: .*bin cannot be written to \((EACCES|EROFS)\)[^\n]*\n$/)
})
